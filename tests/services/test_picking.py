"""One of a group, chosen at random by weight, and what it costs."""

from collections import Counter
from collections.abc import Callable
from time import perf_counter
from types import ModuleType

import pytest

from conftest import FakeServer
from counted_calls import Calls, fleet

A, B, C = "sip:192.168.10.20", "sip:192.168.10.21", "sip:192.168.10.22"


@pytest.fixture
def shares(keepalive: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Callable[[], dict[str, int]]:
    """How often each of a group is chosen in a thousand goes in which chance leaves nothing out."""
    from keepalive_core.services import chance

    def shares() -> dict[str, int]:
        found: Counter[str] = Counter()
        for step in range(1000):
            monkeypatch.setattr(chance, "part", lambda step=step: step / 1000)
            found[keepalive.pick("g")] += 1
        return dict(found)

    return shares


def test_by_weight_among_the_best(keepalive: ModuleType, shares: Callable[[], dict[str, int]]) -> None:
    """Those of the highest priority that are alive share the calls; the next ones take them over."""
    keepalive.add_destination(A, "me", group="g", priority=2, weight=3)
    keepalive.add_destination(B, "me", group="g", priority=2, weight=1)
    keepalive.add_destination(C, "me", group="g", priority=1, weight=9)
    assert shares() == {A: 750, B: 250}
    keepalive.set_admin(A, "maint")
    assert shares() == {B: 1000}
    keepalive.report_failure(B)
    assert shares() == {C: 1000}
    keepalive.report_failure(C)
    assert shares() == {"": 1000}
    keepalive.set_admin(A, "ready")
    assert shares() == {A: 1000}


def test_without_a_weight(keepalive: ModuleType, shares: Callable[[], dict[str, int]]) -> None:
    """Beside a weight, none of the calls; without any, all are alike, as of one that is alive alone."""
    keepalive.add_destination(A, "me", group="g", weight=5)
    keepalive.add_destination(B, "me", group="g")
    keepalive.add_destination(C, "me", group="g")
    assert shares() == {A: 1000}
    keepalive.report_failure(A)
    assert shares() == {B: 500, C: 500}


def test_what_comes_up_gains_its_weight(
    keepalive: ModuleType, server: FakeServer, shares: Callable[[], dict[str, int]]
) -> None:
    """Over slow_start, as HAProxy has it: nothing at first, half after half the time, all at the end."""
    for uri in (A, B):
        keepalive.add_destination(uri, "me", group="g", weight=1, slow_start=10, ping_interval=60)
    server.answer(200, 4)
    assert shares() == {A: 500, B: 500}
    keepalive.report_failure(B)
    keepalive.report_success(B)
    assert shares() == {A: 1000}
    server.now += 2_500_000
    assert shares() == {A: 800, B: 200}
    server.now += 7_500_000
    assert shares() == {A: 500, B: 500}
    # Alone it has all of the calls at once.
    keepalive.report_failure(A)
    keepalive.report_failure(B)
    keepalive.report_success(B)
    assert shares() == {B: 1000}


def test_what_the_group_keeps_answering(keepalive: ModuleType, shares: Callable[[], dict[str, int]]) -> None:
    """alive() says who there is to be chosen from."""
    keepalive.configure_group("g", group_min_alive=2)
    for uri in (A, B):
        keepalive.add_destination(uri, "me", group="g")
        keepalive.report_failure(uri)
    assert shares() == {A: 500, B: 500}


@pytest.mark.parametrize("group", ["", "none", "a\nb", None, 5, "\udcff"])
def test_what_is_no_group(keepalive: ModuleType, server: FakeServer, group: object) -> None:
    """Nobody is chosen from it, and the log need not know."""
    assert keepalive.pick(group) == ""
    assert not server.ksr.lines("err")


def test_chance_is_the_systems(keepalive: ModuleType) -> None:
    """Over many choices all members are chosen; a fork of this process would not choose the same."""
    for uri in fleet(4):
        keepalive.add_destination(uri, "me", group="g")
    assert {keepalive.pick("g") for _ in range(200)} == set(fleet(4))


def test_what_it_reads(server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """One number if nothing has changed; ramps are read only if there are any."""
    calls = Calls(server, monkeypatch)
    api, other = calls.api, server.process()
    for uri in fleet(200):
        other.add_destination(uri, "me", group="g", slow_start=10)
    calls.of(api.pick, "g")
    assert calls.of(api.pick, "g") == 1
    other.report_failure(fleet(200)[7])
    assert calls.of(api.pick, "g") <= 5
    other.report_success(fleet(200)[7])
    assert calls.of(api.pick, "g") <= 12
    assert calls.of(api.pick, "g") == 1
    server.now += 12_000_000
    assert calls.of(api.pick, "g") <= 5
    assert calls.of(api.pick, "g") == 1


def test_the_cost_does_not_grow_with_the_group(keepalive: ModuleType, server: FakeServer) -> None:
    """One of 5,000 is chosen in no more than three times what one of five takes, while some come up too."""

    def fastest(group: str) -> float:
        times = []
        for _ in range(2000):
            began = perf_counter()
            keepalive.pick(group)
            times.append(perf_counter() - began)
        return min(times)

    uris = fleet(5005)
    for place, uri in enumerate(uris):
        keepalive.add_destination(
            uri, "me", group="small" if place < 5 else "large", slow_start=60, weight=place % 7
        )
    assert fastest("large") < 3 * fastest("small")
    for uri in (uris[1], uris[-1], uris[-2]):
        keepalive.report_failure(uri)
        keepalive.report_success(uri)
    assert fastest("large") < 3 * fastest("small")
