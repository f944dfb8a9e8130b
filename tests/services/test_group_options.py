"""Options of groups: what they hold for, who may say them, what they survive, and that pings follow them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from conftest import FakeServer
from keepalive_testing.ksr import FakeKSR

A, B, C = (f"sip:192.168.10.{number}" for number in (20, 21, 22))


def falls(keepalive: ModuleType, *uris: str) -> list[int]:
    return [keepalive.info(uri)["fall"] for uri in uris]


def test_a_members_word_wins_over_its_groups_over_the_servers(keepalive: ModuleType) -> None:
    """Default, server, group, destination: the later one counts, in whatever order they are said."""
    keepalive.add_destination(A, "me", group="g")
    keepalive.add_destination(B, "me", group="g", fall=9)
    keepalive.add_destination(C, "me")
    assert falls(keepalive, A, B, C) == [1, 9, 1]
    assert keepalive.configure_group("g", fall=3) == 0
    assert falls(keepalive, A, B, C) == [3, 9, 1]
    keepalive.modparam("fall", 5)
    assert falls(keepalive, A, B, C) == [3, 9, 5]
    assert keepalive.configure_group("g") == 0
    assert falls(keepalive, A, B, C) == [5, 9, 5]


def test_options_come_before_members(server: FakeServer) -> None:
    """A group that has no members yet has options; they are there in each process, before the tables too."""
    server.ksr.phase = "mod_init"
    keepalive = server.process()
    assert keepalive.configure_group("g", fall="3", ping_timeout="1s", group_min_alive=1) == 0
    keepalive.add_destination(A, "me", group="g")
    server.ksr.phase = "route"
    server.tick(2)
    assert {ping.timeout_ms for ping in server.ksr.sent} == {1063}
    other = server.process()
    assert falls(other, A) == [3]
    other.add_destination(B, "me", group="g")
    assert falls(other, B) == [3]
    assert server.ksr.lines("err") == []


def test_pings_follow_the_options(keepalive: ModuleType, server: FakeServer) -> None:
    """A change reaches the pings of all members within a second, and of nobody else."""
    keepalive.add_destination(A, "me", group="g")
    keepalive.add_destination(C, "me")
    server.answer(200, 60)
    server.process().configure_group("g", ping_interval="2s", ping_method="INFO")
    server.answer(200, 30)
    server.ksr.sent.clear()
    server.answer(200, 60)
    by_uri = {uri: [ping for ping in server.ksr.sent if ping.uri == uri] for uri in (A, C)}
    assert len(by_uri[A]) == 30
    assert len(by_uri[C]) == 2
    assert {ping.method for ping in by_uri[A]} == {"INFO"}


def test_a_report_follows_the_options(keepalive: ModuleType, server: FakeServer) -> None:
    """A worker that has judged by the old options judges by the new ones."""
    keepalive.add_destination(A, "me", group="g")
    server.answer(200, 2)
    keepalive.report_success(A)
    keepalive.configure_group("g", fall=2)
    keepalive.report_failure(A)
    assert keepalive.state(A) == 1
    keepalive.report_failure(A)
    assert keepalive.state(A) == 2


def test_unknown_as_of_a_group(keepalive: ModuleType, server: FakeServer) -> None:
    """What is_alive says of unknown members follows their group, then and later."""
    keepalive.add_destination(A, "me", group="g")
    assert keepalive.is_alive(A) == 1
    keepalive.configure_group("g", unknown_as="down", ping_interval=3600)
    server.tick(1.1)
    assert keepalive.is_alive(A) == 2
    keepalive.add_destination(B, "me", group="g")
    assert keepalive.is_alive(B) == 2


def test_group_min_alive_is_said_once(keepalive: ModuleType, server: FakeServer) -> None:
    """Of the group, for all members that say nothing; a member's higher word counts, as ever."""
    for uri in (A, B, C):
        keepalive.add_destination(uri, "me", group="g")
    server.answer(200, 2)
    server.answer(500, 31)
    assert keepalive.alive("g") == []
    keepalive.configure_group("g", group_min_alive=1)
    assert keepalive.alive("g") == [A], "at once, in the process that says it"
    server.process().configure_group("g", group_min_alive="50%")
    assert keepalive.alive("g") == [A, B]
    keepalive.add_destination(C, "me", group="g", group_min_alive=3)
    assert keepalive.alive("g") == [A, B, C]
    keepalive.configure_group("g")
    keepalive.add_destination(C, "me", group="g")
    assert keepalive.alive("g") == []
    assert keepalive.info(A)["held"] == []


