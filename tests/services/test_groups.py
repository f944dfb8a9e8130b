"""Groups through the API: what they cost, that enough answer at each moment, and what heals."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule

from conftest import FakeServer, ServerMachine
from counted_calls import Calls, fleet
from group_definition import held
from keepalive_core.rules import roster_text
from keepalive_core.rules.roster_text import ANSWERING, AS_SPARE, KEPTS, SPARES, TAKEN_OUT, UNKNOWN, Member
from keepalive_core.rules.rosters import Roster
from keepalive_core.rules.rows import Owner
from keepalive_core.rules.service_code import answer, groups_keeping, is_taken_out, own_answer, state_of

A, B = "sip:192.168.10.20", "sip:192.168.10.21"
MEMBERS = [f"sip:192.168.10.{number}" for number in range(20, 26)]
GROUPS = {"g": "2", "h": "50%"}


class Died(BaseException):
    """A process was killed."""


def roster_of(server: Any, name: str) -> list[tuple[Member, str]]:
    """Return a group's members, the best first, each with its mark, as shared memory has them."""
    tables = server.ksr.tables
    text = tables["keepalive_group"].get(name, roster_text.EMPTY)
    roster = Roster(text, tables["keepalive_page"].__getitem__, lambda _: "")
    return [each for page in range(roster.number_of_pages()) for each in roster.members_of(page)]


def least_of(server: Any, name: str) -> int:
    """Return how many members of a group have to answer."""
    return Roster(server.ksr.tables["keepalive_group"].get(name, roster_text.EMPTY), str, str).least


