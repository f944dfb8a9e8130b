"""Which targets of a name a call may be sent to."""

from collections.abc import Callable
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepalive_core.rules.live_targets import last_resort, live_targets
from keepalive_core.rules.resolution import Resolution, Target
from keepalive_core.rules.service_code import Service, code, with_unknown_as
from keepalive_core.rules.states import DOWN, UNKNOWN, UP

CODES = {
    "up": code(UP),
    "down": code(DOWN),
    "new": code(UNKNOWN),
    "new, as down": with_unknown_as(code(UNKNOWN), "down"),
    "new, as an error": with_unknown_as(code(UNKNOWN), "error"),
    "drained": code(UP, Service.DRAINED),
    "asked for no calls": code(UP, Service.OWN_DRAIN),
    "in maintenance": code(UP, Service.MAINTENANCE),
    "down, in maintenance": code(DOWN, Service.MAINTENANCE),
    "not there": None,
}
Live = Callable[..., list[Target]]


def name_of(targets: str, kept: str = "") -> Resolution:
    """What DNS said: some targets of one priority each, in falling order, each called by what it is."""
    found = [
        tuple(Target(f"{word}#{place}", word, place) for place, word in enumerate(part.split("; ")) if word)
        for part in (targets, kept)
    ]
    return Resolution(1, 1, "", *found)


def found(rule: Live, known: Resolution) -> str:
    """Which of these a rule gives."""
    return "; ".join(
        each.hop for each in rule(known, lambda key: CODES[key.partition("#")[0]], Random(1).randrange)
    )


@pytest.mark.parametrize(
    ("targets", "kept", "live"),
    [
        ("up", "", "up"),
        ("down; up; drained; in maintenance; asked for no calls; not there", "", "up"),
        ("new; down; up", "", "up; new"),
        ("new; new, as down; new, as an error", "", "new"),
        ("down; new, as down; in maintenance", "down", "new, as down"),
        ("up; new, as down", "", "up"),
        ("new; new", "up; down", "up; new; new"),
        ("new; up", "new; up", "up; up; new; new"),
        ("down", "up", "up"),
        ("down", "down", ""),
        ("", "", ""),
    ],
)
def test_who_is_alive(targets: str, kept: str, live: str) -> None:
    """Those that are up, those of before that still count, and last what is unseen.

    If none is up all that is unseen counts.
    """
    assert found(live_targets, name_of(targets, kept)) == live


@pytest.mark.parametrize(
    ("targets", "kept", "all_of_them"),
    [
        ("down; in maintenance; down, in maintenance; drained", "", "down"),
        ("asked for no calls; new, as an error; not there", "", "asked for no calls; new, as an error"),
        ("down", "down; up", "down; down; up"),
    ],
)
def test_the_last_resort(targets: str, kept: str, all_of_them: str) -> None:
    """All but what an administrator has taken out."""
    assert found(last_resort, name_of(targets, kept)) == all_of_them


@given(st.lists(st.tuples(st.sampled_from(list(CODES)), st.integers(0, 2), st.integers(0, 3)), max_size=9))
def test_any_targets(given: list[tuple[str, int, int]]) -> None:
    """None is given twice, and none that is dead; of those that are up the priority counts."""
    targets = tuple(Target(f"{word}#{place}", word, *rest) for place, (word, *rest) in enumerate(given))
    known = Resolution(1, 1, "", targets[::2], targets[1::2])
    for rule in (live_targets, last_resort):
        live = rule(known, lambda key: CODES[key.partition("#")[0]], Random(1).randrange)
        assert len(set(live)) == len(live)
        assert set(live) <= set(targets)
    new = [
        each
        for each in live_targets(known, lambda key: CODES[key.partition("#")[0]], Random(1).randrange)
        if each.hop == "up" and each in known.targets
    ]
    assert [each.priority for each in new] == sorted(each.priority for each in new)
    assert new == [] or len(new) == sum(each.hop == "up" for each in known.targets)


def first_ones(targets: list[Target]) -> dict[str, float]:
    """Which part of all calls tries which first; the addresses of a record stand side by side."""
    found: dict[str, int] = {}
    chance = Random(2782)
    known = Resolution(1, 1, "", tuple(targets))
    for _ in range(20_000):
        order = [each.hop for each in live_targets(known, lambda _: code(UP), chance.randrange)]
        found[order[0]] = found.get(order[0], 0) + 1
        assert abs(order.index("sip:a1:5060") - order.index("sip:a2:5060")) == 1
    return {hop: number / 20_000 for hop, number in sorted(found.items())}


def target(hop: str, weight: int, record: str) -> Target:
    """A target of one priority."""
    return Target(f"sip:p.com#{hop}", f"sip:{hop}", 1, weight, record)


def test_the_addresses_of_one_srv_record_share_its_weight() -> None:
    """A host with two addresses has not twice the calls; the same host at another port is another record."""
    a, b = "_sip._udp.p.com SRV a.p.com", "_sip._udp.p.com SRV b.p.com"
    found = first_ones(
        [
            target("a1:5060", 50, a),
            target("b:5060", 50, b),
            target("a2:5060", 50, a),
            target("a1:5070", 100, a),
        ]
    )
    assert found == pytest.approx(
        {"sip:a1:5060": 0.125, "sip:a1:5070": 0.5, "sip:a2:5060": 0.125, "sip:b:5060": 0.25}, abs=0.01
    )


def test_addresses_without_srv_are_alike() -> None:
    """Whichever kind of record has them."""
    known = Resolution(
        1, 1, "", tuple(target(hop, 0, f"p.com {hop[0].upper()}") for hop in ("a1", "a2", "b1"))
    )
    chance = Random(2782)
    first = [live_targets(known, lambda _: code(UP), chance.randrange)[0].hop for _ in range(9000)]
    assert all(2800 < first.count(f"sip:{hop}") < 3200 for hop in ("a1", "a2", "b1"))


def test_srv_records_beside_others() -> None:
    """What has no SRV record has a place of its own among those that have, as NAPTR may say."""
    srv = "_sip._udp.p.com SRV a.p.com"
    targets = (
        *(target("a1:5060", 0, srv), target("a2:5060", 0, srv)),
        *(target("b1", 0, "p.com NAPTR b.p.com"), target("b2", 0, "p.com NAPTR b.p.com")),
    )
    known, chance = Resolution(1, 1, "", targets), Random(2782)
    first = [live_targets(known, lambda _: code(UP), chance.randrange)[0].hop for _ in range(9000)]
    assert all(2800 < first.count(f"sip:{hop}") < 3200 for hop in ("b1", "b2"))