def test_the_first_owners_group_counts(keepalive: ModuleType) -> None:
    """Of several groups with different options, as of several owners."""
    keepalive.configure_group("g", fall=3)
    keepalive.configure_group("h", fall=4, rise=5)
    keepalive.add_destination(A, "first", group="g")
    keepalive.add_destination(A, "second", group="h")
    assert falls(keepalive, A) == [3]
    assert keepalive.info(A)["rise"] == 5
    keepalive.del_destination(A, "first")
    assert falls(keepalive, A) == [4]


BAD = [
    (("g",), {"fall": 0}, "bad fall 0: 1 to 1000 failures is allowed"),
    (("g",), {"fall": 3, "rise": "x"}, "bad rise 'x': a whole number of successes is needed"),
    (("g",), {"fal": 3}, "unknown parameter 'fal'"),
    (("g",), {"mass_failure": 40}, "mass_failure is no parameter of a group"),
    (("g",), {"list_file": "/x"}, "list_file is no parameter of a group"),
    (("g",), {"ping_socket": "udp:192.0.2.1:5060"}, "bad ping_socket 'udp:192.0.2.1:5060': "),
    (("",), {"fall": 3}, "a group that has options has a name, not ''"),
    (("a\tb",), {"fall": 3}, "a group that has options has a name, not 'a\\tb'"),
    ((7,), {"fall": 3}, "a group that has options has a name, not 7"),
    ((None,), {}, "a group that has options has a name, not None"),
    (("x" * 256,), {}, "not longer than 255 bytes"),
]


@pytest.mark.parametrize(("arguments", "options", "fault"), BAD)
def test_a_bad_word_changes_nothing(
    server: FakeServer, arguments: tuple[object, ...], options: dict[str, object], fault: str
) -> None:
    """-1, one line with the name and the reason, and the options of before."""
    keepalive = server.process()
    keepalive.configure_group("g", fall=7)
    keepalive.add_destination(A, "me", group="g")
    server.tick(1)
    before = dict(server.ksr.tables["keepalive_group_options"])
    assert keepalive.configure_group(*arguments, **options) == -1
    assert server.ksr.tables["keepalive_group_options"] == before
    assert falls(keepalive, A) == [7]
    [line] = server.ksr.lines("err")
    assert fault in line
    assert len(line) < 1200


def test_the_same_again_is_no_change(keepalive: ModuleType, server: FakeServer) -> None:
    """A reload of the script says it all again: nothing is written, and nothing is told."""
    keepalive.configure_group("g", fall=7)
    before = dict(server.ksr.tables["keepalive"])
    server.ksr.logged.clear()
    for _ in range(3):
        assert server.process().configure_group("g", fall="7") == 0
    after = server.ksr.tables["keepalive"]
    assert after["group_options"] == before["group_options"]
    assert server.ksr.logged == []