class EnoughAtEachMoment(ServerMachine):
    """Two groups with members of both, in three processes, of which one or the other dies in the middle."""

    def __init__(self) -> None:
        super().__init__()
        self.writes_left: int | None = None
        """the number of writes until the process that writes is killed; None: it is not"""
        for name in ("_htable_sht_seti", "_htable_sht_sets", "_htable_sht_rm"):
            setattr(self.ksr, name, self.watched(getattr(self.ksr, name)))

    def watched(self, write: Callable[..., int]) -> Callable[..., int]:
        """Have enough answer after each write of a process."""

        def watching(table: str, *args: Any) -> int:
            if self.writes_left is not None and table in ("keepalive_state", "keepalive_group"):
                self.writes_left -= 1
                if self.writes_left < 0:
                    raise Died
            done = write(table, *args)
            self.enough_answer()
            return done

        return watching

    def enough_answer(self) -> None:
        """Enough members are answered for, unless administrators took out too many."""
        states = self.ksr.tables["keepalive_state"]
        for name in GROUPS:
            members = roster_of(self.server, name)
            could = sum(mark != TAKEN_OUT for _, mark in members)
            alive = sum(answer(states[member.key]) == 1 for member, _ in members if member.key in states)
            assert alive >= min(least_of(self.server, name), could), (name, members, states)

    @initialize(unknown_as=st.sampled_from(["up", "down", "error"]))
    def begin(self, unknown_as: str) -> None:
        """Three processes, six destinations, of which two are in both groups."""
        self.server.define("unknown_as", unknown_as)
        self.processes = [self.server.process() for _ in range(3)]
        for place, uri in enumerate(MEMBERS):
            for name in ("g", "h") if place in (1, 4) else ("gh"[place % 2],):
                self.add(uri, name, place, 0)

    def add(self, uri: str, name: str, priority: int, process: int) -> None:
        """Put a destination into a group."""
        options = {"group_min_alive": GROUPS[name], "ping_interval": 3600}
        api = self.processes[process]
        assert api.add_destination(uri, f"of {name}", group=name, priority=priority, **options) == 0

    @contextmanager
    def killed_after(self, writes: int | None) -> Iterator[None]:
        """Kill the process after a number of its writes to state and groups; then a look at all heals."""
        self.writes_left = writes
        try:
            yield
        except Died:
            self.enough_answer()
            self.writes_left = None
            self.server.tick(14)
        self.writes_left = None

    killing = st.one_of(st.none(), st.integers(0, 6))

    @rule(uri=st.sampled_from(MEMBERS), alive=st.booleans(), process=st.integers(0, 2), writes=killing)
    def traffic_reports(self, uri: str, alive: bool, process: int, writes: int | None) -> None:
        """A state changes."""
        api = self.processes[process]
        with self.killed_after(writes):
            (api.report_success if alive else api.report_failure)(uri, "seen")

    @rule(
        uri=st.sampled_from(MEMBERS),
        mode=st.sampled_from(["ready", "ready", "drain", "maint"]),
        process=st.integers(0, 2),
        writes=killing,
    )
    def an_administrator_decides(self, uri: str, mode: str, process: int, writes: int | None) -> None:
        """One is taken out or put back."""
        before = len(self.ksr.logged)
        with self.killed_after(writes):
            if self.processes[process].set_admin(uri, mode) != 0:
                del self.ksr.logged[before:]

    @rule(
        uri=st.sampled_from(MEMBERS),
        name=st.sampled_from("gh"),
        priority=st.integers(0, 9),
        process=st.integers(0, 2),
    )
    def one_comes_or_moves(self, uri: str, name: str, priority: int, process: int) -> None:
        """One is put into a group, or to another place in it."""
        self.add(uri, name, priority, process)

    @rule(uri=st.sampled_from(MEMBERS), name=st.sampled_from("gh"), process=st.integers(0, 2))
    def one_goes(self, uri: str, name: str, process: int) -> None:
        """One is taken out of a group, or not there."""
        before = len(self.ksr.logged)
        if self.processes[process].del_destination(uri, f"of {name}") != 0:
            del self.ksr.logged[before:]

    @rule(name=st.sampled_from(["g", "h", "new"]), room=st.integers(0, 7))
    def memory_is_full(self, name: str, room: int) -> None:
        """A destination that finds no room for all of its rows is refused; its group is as it was before."""
        before, logged = roster_of(self.server, name), len(self.ksr.logged)
        self.ksr.room_left = room
        refused = self.processes[0].add_destination("sip:192.168.10.99", "me", group=name) != 0
        self.ksr.room_left = None
        if not refused:
            assert self.processes[0].del_destination("sip:192.168.10.99", "me") == 0
        assert roster_of(self.server, name) == before
        del self.ksr.logged[logged:]

    @invariant()
    def the_rosters_say_what_is_true(self) -> None:
        """Each mark is the state's, the best are held, by as many groups as its number says."""
        states = self.ksr.tables["keepalive_state"]
        holds: Counter[str] = Counter()
        named = set()
        for name in GROUPS:
            members = roster_of(self.server, name)
            for member, mark in members:
                up, out = own_answer(states[member.key]) == 1, is_taken_out(states[member.key])
                assert mark in (ANSWERING if up else TAKEN_OUT if out else SPARES + KEPTS)
                assert out or (mark in UNKNOWN.values()) == (state_of(states[member.key]) == 0)
            known = [(member, AS_SPARE.get(mark, mark)) for member, mark in members]
            expected = held(known, least_of(self.server, name))
            assert [member.key for member, mark in members if mark in KEPTS] == expected
            holds.update(expected)
            named |= set(
                roster_text.pages_of(self.ksr.tables["keepalive_group"].get(name, roster_text.EMPTY))
            )
            alive = [member for member, mark in members if mark in ANSWERING + KEPTS]
            for api in self.processes:
                assert api.alive(name) == [member.uri for member in alive]
                assert api.is_group_alive(name) == (1 if alive else 2 if members else -1)
                assert all(api.is_alive(member.key) == 1 for member in alive)
        assert {key: groups_keeping(code) for key, code in states.items() if groups_keeping(code)} == holds
        assert named == set(self.ksr.tables["keepalive_page"])


EnoughAtEachMoment.TestCase.settings = settings(max_examples=30, stateful_step_count=30, deadline=None)
TestEnoughAtEachMoment = EnoughAtEachMoment.TestCase


def wrong(text: str, at: int, patch: str) -> str:
    """Return a text with another one in it."""
    return text[:at] + patch + text[at + len(patch) :]


# --- nonsense ---------------------------------------------------------------------------------------------

