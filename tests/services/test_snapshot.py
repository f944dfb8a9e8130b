"""The rows of all destinations, kept in the process that shows them."""

from collections.abc import Iterable, Iterator
from types import ModuleType
from typing import Any

import pytest

from conftest import FakeServer

A, B, C = (f"sip:192.168.10.{number}:5060" for number in (20, 30, 40))


class Show:
    """A process that shows all destinations, and a clock for it."""

    def __init__(self, server: FakeServer, http: bool = True) -> None:
        if http:
            server.define("http", "unix:/run/kamailio/keepalive.sock")
        self.server = server
        self.keepalive = server.process()
        from keepalive_core.services import snapshot

        self.now = 1000.0
        self.snapshot = snapshot.Snapshot(lambda: self.now)
        self.walks = 0
        """through all destinations"""
        load = self.snapshot._load

        def counted(revision: int) -> Iterator[float | None]:
            self.walks += 1
            return load(revision)

        server._monkeypatch.setattr(self.snapshot, "_load", counted)

    def fresh(self) -> dict[str, str]:
        """What each destination is counted as, brought up to date."""
        self.run(self.snapshot.fresh())
        assert {row.key for row in self.snapshot.sorted("name")} == set(self.snapshot.rows)
        counted = [row.shown for row in self.snapshot.rows.values()]
        assert self.snapshot.counts == {each: counted.count(each) for each in self.snapshot.counts}
        return {row.key: row.shown for row in self.snapshot.sorted("name")}

    def load(self) -> None:
        """Look for the first time; that what is configured has come in is a change, too."""
        assert self.keepalive.state(A) == -1
        self.fresh()

    def run(self, steps: Iterable[float | None]) -> None:
        for step in steps:
            self.now += step or 0

    def settle(self, code: int) -> None:
        """Let all pings be answered so."""
        self.server.answer(code, 35)


@pytest.fixture
def show(server: FakeServer) -> Show:
    return Show(server)


def test_destinations_come_and_go(show: Show) -> None:
    """Each is there, as it is, from its registration on until it is removed; all are walked through once."""
    add, delete = show.keepalive.add_destination, show.keepalive.del_destination
    assert show.fresh() == {}
    assert add(B, "me") == add(A, "me", group="g") == add(B, "other") == 0
    assert show.fresh() == {A: "unknown", B: "unknown"}
    row = show.snapshot.rows[B]
    assert (row.owners, row.groups) == ((("me", ""), ("other", "")), ())
    assert add(C, "me") == delete(B, "me") == 0
    assert show.fresh() == {A: "unknown", B: "unknown", C: "unknown"}
    assert show.snapshot.rows[B].owners == (("other", ""),)
    assert delete(B, "other") == delete(A, "me") == add(A, "me") == 0
    assert show.fresh() == {A: "unknown", C: "unknown"}
    assert delete(A, "me") == delete(C, "me") == 0
    assert show.fresh() == {}
    assert show.walks == 1


def test_what_an_operator_says_is_seen_at_once(show: Show) -> None:
    """By whatever way he says it."""
    assert show.keepalive.add_destination(A, "me") == 0
    assert show.fresh() == {A: "unknown"}
    for mode, shown in (("maint", "maint"), ("drain", "drain"), ("ready", "unknown")):
        assert show.keepalive.set_admin(A, mode) == 0
        assert show.fresh() == {A: shown}


def test_states_are_seen_with_the_next_look(show: Show) -> None:
    """Which is at most two seconds later."""
    assert show.keepalive.add_destination(A, "me") == show.keepalive.add_destination(B, "me") == 0
    show.fresh()
    show.settle(200)
    assert show.fresh() == {A: "unknown", B: "unknown"}, "it was looked at just now"
    show.now += 2.1
    assert show.fresh() == {A: "up", B: "up"}
    show.settle(503)
    show.run(show.snapshot.look())
    assert show.fresh() == {A: "down", B: "down"}
    assert show.walks == 1


def test_it_knows_whether_somebody_looks(show: Show) -> None:
    """Who has looked is likely to look again soon."""
    assert not show.snapshot.is_looked_at()
    show.fresh()
    show.now += 9
    assert show.snapshot.is_looked_at()
    show.now += 2
    assert not show.snapshot.is_looked_at()


def test_too_many_changes_to_be_named(show: Show) -> None:
    """Then all are looked through once more."""
    from keepalive_core.kamailio import revised_rows

    show.load()
    assert show.keepalive.add_destination(A, "me") == 0
    for _ in range(revised_rows.KEPT + 1):
        revised_rows.revise()
    assert show.fresh() == {A: "unknown"}
    assert show.walks == 2


def test_a_change_that_is_never_named(show: Show) -> None:
    """As without memory for it: a second later all are looked through; until then nothing is lost."""
    from keepalive_core.kamailio import tables

    show.load()
    tables.next_number("revision")
    assert show.keepalive.add_destination(A, "me") == 0
    assert show.fresh() == {}
    show.now += 0.5
    assert show.fresh() == {}
    show.now += 0.6
    assert show.fresh() == {A: "unknown"}
    assert show.walks == 2


def test_without_http_all_are_looked_through(server: FakeServer) -> None:
    """There is no ring then; what is asked for by kamcmd alone is right all the same."""
    show = Show(server, http=False)
    assert show.fresh() == {}
    assert show.keepalive.add_destination(A, "me") == 0
    assert show.fresh() == {A: "unknown"}
    assert show.keepalive.set_admin(A, "maint") == 0
    assert show.fresh() == {A: "maint"}
    assert show.fresh() == {A: "maint"}
    assert show.walks == 3