def test_a_route_that_configures_for_each_call_has_bounds(
    keepalive: ModuleType, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of rows, and of lines: twenty a minute of each group. One that has options gets others all the same."""
    import keepalive_core.services.group_options as room

    monkeypatch.setattr(room, "MOST_CONFIGURED", 10)
    answers = [keepalive.configure_group(f"call-{number}", fall=3) for number in range(1000)]
    assert answers == [0] * 10 + [-1] * 990
    assert len(server.ksr.tables["keepalive_group_options"]) == 10
    assert "'call-10' gets no options, as 10 groups have some" in server.ksr.lines("err")[0]
    assert len(server.ksr.lines("err")) == 20
    server.ksr.logged.clear()
    for number in range(1000):
        assert keepalive.configure_group("call-7", fall=4 + number % 2) == 0
        assert keepalive.set_admin(A, "ready") == -1
    assert len(server.ksr.lines("info")) < 20
    assert keepalive.configure_group("call-6") == 0


@pytest.mark.parametrize("how", ["deleted", "nonsense", "all deleted"])
def test_a_lost_row_is_made_anew(keepalive: ModuleType, server: FakeServer, how: str) -> None:
    """Options outlive their rows, as registrations do; those that were taken back do not come back."""
    keepalive.add_destination(A, "me", group="g")
    keepalive.configure_group("g", fall=3)
    keepalive.configure_group("h", fall=3)
    server.tick(2)
    keepalive.configure_group("h")
    server.tick(2)
    table = server.ksr.tables["keepalive_group_options"]
    if how == "deleted":
        del table["g"]
    elif how == "nonsense":
        table["g"] = '{"script": {"fall": "many"}}'
    else:
        table.clear()
        server.ksr.tables["keepalive"].pop("group_options")
    server.tick(3)
    assert falls(keepalive, A) == [3]
    assert falls(server.process(), A) == [3]
    keepalive.add_destination(B, "me", group="h")
    assert falls(keepalive, B) == [1]
    assert len([line for line in server.ksr.lines("warn") if "options of group g were missing" in line]) == 1
    server.ksr.logged.clear()
    server.tick(3)
    assert server.ksr.lines("warn") == server.ksr.lines("err") == []


@pytest.mark.parametrize("writer", ["script", "list file", "script takes back"])
def test_a_lost_row_that_is_written_keeps_the_others_options(
    server: FakeServer, tmp_path: Path, writer: str
) -> None:
    """reload() or configure_group() just behind the loss knows its own options alone; the rest comes back."""
    file = tmp_path / "keepalive.list"
    file.write_text(f"{A} group=g\ngroup.g.rise=4\n")
    server.define("list_file", str(file))
    keepalive = server.process()
    keepalive.configure_group("g", fall=3)
    server.tick(2)
    del server.ksr.tables["keepalive_group_options"]["g"]
    wanted = (3, 4)
    if writer == "list file":
        file.write_text(f"{A} group=g\ngroup.g.rise=5\n")
        assert keepalive.reload() == 0
        wanted = (3, 5)
    elif writer == "script":
        keepalive.configure_group("g", fall=6)
        wanted = (6, 4)
    else:
        keepalive.configure_group("g")
        wanted = (1, 4)
    server.tick(3)
    info = keepalive.info(A)
    assert (info["fall"], info["rise"]) == wanted
    assert "options of group g were missing" in server.ksr.lines("warn")[-1]
    server.ksr.logged.clear()
    server.tick(3)
    assert server.ksr.lines("warn") == []


def test_a_table_that_was_emptied_is_made_anew_at_twenty_rows_a_second(
    keepalive: ModuleType, server: FakeServer
) -> None:
    """And with one look at all of them, not one for each row."""
    for number in range(100):
        keepalive.configure_group(f"g{number:02}", fall=3)
    server.tick(2)
    table = server.ksr.tables["keepalive_group_options"]
    table.clear()
    server.tick(6)
    assert len(table) == 100


def test_a_lost_row_among_many_is_made_anew_at_the_next_change(
    keepalive: ModuleType, server: FakeServer
) -> None:
    """With the change all processes read the options again; who has none by then has them within a second."""
    keepalive.add_destination(A, "me", group="g0499")
    for number in range(500):
        keepalive.configure_group(f"g{number:04}", fall=3)
    server.tick(60)
    del server.ksr.tables["keepalive_group_options"]["g0499"]
    keepalive.configure_group("g0000", fall=4)
    server.tick(2)
    assert falls(keepalive, A) == [3]


def test_no_memory_changes_nothing(keepalive: ModuleType, server: FakeServer) -> None:
    """If there is no room for options, configure_group says so, and those of before hold."""
    keepalive.add_destination(A, "me", group="g")
    keepalive.configure_group("g", fall=3)
    server.ksr.room_left = 0
    assert keepalive.configure_group("h", fall=4) == -1
    server.ksr.room_left = None
    keepalive.add_destination(B, "me", group="h")
    assert falls(keepalive, A, B) == [3, 1]
    assert "shared memory refused 'h' in table keepalive_group_options" in server.ksr.lines("err")[0]


def test_the_list_file_configures_groups(server: FakeServer, tmp_path: Path) -> None:
    """A line says an option of a group; a reload applies the difference; the script's word wins."""
    file = tmp_path / "keepalive.list"
    file.write_text(
        f"{A} group=g\ngroup.g.fall=3 group.g.rise=2  # of all\n{B} group=g fall=5\ngroup.h.fall=7\n"
    )
    server.define("list_file", str(file))
    keepalive = server.process()
    assert falls(keepalive, A, B) == [3, 5]
    keepalive.add_destination(C, "me", group="h")
    assert falls(keepalive, C) == [7]
    file.write_text(f"group.g.fall=4\n{A} group=g\n{B} group=g fall=5\n")
    assert keepalive.reload() == 0
    assert falls(keepalive, A, B, C) == [4, 5, 1]
    assert keepalive.info(A)["rise"] == 1
    keepalive.configure_group("g", fall=8)
    assert falls(keepalive, A) == [8]
    assert keepalive.reload() == 0
    assert falls(keepalive, A) == [8]
    keepalive.configure_group("g")
    assert falls(keepalive, A) == [4]
    server.tick(3)
    assert server.ksr.lines("err") == []


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("group.h.fall=0", "line 3: group 'h': bad fall 0: 1 to 1000 failures is allowed"),
        ("group.g.colour=red", "line 3: group 'g': unknown parameter 'colour'"),
        ("group.g.mass_failure=40", "line 3: group 'g': mass_failure is no parameter of a group"),
        ("group.g.fall=4", "line 3: fall of group 'g' stands in line 1 already"),
        ("group..fall=3", "line 3: "),
        ("group.h.fall=3 sip:c", "line 3: 'sip:c' is no group.NAME.PARAMETER=VALUE"),
    ],
)
def test_a_bad_line_of_a_group_changes_nothing(
    server: FakeServer, tmp_path: Path, text: str, fault: str
) -> None:
    """At the start the other lines are used; a reload refuses the file."""
    file = tmp_path / "keepalive.list"
    file.write_text(f"group.g.fall=3\n{A} group=g\n{text}\n")
    server.define("list_file", str(file))
    keepalive = server.process()
    assert falls(keepalive, A) == [3]
    assert fault in server.ksr.lines("err")[0]
    before = dict(server.ksr.tables["keepalive_group_options"])
    file.write_text(f"group.g.rise=9\n{A} group=g\n{text.replace('fall=4', 'rise=4')}\n")
    assert keepalive.reload() == -1
    assert server.ksr.tables["keepalive_group_options"] == before


