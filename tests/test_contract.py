"""The fake of KSR has nothing that real servers were not asked: tests/contract.py is all that it imitates."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from contract import ROWS
from contract_runs import FakeRun
from keepalive_testing import signatures
from keepalive_testing.ksr import FakeKSR
from keepalive_testing.variables import OF_MESSAGES, OF_URIS


@pytest.mark.parametrize("version", signatures.VERSIONS)
@pytest.mark.parametrize("name", ROWS)
def test_the_fake_can_say(version: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The fake does all that a row asks, and its functions are used as they have to be."""
    run = FakeRun(version, monkeypatch)
    assert run.told(name).told
    assert run.ksr.violations == []


def imitated() -> set[str]:
    """All functions of KSR that the fake imitates, such as "tm.t_relay" and "is_INVITE"."""
    return {
        f"{module}.{function}".removeprefix(".")
        for module, functions in signatures.load(signatures.VERSIONS[-1]).items()
        for function in functions
        if hasattr(FakeKSR, f"_{module or 'core'}_{function}")
    }


def made(monkeypatch: pytest.MonkeyPatch) -> dict[str, set[tuple[object, ...]]]:
    """Return what the rows call: functions, each with the arguments that it was given."""
    calls: dict[str, set[tuple[object, ...]]] = {}
    build = FakeKSR.checked

    def checked(ksr: FakeKSR, name: str, signature: signatures.Signature) -> Callable[..., Any]:
        function = build(ksr, name, signature)

        def noted(*args: Any) -> Any:
            calls.setdefault(name.removeprefix("KSR."), set()).add(args)
            return function(*args)

        return noted

    monkeypatch.setattr(FakeKSR, "checked", checked)
    run = FakeRun(signatures.VERSIONS[-1], monkeypatch)
    for name in ROWS:
        run.told(name)
    return calls


def test_each_function_that_the_fake_imitates_has_an_entry(monkeypatch: pytest.MonkeyPatch) -> None:
    """No function of the fake is one that real servers were not asked."""
    assert imitated() - set(made(monkeypatch)) == set()
    assert len(imitated()) > 80


def test_each_pseudo_variable_of_a_request_has_an_entry(monkeypatch: pytest.MonkeyPatch) -> None:
    """The fake knows no part of a message that real servers were not asked for."""
    asked = {args[0] for args in made(monkeypatch)["pv.get"]}
    assert {f"${kind}" for kind in (*OF_MESSAGES, *OF_URIS, "ru", "Ri", "Rp", "Ru")} - asked == set()