@pytest.mark.parametrize("table", ["state", "health", "destination", "admin"])
@pytest.mark.parametrize("value", [None, "nonsense", b"\xff"])
def test_rows_that_are_lost_come_back(show: Show, table: str, value: object) -> None:
    """Whatever somebody does with the tables: once it is mended it is shown as it is."""
    assert show.keepalive.add_destination(A, "me") == 0
    assert show.keepalive.set_admin(A, "maint") == 0
    show.settle(200)
    show.now += 3
    assert show.fresh() == {A: "maint"}
    row = show.server.ksr.tables[f"keepalive_{table}"]
    if value is None:
        del row[A]
    else:
        row[A] = value
    show.run(show.snapshot.look())
    show.fresh()
    show.server.tick(20)
    show.run(show.snapshot.look())
    assert show.fresh() == {A: "maint"}
    show.server.ksr.logged.clear()


def test_two_who_ask_at_a_time_take_turns(show: Show) -> None:
    """While one makes rows the other one waits; both see all of them."""
    for number in range(250):
        assert show.keepalive.add_destination(f"sip:192.168.11.{number}", "me") == 0
    one, other = show.snapshot.fresh(), show.snapshot.fresh()
    next(one)
    assert next(other)
    next(one)
    assert next(other)
    one.close()  # his connection is gone
    assert len(show.fresh()) == 250
    show.run(other)


def test_who_goes_meanwhile_leaves_nothing_undone(show: Show) -> None:
    """The next one who looks sees what was named to the one before."""
    show.load()
    for number in range(250):
        assert show.keepalive.add_destination(f"sip:192.168.11.{number}", "me") == 0
    gone = show.snapshot.fresh()
    next(gone)
    gone.close()
    assert len(show.fresh()) == 250
    assert show.walks == 1


def test_orders(show: Show) -> None:
    """The worst first, the newest change first, the slowest first; what is equal stands by its name."""
    for number in range(5):
        assert show.keepalive.add_destination(f"sip:192.168.10.{number}", "me") == 0
    show.fresh()
    rows = show.snapshot.sorted("name")
    assert [row.key[-6] for row in rows] == [*"01234"]
    for row, shown, since, latency in zip(
        rows, ("up", "down", "up", "maint", "down"), (5, 1, 5, 0, 9), (7, 0, 8, 7, 0), strict=True
    ):
        row.shown, row.since, row.latency = shown, since, latency
    show.snapshot.changes += 1

    def order(sort: str) -> str:
        return "".join(row.key[-6] for row in show.snapshot.sorted(sort))

    assert [order(sort) for sort in ("worst", "since", "latency")] == ["14302", "40213", "20314"]
    assert show.snapshot.sorted("worst") is show.snapshot.sorted("worst"), "sorted once for all who look"


def test_latencies_are_read_anew(show: Show) -> None:
    """Those of all for the first who sorts by them, then, while he looks, of a part with each look."""
    assert show.keepalive.add_destination(A, "me", ping_interval=1) == 0
    ping = show.server.next_ping()
    show.server.tick(0.2)
    show.server.ksr.reply(ping, 200)
    show.fresh()
    assert show.snapshot.rows[A].latency >= 200_000
    show.run(show.snapshot.latencies())
    show.server.answer(200, 5)
    show.run(show.snapshot.latencies())
    assert show.snapshot.rows[A].latency >= 200_000, "they were read a moment ago"
    for _ in range(5):
        show.run(show.snapshot.look())
    assert show.snapshot.rows[A].latency < 100_000
    show.snapshot.rows[A].latency = 7
    show.now += 11
    for _ in range(5):
        show.run(show.snapshot.look())
    assert show.snapshot.rows[A].latency == 7, "nobody sorts by them"
    show.server.ksr.tables["keepalive_health"][A] = "nonsense"
    show.run(show.snapshot.latencies())
    assert show.snapshot.rows[A].latency == 0


def test_owners_that_are_all_different_take_no_memory(show: Show) -> None:
    """Of what many rows have there is one copy, and not more copies than are worth it."""
    from keepalive_core.services import snapshot

    show.server._monkeypatch.setattr(snapshot, "_MOST_SAME", 10)
    for number in range(50):
        assert show.keepalive.add_destination(f"sip:192.168.11.{number}", f"owner{number}") == 0
    assert len(show.fresh()) == 50
    assert len(show.snapshot._same) <= 12


def test_one_for_all_who_look(keepalive: ModuleType) -> None:
    """In a process there is one."""
    from keepalive_core.services import snapshot

    found: Any = snapshot.the_snapshot
    assert isinstance(found, snapshot.Snapshot)


def test_who_has_no_patience_sees_what_is_there(show: Show) -> None:
    """What he began goes on for others, and is not done twice."""
    for number in range(250):
        assert show.keepalive.add_destination(f"sip:192.168.11.{number}", "me") == 0
    assert not show.snapshot.is_complete
    for _ in show.snapshot.fresh(patience_s=0.5):
        show.now += 0.3
    assert 0 < len(show.snapshot.rows) < 250
    assert not show.snapshot.is_complete
    show.run(show.snapshot.keep())
    assert show.snapshot.is_complete
    assert len(show.snapshot.rows) == 250
    assert show.walks == 1


def test_a_load_that_fails_begins_anew(show: Show, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for one that has come to nothing."""
    assert show.keepalive.add_destination(A, "me") == 0
    with monkeypatch.context() as patched:
        patched.setattr(show.snapshot, "make", lambda key: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            show.fresh()
    assert show.fresh() == {A: "unknown"}
    assert show.snapshot.is_complete