def test_options_of_a_group_that_nobody_is_in(server: FakeServer, tmp_path: Path) -> None:
    """Its name may have a slip: one WARNING each time that the list is applied; a script's members count."""
    file = tmp_path / "keepalive.list"
    file.write_text(
        f"{A} group=carriers\ngroup.Carriers.fall=3\ngroup.script.fall=2\ngroup.carriers.rise=2\n"
    )
    server.define("list_file", str(file))
    server.ksr.phase = "mod_init"
    server.ksr.tables_exist = False
    keepalive = server.process()
    keepalive.add_destination(B, "me", group="script")
    server.ksr.phase = "route"
    server.ksr.tables_exist = True
    server.tick(15)
    [line] = server.ksr.lines("warn")
    assert "has options of group 'Carriers', and nobody is in it: is that as group= has it?" in line
    assert keepalive.reload() == 0
    assert len(server.ksr.lines("warn")) == 2
    file.write_text(
        f"{A} group=carriers\ngroup.carriers.fall=3\n" + "group.x.fall=2\n".replace("x", "x" * 200)
    )
    assert keepalive.reload() == 0
    assert len(server.ksr.lines("warn")) == 3
    many = "".join(f"group.{number}.fall=2\n" for number in range(1000))
    file.write_text(f"{A} group=carriers\n{many}")
    assert keepalive.reload() == 0
    assert "group '0', '1', '2', '3', '4', and others, and nobody" in server.ksr.lines("warn")[-1]


def test_a_reload_that_is_refused_leaves_the_groups_alone(server: FakeServer, tmp_path: Path) -> None:
    """If too many destinations would go, nothing changes, of groups neither."""
    file = tmp_path / "keepalive.list"
    file.write_text(f"group.g.fall=3\n{A} group=g\n")
    server.define("list_file", str(file))
    keepalive = server.process()
    assert falls(keepalive, A) == [3]
    file.write_text("group.g.fall=4\n")
    assert keepalive.reload() == -1
    assert falls(keepalive, A) == [3]
    assert keepalive.reload(force=True) == 0
    keepalive.add_destination(A, "me", group="g")
    assert falls(keepalive, A) == [4]


def test_a_group_with_a_proxy(server: FakeServer, tmp_path: Path) -> None:
    """A destination is monitored whatever its transport is, if its group says what pings go through."""
    keepalive = server.process()
    server.tick(1)
    keepalive.configure_group("g", outbound_proxy="sip:192.0.2.1")
    assert keepalive.add_destination("sip:192.168.10.20;transport=ws", "me", group="g") == 0
    assert keepalive.add_destination("sip:192.168.10.21;transport=ws", "me") == -1
    server.tick(2)
    assert {ping.hop for ping in server.ksr.sent} == {"sip:192.0.2.1"}


def test_what_a_group_costs(server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pings, replies and is_alive make as many calls with options of a group; its row is read each second."""
    calls = [0]
    build = FakeKSR.checked

    def checked(ksr: FakeKSR, name: str, signature: Any) -> Callable[..., Any]:
        function = build(ksr, name, signature)

        def counting(*args: Any) -> Any:
            calls[0] += 1
            return function(*args)

        return counting

    monkeypatch.setattr(FakeKSR, "checked", checked)
    keepalive = server.process()
    keepalive.add_destination(A, "me", group="g", ping_interval=1)
    counted = []
    for options in ({}, {"fall": 2, "ping_timeout": "1s"}):
        if options:
            keepalive.configure_group("g", **options)
        server.answer(200, 5)
        calls[0] = 0
        server.answer(200, 10)
        assert keepalive.is_alive(A) == 1
        counted.append(calls[0])
    assert counted[0] > 1000
    assert counted[1] - counted[0] == 10 * 3
