"""Counts what a process of the fake server asks of KSR."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from conftest import FakeServer
from keepalive_testing.ksr import FakeKSR


class Calls:
    """Notes the calls of KSR in a process of its own, and counts those while a group is locked."""

    def __init__(self, server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
        self.made: list[tuple[str, tuple[Any, ...]]] = []
        """name and arguments of each"""
        self.most_locked = 0
        """the most between a lock of a group and its end"""
        self._locked_at: list[int] = []
        build = FakeKSR.checked

        def checked(ksr: FakeKSR, name: str, signature: Any) -> Callable[..., Any]:
            function = build(ksr, name, signature)

            def counting(*args: Any) -> Any:
                self.made.append((name.removeprefix("KSR."), args))
                if args[:1] == ("keepalive_group",) and name.endswith("_lock"):
                    self._locked_at.append(len(self.made))
                if args[:1] == ("keepalive_group",) and name.endswith("_unlock"):
                    self.most_locked = max(self.most_locked, len(self.made) - self._locked_at.pop())
                return function(*args)

            return counting

        monkeypatch.setattr(FakeKSR, "checked", checked)
        self.api = server.process()

    def of(self, function: Callable[..., Any], *args: Any, **options: Any) -> int:
        """Return how many calls a function makes."""
        before = len(self.made)
        function(*args, **options)
        return len(self.made) - before


def fleet(number: int) -> list[str]:
    """Return a number of URIs."""
    return [f"sip:10.0.{at // 250}.{at % 250 + 1}" for at in range(number)]
