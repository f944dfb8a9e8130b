"""Counts what a process of the fake server asks of KSR."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from conftest import FakeServer
from fake_ksr import FakeKSR


class Calls:
    """Counts the calls of KSR, and those while a group is locked."""

    def __init__(self, server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
        self.number = 0
        self.most_locked = 0
        """the most between a lock of a group and its end"""
        self._locked_at: list[int] = []
        build = FakeKSR.checked

        def checked(ksr: FakeKSR, name: str, signature: Any) -> Callable[..., Any]:
            function = build(ksr, name, signature)

            def counting(*args: Any) -> Any:
                self.number += 1
                if args[:1] == ("keepalive_group",) and name.endswith("_lock"):
                    self._locked_at.append(self.number)
                if args[:1] == ("keepalive_group",) and name.endswith("_unlock"):
                    self.most_locked = max(self.most_locked, self.number - self._locked_at.pop())
                return function(*args)

            return counting

        monkeypatch.setattr(FakeKSR, "checked", checked)
        self.face = server.process()

    def of(self, function: Callable[..., Any], *args: Any, **options: Any) -> int:
        """Return how many calls a function makes."""
        before = self.number
        function(*args, **options)
        return self.number - before


def fleet(number: int) -> list[str]:
    """Return as many URIs."""
    return [f"sip:10.0.{at // 250}.{at % 250 + 1}" for at in range(number)]
