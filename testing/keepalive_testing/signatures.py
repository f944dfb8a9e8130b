"""Reads the signatures back from the stubs, for the fake of KSR."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

STUBS = Path(__file__).parent / "stubs"
VERSIONS = sorted(folder.parent.name for folder in STUBS.glob("*/KSR-stubs"))

PYTHON_TYPES: dict[str, type] = {"str": str, "int": int}


class Signature:
    """A KEMI function's parameter types, and the name of its return type."""

    def __init__(self, definition: ast.FunctionDef) -> None:
        annotations = [argument.annotation for argument in definition.args.posonlyargs]
        self.parameters = [PYTHON_TYPES[node.id] for node in annotations if isinstance(node, ast.Name)]
        self.returns = definition.returns.id if isinstance(definition.returns, ast.Name) else ""


@cache
def load(version: str) -> dict[str, dict[str, Signature]]:
    """Return the functions of a Kamailio version, such as "5.6": module name, "" for core, to signatures."""
    found = {}
    for file in sorted((STUBS / version).glob("KSR-stubs/*.pyi")):
        tree = ast.parse(file.read_text())
        functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
        module = "" if file.stem == "__init__" else file.stem
        found[module] = {function.name: Signature(function) for function in functions}
    return found
