"""Finds the lines that the module can write to the log above NOTICE, by reading its code."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass

from places import ROOT

KEMI = ROOT / "kemi"

LEVELS = {
    ("log", "warning"): "WARNING",
    ("log", "error"): "ERROR",
    ("log", "exception"): "ERROR",
    ("log", "critical"): "ERROR",
    ("KSR", "warn"): "WARNING",
    ("KSR", "err"): "ERROR",
    ("KSR", "crit"): "ERROR",
}


@dataclass(frozen=True)
class Line:
    """A text of the log, with <> for what differs, and its level."""

    text: str
    level: str


def lines_of_code() -> dict[Line, str]:
    """Each line that the code can write above NOTICE, and where."""
    found: dict[Line, str] = {}
    for file in sorted(KEMI.rglob("*.py")):
        tree = ast.parse(file.read_text())
        for call, level, argument in _calls(tree):
            place = f"{file.relative_to(ROOT)}:{call.lineno}"
            for text in _texts(tree, argument, place):
                found[Line(text, level)] = place
    return found


def _calls(tree: ast.AST) -> list[tuple[ast.Call, str, ast.expr]]:
    return [
        (node, level, node.args[0])
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
        if isinstance(node.func.value, ast.Name)
        if (level := LEVELS.get((node.func.value.id, node.func.attr)))
    ]


def _texts(tree: ast.AST, argument: ast.expr, place: str) -> list[str]:
    """The texts that an argument can be: its own, or those that a function is given which hands it on."""
    if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
        return [bare(argument.value)]
    if isinstance(argument, ast.JoinedStr):
        parts = [str(part.value) if isinstance(part, ast.Constant) else "<>" for part in argument.values]
        return [bare("".join(parts))]
    if isinstance(argument, ast.IfExp):
        return _texts(tree, argument.body, place) + _texts(tree, argument.orelse, place)
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef) and any(each is argument for each in ast.walk(function)):
            names = [each.arg for each in function.args.args if each.arg != "self"]
            if isinstance(argument, ast.Name) and argument.id in names:
                given = [_given(call, argument.id, names) for call in _calls_of(tree, function.name)]
                return [text for each in given for text in _texts(tree, each, place)]
    raise AssertionError(f"{place}: a text that can't be found in the code")


def _calls_of(tree: ast.AST, name: str) -> list[ast.Call]:
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return [call for call in calls if name in (getattr(call.func, "attr", ""), getattr(call.func, "id", ""))]


def _given(call: ast.Call, name: str, names: list[str]) -> ast.expr:
    by_name = {keyword.arg: keyword.value for keyword in call.keywords}
    return by_name.get(name) or call.args[names.index(name)]


def bare(text: str) -> str:
    """Return a text as code and document have it: <> for what differs, without what all lines have."""
    text = re.sub(r"%[-.\d]*[a-zA-Z]", "<>", text).replace("%%", "%")
    return re.sub(r"<[^<>]*>", "<>", text).removeprefix("keepalive: ").strip()
