"""The script of the servers that each_module.py starts: writes down what KSR has, and what that takes.

Kamailio has loaded all its modules when it runs this, and has set up none but those that ask. So a function
may fail, or end its process. What matters is whether it was called at all, or its arguments were refused.
Each is called in a process of its own.
"""

from __future__ import annotations

import itertools
import json
import os
import re
import resource
import select
import signal
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import KSR

FOLDER = Path(os.environ["KSR_FOLDER"])
KNOWN, FOUND, SAID = FOLDER / "known.json", FOLDER / "found.json", FOLDER / "said"
"""functions to pass over, what is found, and what a process has logged during a call"""
LIST = '{"jsonrpc": "2.0", "method": "app_python.api_list", "id": 1}'
RIGHT: dict[str, object] = {"str": "x", "int": 1}
WRONG: dict[str, object] = {"str": 1, "int": "x"}
MOST = 6
"""parameters of a function"""
REFUSAL = re.compile(r"(sr_apy_kemi_exec_func_ex|sr_kemi_exec_func)\(\): ")
"""who complains of arguments, in front of the function that they are for"""
CALL_S = 3


class Outcome(NamedTuple):
    """What came of a call: the type of the answer or exception, "none" if the process ended in it."""

    answer: str
    refused: bool


def mod_init() -> NoReturn:
    """Write down what is not known already, and end the server."""
    known = {tuple(each) for each in json.loads(KNOWN.read_text())}
    KSR.jsonrpcs.exec(LIST)
    listed = [entry["func"] for entry in json.loads(KSR.pv.get("$jsonrpl(body)"))["result"]["methods"]]
    there = set(_there())
    by_name: dict[tuple[str, str], list[dict[str, str]]] = {}
    for function in listed:
        by_name.setdefault(_place(function, listed, there), []).append(function)
    functions = [_function(*name, same) for name, same in by_name.items() if name not in known]
    FOUND.write_text(json.dumps({"functions": functions, "unlisted": sorted(there - set(by_name))}))
    os._exit(0)


def _there() -> Iterator[tuple[str, str]]:
    """All functions that Python sees: module, "" for KSR itself, and name."""
    for module in ["", *(name for name in dir(KSR) if not callable(getattr(KSR, name)))]:
        if not module.startswith("__"):
            of = getattr(KSR, module) if module else KSR
            yield from ((module, name) for name in dir(of) if name[0] != "_" and callable(getattr(of, name)))


def _place(
    function: dict[str, str], listed: Iterable[dict[str, str]], there: set[tuple[str, str]]
) -> tuple[str, str]:
    """Return a function's module and name: the list has KSR.ldap.result_str under secsipid."""
    module, name = function["module"], function["name"]
    if (module, name) in there:
        return module, name
    others = {each["module"] for each in listed if each["name"] == name}
    [place] = {where for where, each in there if each == name} - others
    return place, name


def _function(module: str, name: str, listed: list[dict[str, str]]) -> dict[str, Any]:
    """Describe a function: the parameters that it takes, None if no call gets through to it."""
    call = getattr(getattr(KSR, module) if module else KSR, name)
    # One that is registered twice is listed twice, and is the later one. The list knows no "long".
    kinds, outcome = _accepted(call, [_kinds(each) for each in listed])
    if kinds is None:
        kinds, outcome = _accepted(
            call, [each for count in range(MOST + 1) for each in itertools.product(RIGHT, repeat=count)]
        )
    right = [RIGHT[kind] for kind in kinds or ()]
    wrong = [right[:-1]] if kinds else []
    wrong += [[*right[:at], WRONG[kind], *right[at + 1 :]] for at, kind in enumerate(kinds or ())]
    return {
        "module": module,
        "name": name,
        "params": kinds,
        "listed": [_kinds(each) for each in listed],
        "ret": listed[-1]["ret"],
        "answer": outcome.answer,
        "wrong": _tried(call, wrong),
        "more": _tried(call, [[*right, "x"]])[0],
    }


def _kinds(listed: dict[str, str]) -> tuple[str, ...]:
    """Return the kinds of a function's parameters, as the server lists them."""
    # None at all: "none" to 5.6, null to 6.0.
    kinds = (listed["params"] or "none").replace(" ", "").split(",")
    return () if kinds == ["none"] else tuple(kinds)


def _accepted(
    call: Callable[..., object], candidates: list[tuple[str, ...]]
) -> tuple[tuple[str, ...] | None, Outcome]:
    """Return the first kinds of parameters that a function takes, and what came of that."""
    outcomes = _tried(call, [[RIGHT[kind] for kind in kinds] for kinds in candidates])
    for kinds, outcome in zip(candidates, outcomes, strict=False):
        if not outcome.refused:
            return kinds, outcome
    return None, outcomes[-1]


def _tried(call: Callable[..., object], calls: list[list[object]]) -> list[Outcome]:
    """Call a function in a process of its own; return what came of each call, up to one that ended it."""
    answers, told = os.pipe()
    child = os.fork()
    if child == 0:
        _call_all(call, calls, told)
    os.close(told)
    text = b""
    while select.select([answers], [], [], CALL_S * 3)[0] and (part := os.read(answers, 4096)):
        text += part
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    os.close(answers)
    told_lines = [line.split() for line in text.decode().splitlines()]
    outcomes = [Outcome(answer, bool(int(refused))) for answer, refused in told_lines[1::2]]
    return [*outcomes, Outcome("none", False)] if len(told_lines) % 2 else outcomes


def _call_all(call: Callable[..., object], calls: list[list[object]], told: int) -> NoReturn:
    """Call a function in this process, which ends with that; tell of each call its begin and its outcome."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    said = os.open(SAID, os.O_RDWR | os.O_CREAT | os.O_APPEND)
    os.dup2(said, 2)
    for arguments in calls:
        os.ftruncate(said, 0)
        os.write(told, b"begins\n")
        signal.alarm(CALL_S)
        try:
            answer = type(call(*arguments)).__name__
        except Exception as error:
            answer = type(error).__name__
        signal.alarm(0)
        refused = bool(REFUSAL.search(SAID.read_text(errors="replace")))
        os.write(told, f"{answer} {refused:d}\n".encode())
    os._exit(0)
