"""Chance, as the system has it."""

from types import ModuleType

import pytest


@pytest.mark.parametrize("part", [0.0, 0.5, 1 - 2**-53])
def test_below(keepalive: ModuleType, monkeypatch: pytest.MonkeyPatch, part: float) -> None:
    """A whole number from 0 up to one that is not reached, whatever chance gives."""
    from keepalive_core.services import chance

    monkeypatch.setattr(chance, "part", lambda: part)
    for number in (1, 2, 65_535 * 32 + 1):
        assert 0 <= chance.below(number) < number
        assert chance.below(number) >= int(number * part) - 1


def test_it_is_another_one_each_time(keepalive: ModuleType) -> None:
    """Of a hundred numbers no two are the same."""
    from keepalive_core.services import chance

    assert len({chance.part() for _ in range(100)}) == 100
    assert {chance.below(3) for _ in range(100)} == {0, 1, 2}