RECORD = 106
HEAD = 42
NONSENSE: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "a word": ("group", lambda text: "foo"),
    "a number": ("group", lambda text: 7),
    "another alphabet": ("group", lambda text: "ä" * len(text)),
    "letters for counts": ("group", lambda text: wrong(text, 3, "xyz")),
    "wrong counts": ("group", lambda text: wrong(text, 0, "00000007" * 4)),
    "no words": ("group", lambda text: wrong(text, 32, "??????????")),
    "cut": ("group", lambda text: text[:-1]),
    "only a head": ("group", lambda text: text[:HEAD]),
    "a record more": ("group", lambda text: text + text[-RECORD:]),
    "another page": ("group", lambda text: wrong(text, HEAD + 24, "ffffffff")),
    "other ranks": ("group", lambda text: wrong(text, HEAD, "f" * 24)),
    "other marks": ("group", lambda text: wrong(text, HEAD + 42, "SHT..A")),
    "marks that are none": ("group", lambda text: wrong(text, HEAD + 42, "?x")),
    "more marks than members": ("group", lambda text: wrong(text, HEAD + 42, "A" * 64)),
    "gone": ("group", lambda text: None),
    "a page of words": ("page", lambda text: "foo bar"),
    "a page that is a number": ("page", lambda text: 7),
    "a page that is cut": ("page", lambda text: text[:-20]),
    "a page of somebody else": ("page", lambda text: text.replace("192.168.10", "192.168.99")),
    "a page that is gone": ("page", lambda text: None),
    "a change that is a word": ("group_change", lambda number: "foo"),
    "a change that is gone": ("group_change", lambda number: None),
    "a state that is a word": ("state", lambda number: "foo"),
    "a state that is huge": ("state", lambda number: 2**31 - 1),
    "a state below 0": ("state", lambda number: -7),
    "a state that is gone": ("state", lambda number: None),
}


@pytest.mark.parametrize("alive", [True, False], ids=["up", "down"])
@pytest.mark.parametrize("kind", NONSENSE)
def test_nonsense_in_a_row_of_a_group(
    keepalive: ModuleType, server: FakeServer, kind: str, alive: bool
) -> None:
    """Whatever somebody writes: nothing fails but what stood there, and within seconds all is as before."""
    table, patch = NONSENSE[kind]
    worker = server.process()
    server.process()
    for place, uri in enumerate(MEMBERS):
        assert keepalive.add_destination(uri, "me", group="g", priority=place, group_min_alive=2) == 0
    server.answer(200 if alive else 503, 35)
    before = [keepalive.alive("g"), worker.alive("g"), *(keepalive.is_alive(uri) for uri in MEMBERS)]
    assert before[0] == (MEMBERS[::-1] if alive else MEMBERS[:-3:-1])
    rows = server.ksr.tables[f"keepalive_{table}"]
    key = next(iter(rows))
    rows[key] = patch(rows[key])
    if rows[key] is None:
        del rows[key]
    for api in (keepalive, worker):
        assert isinstance(api.alive("g"), list)
        assert api.is_group_alive("g") in (1, 2, -1)
        assert api.is_alive(MEMBERS[0]) in (1, 2, -1)
        api.report_failure(MEMBERS[1], "seen")
        api.report_success(MEMBERS[2], "seen")
    assert keepalive.set_admin(MEMBERS[3], "maint") == keepalive.set_admin(MEMBERS[3], "ready") == 0
    server.answer(200 if alive else 503, 40)
    assert [keepalive.alive("g"), worker.alive("g"), *(keepalive.is_alive(uri) for uri in MEMBERS)] == before
    assert all("makes no sense" in line for line in server.ksr.lines("err")), server.ksr.lines("err")
    assert len(roster_of(server, "g")) == len(MEMBERS)
    for uri in MEMBERS:
        assert keepalive.del_destination(uri, "me") == 0
    assert (keepalive.alive("g"), keepalive.is_group_alive("g")) == ([], -1)


