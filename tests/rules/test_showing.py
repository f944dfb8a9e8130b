"""How destinations and groups are shown to operators."""

from types import SimpleNamespace

import pytest

from keepalive_core.rules.latency import LOSS, sample
from keepalive_core.rules.service_code import is_sound, shown_as
from keepalive_core.rules.showing import CLASSES, in_order, samples_of, trouble


def test_each_class_has_its_place() -> None:
    """What may be true of a destination is sorted in some way."""
    assert {*CLASSES} == {shown_as(code) for code in range(100) if is_sound(code)}


def test_rows_have_an_order() -> None:
    """The worst first, or those with most of something; by name among those that are equal."""
    said = [("a", "up", 3), ("b", "down", 1), ("c", "up", 5), ("d", "maint", 3), ("e", "down", 1)]
    rows = [SimpleNamespace(name=name, shown=shown, since=since) for name, shown, since in said]
    assert [row.name for row in in_order("worst", rows)] == ["b", "e", "d", "a", "c"]
    assert [row.name for row in in_order("since", rows)] == ["c", "a", "d", "b", "e"]


def test_samples_are_latencies() -> None:
    """In ms, to some percent, and None for a ping that was lost."""
    first, lost, second = samples_of(sample(20_000) + LOSS + sample(1_000))
    assert lost is None
    assert first == pytest.approx(20, rel=0.1)
    assert second == pytest.approx(1, rel=0.1)
    assert samples_of("") == []


def group(name: str, **counted: int) -> dict[str, object]:
    return {"name": name, "members": 9, "alive": 5, "held": 0, **dict.fromkeys(CLASSES, 0), **counted}


def test_groups_in_trouble_come_first() -> None:
    """Those of which nobody answers of its own, then those that are held, then any trouble; then by name."""
    in_order = [
        group("z-dead", down=9, alive=0),
        group("z-dead-but-held", down=9, alive=2, held=2),
        group("y-held", down=4, alive=5, held=1),
        group("x-down", down=1),
        group("w-unknown", unknown=1),
        group("v-maint", maint=9, alive=0),
        group("w-drain", drain=1),
        group("a-well", up=9),
        group("b-well", up=9),
    ]
    assert sorted([*in_order[4:], *in_order[:4]], key=trouble) == in_order