# --- costs --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("least", ["0", "1", "50%", "100%"])
def test_a_change_makes_no_more_calls_in_a_large_group(
    server: FakeServer, monkeypatch: pytest.MonkeyPatch, least: str
) -> None:
    """One member comes, fails, comes back and goes: as many calls among 600 as among 6."""
    calls = Calls(server, monkeypatch)
    api = calls.api
    options = {"group": "g", "group_min_alive": least, "ping_interval": 3600}
    costs = []
    added: list[str] = []
    for number in (6, 600):
        for uri in fleet(number)[len(added) :]:
            added.append(uri)
            api.add_destination(uri, "me", priority=len(added), **options)
            api.report_success(uri)
        uri = "sip:192.168.10.20"
        reports = api.report_success, api.report_failure, api.report_success
        costs.append(
            [
                calls.of(api.add_destination, uri, "me", priority=3, **options),
                *(calls.of(report, uri) for report in reports),
                calls.of(api.set_admin, uri, "maint"),
                calls.of(api.del_destination, uri, "me"),
            ]
        )
        assert len(api.alive("g")) == number
    few, many = costs
    # Pages that are full are parted, those that are empty are brought together.
    assert all(large <= small + 8 for small, large in zip(few, many, strict=True)), costs


def test_is_alive_makes_one_call_whatever_it_says(
    server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Up, down, unknown in each way, drained, kept answering, not monitored, malformed."""
    calls = Calls(server, monkeypatch)
    api = calls.api
    api.add_destination(A, "me")
    server.answer(200, 2)
    held_up, drained, stranger = "sip:192.168.10.30", "sip:192.168.10.31", "sip:192.168.10.32"
    api.add_destination(held_up, "me", group="g", group_min_alive=1)
    api.add_destination(drained, "me")
    api.add_destination(B, "me")
    for uri in (B, held_up):
        api.report_failure(uri)
    api.set_admin(drained, "drain")
    expected = {A: 1, B: 2, held_up: 1, drained: 2, stranger: -1, "bad uri": -1}
    for word, answered in (("up", 1), ("down", 2), ("error", -1)):
        api.add_destination(f"sip:{word}.example.com", "me", unknown_as=word)
        expected[f"sip:{word}.example.com"] = answered
    for uri, answered in expected.items():
        assert api.is_alive(uri) == answered
        assert calls.of(api.is_alive, uri) == 1


@pytest.mark.parametrize("name", [None, 7, b"g", "", "g\0", "\ud800", "g\n", "g" * 1_000_000, ["g"]])
def test_what_is_no_groups_name_has_no_members(
    keepalive: ModuleType, server: FakeServer, name: object
) -> None:
    """Text that Kamailio takes for no key at all, too."""
    keepalive.add_destination("sip:192.168.10.20", "me", group="g")
    assert keepalive.alive(name) == []
    assert keepalive.is_group_alive(name) == -1
    assert server.ksr.lines("err") == []


def test_is_alive_is_as_quick_where_many_groups_keep_one_answering(
    keepalive: ModuleType, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A member of sixteen groups that all keep it answering is asked for as any other one is."""
    for number in range(16):
        keepalive.add_destination(A, str(number), group=f"g{number}", group_min_alive="1")
    for _ in range(9):
        keepalive.report_failure(A)
    assert keepalive.is_alive(A) == 1
    monkeypatch.setattr(keepalive, "_look_up", None)
    assert keepalive.is_alive(A) == 1


def test_an_owner_more_costs_as_much_as_there_are(
    keepalive: ModuleType, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a destination with a hundred owners, each with a group of its own, each is looked at some times."""
    for number in range(100):
        keepalive.add_destination(A, str(number), group=f"g{number}")
    looks = 0

    def group_of(owner: Owner) -> str:
        nonlocal looks
        looks += 1
        return owner[Owner._fields.index("group")]

    monkeypatch.setattr(Owner, "group", property(group_of))
    changes = dict(server.ksr.tables["keepalive_group_change"])
    keepalive.add_destination(A, "0", group="h", priority=1)
    keepalive.report_success(A)
    keepalive.report_failure(A)
    assert looks < 2000
    keepalive.add_destination(A, "99", group="h")
    assert keepalive.alive("h") == keepalive.alive("g50")
    assert {name for name in changes if name not in server.ksr.tables["keepalive_group_change"]} == {
        "g0",
        "g99",
    }
