"""A list of destinations takes the place of the one before: as a whole, or not at all."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from conftest import FakeServer

A = "sip:192.168.10.20"
MANY = [f"sip:192.168.10.{number}" for number in range(1, 13)]


class Source:
    """A list that can be replaced at run time: that of kamailio.cfg, or the list file."""

    def __init__(self, server: FakeServer, tmp_path: Path, kind: str) -> None:
        self.server = server
        self.kind = kind
        self.file = tmp_path / "keepalive.list"
        self.keepalive: ModuleType

    def start(self, *uris: str) -> None:
        """Start the server with a list."""
        if self.kind == "kamailio.cfg":
            self.server.define("destinations", " ".join(uris))
        else:
            self.file.write_text("\n".join(uris))
            self.server.define("list_file", str(self.file))
        self.keepalive = self.server.process()
        self.server.tick(0.2)

    def replace(self, *uris: str, forced: bool = False) -> bool:
        """Replace it; return whether that was done without a complaint."""
        before = len(self.server.ksr.lines("err"))
        if self.kind == "kamailio.cfg":
            self.server.ksr.settings["destination"] = " ".join(["!force"] * forced + list(uris))
            self.server.tick(1.2)
            return len(self.server.ksr.lines("err")) == before
        self.file.write_text("\n".join(uris))
        return bool(self.keepalive.reload(force=forced) == 0)

    @property
    def monitored(self) -> list[str]:
        return sorted(each["uri"] for each in self.keepalive.list())


@pytest.fixture(params=["kamailio.cfg", "list_file"])
def source(request: pytest.FixtureRequest, server: FakeServer, tmp_path: Path) -> Source:
    """Each source of a list."""
    return Source(server, tmp_path, request.param)


def test_a_list_with_a_bad_entry_changes_nothing(source: Source) -> None:
    """One slip of the hand keeps the whole list as it was, and the log names the slip."""
    source.start(*MANY)
    assert not source.replace("sip:10.0.0.256")
    assert not source.replace(*MANY[:-1], "sip:10.0.0.256")
    assert not source.replace(*MANY, "sip:new", "sip:10.0.0.256", forced=True)
    assert source.monitored == sorted(MANY)
    errors = source.server.ksr.lines("err")
    assert (
        sum("bad destination 'sip:10.0.0.256': bad IPv4 address '10.0.0.256'" in line for line in errors) == 3
    )
    assert all(len(line) < 400 for line in errors)
    assert len(errors) == (3 if source.kind == "kamailio.cfg" else 6)


def test_at_the_start_the_good_entries_are_used(source: Source) -> None:
    """Bad ones are named then, and what is left is monitored."""
    source.start("sip:10.0.0.256", A, *[f"sip:bad:{number}x" for number in range(100)], "sip:b")
    assert source.monitored == [A, "sip:b"]
    assert len(source.server.ksr.lines("err")) == 6
    assert "and 96 more like these" in source.server.ksr.lines("err")[-1]


def test_a_list_that_leaves_nothing_says_so(source: Source) -> None:
    """An empty list, as a full disk or a failed script leaves it, changes nothing unless it is forced."""
    source.start(A, "sip:b")
    for empty in ([], ["# nothing"] if source.kind == "list_file" else [","]):
        assert not source.replace(*empty)
        assert source.monitored == [A, "sip:b"]
    assert all("all 2 destinations would go" in line for line in source.server.ksr.lines("err"))
    assert source.replace(forced=True)
    assert source.monitored == []


def test_a_word_in_the_list_forces_that_of_kamailio_cfg_alone(source: Source) -> None:
    """In a file it would stay, and force each time: there it is a bad line."""
    source.start(*MANY)
    assert source.replace("!force", A) == (source.kind == "kamailio.cfg")
    assert source.monitored == ([A] if source.kind == "kamailio.cfg" else sorted(MANY))


def test_a_list_that_leaves_less_than_half_of_many_says_so(source: Source) -> None:
    """Of ten or more half may go at a time, and more if it is forced; of fewer any number that leaves one."""
    source.start(*MANY)
    assert not source.replace(*MANY[7:], "sip:x", "sip:y")
    assert source.monitored == sorted(MANY)
    assert "7 of 12 destinations would go, more than half" in source.server.ksr.lines("err")[-1]
    assert source.replace(*MANY[6:])
    assert source.monitored == sorted(MANY[6:])
    assert source.replace(MANY[6])
    assert source.replace(*MANY)
    assert source.replace(*MANY[11:], forced=True)
    assert source.monitored == MANY[11:]


def test_only_its_own_destinations_count(source: Source) -> None:
    """What others own is neither counted nor removed."""
    source.start(A, "sip:b")
    for uri in (A, *MANY):
        source.keepalive.add_destination(uri, "script")
    assert not source.replace()
    assert source.replace("sip:b")
    assert source.monitored == sorted({"sip:b", A, *MANY})
    assert source.replace(forced=True)
    assert source.monitored == sorted({A, *MANY})


def test_what_memory_has_no_room_for_removes_nothing(source: Source) -> None:
    """The new comes before the missing goes: with full memory nothing is lost."""
    source.start(*MANY)
    for room in range(0, 40, 3):
        source.server.ksr.room_left = room
        assert not source.replace(*MANY[6:], *[f"sip:new{number}" for number in range(50 + room)])
        assert set(MANY) <= set(source.monitored)
        assert all(source.keepalive.state(uri) >= 0 for uri in source.monitored)
    assert "none was removed" in source.server.ksr.lines("err")[-1]
    assert "destinations are not monitored as wanted" in source.server.ksr.lines("err")[-1]
    assert all(len(line) < 300 for line in source.server.ksr.lines("err"))
    source.server.ksr.room_left = None
    assert source.replace(*MANY[6:], "sip:new", forced=True)
    assert source.monitored == sorted([*MANY[6:], "sip:new"])


def test_a_list_that_memory_had_no_room_for_is_followed_later(server: FakeServer, tmp_path: Path) -> None:
    """Each minute it is tried again; another list is followed at once, the one before too."""
    source = Source(server, tmp_path, "kamailio.cfg")
    source.start(*MANY)
    server.ksr.room_left = 6
    assert not source.replace(*MANY[6:], *[f"sip:new{number}" for number in range(9)])
    there = len(source.monitored)
    assert there > 12
    server.tick(58)
    assert len(source.monitored) == there
    server.ksr.room_left = None
    server.tick(3)
    assert source.monitored == sorted([*MANY[6:], *[f"sip:new{number}" for number in range(9)]])
    server.ksr.room_left = 6
    assert not source.replace(*MANY[6:], *[f"sip:other{number}" for number in range(9)])
    server.ksr.room_left = None
    assert source.replace(*MANY[6:], *[f"sip:new{number}" for number in range(9)])
    assert source.monitored == sorted([*MANY[6:], *[f"sip:new{number}" for number in range(9)]])


def test_what_memory_had_no_room_for_at_the_start_is_monitored_later(
    server: FakeServer, tmp_path: Path
) -> None:
    """Of what the script, kamailio.cfg and the list file want nothing is given up for good."""
    file = tmp_path / "keepalive.list"
    file.write_text("\n".join(MANY[:4]))
    server.define("list_file", str(file))
    server.define("destinations", " ".join(MANY[4:8]))
    server.ksr.tables_exist = False
    keepalive = server.process()
    for uri in MANY[8:]:
        keepalive.modparam("destination", uri)
    keepalive.register_callback(len)
    server.ksr.tables_exist = True
    server.ksr.room_left = 20
    server.tick(1)
    there = len(keepalive.list())
    assert there < 12
    told = len(server.ksr.lines("err"))
    server.tick(30)
    assert len(server.ksr.lines("err")) < told + 5, "it is not told again and again"
    server.ksr.room_left = None
    server.tick(11)
    assert sorted(each["uri"] for each in keepalive.list()) == sorted(MANY)
    assert "keepalive: all that is configured is monitored now" in server.ksr.lines("info")


@pytest.mark.parametrize("room", range(12))
def test_a_start_without_memory_is_made_up_for(server: FakeServer, room: int) -> None:
    """Wherever the start-up runs out of memory: with memory again all that is configured is pinged."""
    server.define("destinations", f"{A} sip:b")
    server.ksr.room_left = room
    keepalive = server.process()
    server.tick(3)
    server.ksr.room_left = None
    server.tick(15)
    assert {ping.uri for ping in server.ksr.sent} == {A, "sip:b"}
    assert keepalive.state(A) != -1


def test_a_removal_that_fails_midway_is_told(source: Source, mocker) -> None:
    """One destination that can't be removed keeps the others neither there nor from being told."""
    source.start(*MANY)
    import keepalive_core.services.registrations as registrations

    disown = registrations.disown

    def fails(key: str, owner: str) -> bool:
        if key.startswith(MANY[1]):
            raise RuntimeError("broken")
        return disown(key, owner)

    mocker.patch.object(registrations, "disown", side_effect=fails)
    assert not source.replace(*MANY[4:])
    assert source.monitored == sorted([MANY[1], *MANY[4:]])
    assert any(f"{MANY[1]}:5060 may stay: broken" in line for line in source.server.ksr.lines("err"))


def test_a_row_that_is_no_registration_is_its_own_trouble(source: Source) -> None:
    """A row that somebody overwrote keeps no other destination from coming, going or being listed.

    What it said comes back, as the prober remembers it: that of a destination that was to go, too.
    """
    source.start(*MANY)
    source.server.ksr.tables["keepalive_destination"][f"{MANY[0]}:5060"] = "{broken"
    assert source.replace(*MANY[1:6], *MANY[7:], "sip:new") == (source.kind == "list_file")
    assert {*source.monitored} - {MANY[0]} == {*MANY[1:6], *MANY[7:], "sip:new"}


# --- the file --------------------------------------------------------------------------------------------


def fifo(path: Path) -> None:
    os.mkfifo(path)


def unix_socket(path: Path) -> None:
    socket.socket(socket.AF_UNIX).bind(str(path))


ODD: list[Callable[[Path], object]] = [
    fifo,
    unix_socket,
    lambda path: path.mkdir(),
    lambda path: path.symlink_to("/dev/zero"),
    lambda path: path.symlink_to(path),
    lambda path: path.symlink_to("/proc/self/mem"),
    lambda path: None,
]


@pytest.mark.parametrize("make", ODD)
def test_only_a_regular_file_is_read(
    server: FakeServer, tmp_path: Path, make: Callable[[Path], object]
) -> None:
    """A FIFO that nobody writes, a device without end, a folder: refused at once, and nothing has changed."""
    file = tmp_path / "keepalive.list"
    file.write_text(A)
    server.define("list_file", str(file))
    keepalive = server.process()
    assert keepalive.state(A) == 0
    file.unlink()
    make(file)
    assert keepalive.reload() == -1
    assert keepalive.state(A) == 0
    assert "can't be read, nothing has changed" in server.ksr.lines("err")[-1]


def test_a_file_has_a_largest_size(server: FakeServer, tmp_path: Path) -> None:
    """A file of more than 32 MB is refused whole, before anything of it is used."""
    file = tmp_path / "keepalive.list"
    file.write_text(A)
    server.define("list_file", str(file))
    keepalive = server.process()
    assert keepalive.state(A) == 0
    with file.open("wb") as grown:
        grown.write(b"sip:b\n")
        grown.truncate(32 * 2**20 + 1)
    assert keepalive.reload(force=True) == -1
    assert keepalive.state(A) == 0
    assert "is larger than 32 MB, nothing has changed" in server.ksr.lines("err")[-1]


def test_a_file_that_is_missed_at_the_start_is_tried_again(server: FakeServer, tmp_path: Path) -> None:
    """A list on a disk that comes late, or that can't be opened for a moment, is monitored later."""
    file = tmp_path / "keepalive.list"
    server.define("list_file", str(file))
    server.define("destinations", A)
    keepalive = server.process()
    server.tick(25)
    assert keepalive.state(A) != -1
    assert keepalive.state("sip:b") == -1
    [line] = server.ksr.lines("err")
    assert "can't be read" in line
    assert "it is tried again each 10 s" in line
    file.write_text("sip:b\nsip:bad:port\n")
    server.tick(11)
    assert keepalive.state("sip:b") != -1
    assert "keepalive: all that is configured is monitored now" in server.ksr.lines("info")
    file.write_text("sip:c\n")
    server.tick(25)
    assert keepalive.state("sip:c") == -1, "from then on reload() reads it"
    assert len(server.ksr.lines("err")) == 1


def test_reload_in_mod_init_is_too_early(server: FakeServer, tmp_path: Path) -> None:
    """Before there are tables a list is read by nobody; it is read at the start."""
    file = tmp_path / "keepalive.list"
    file.write_text(A)
    server.define("list_file", str(file))
    server.ksr.tables_exist = False
    keepalive = server.process()
    assert keepalive.reload() == -1
    server.ksr.tables_exist = True
    assert keepalive.state(A) == 0


@pytest.mark.parametrize("force", ["no", 1, None])
def test_force_is_true_or_false(keepalive: ModuleType, server: FakeServer, force: object) -> None:
    """A word that somebody may have meant otherwise forces nothing."""
    assert keepalive.reload(force) == -1
    assert "True or False is needed" in server.ksr.lines("err")[-1]


def test_a_native_route_may_force(server: FakeServer, tmp_path: Path) -> None:
    """python_exec("reload", "force") does what reload(force=True) does, and no other word does."""
    file = tmp_path / "keepalive.list"
    file.write_text(A)
    server.define("list_file", str(file))
    native = server.process().NativeHandlers()
    assert native.is_alive(None, A) == 1
    file.write_text("")
    assert native.reload(None) == native.reload(None, "") == native.reload(None, "no") == -1
    assert native.is_alive(None, A) == 1
    assert native.reload(None, "force") == 1
    assert native.is_alive(None, A) == -1


def test_what_kamailio_makes_of_its_define_is_a_start(server: FakeServer) -> None:
    """If the define's text does not tell what the list comes to, good entries are used then as well."""
    server.ksr.defines["KEEPALIVE_DESTINATIONS"] = '"sip:PLACEHOLDER"'
    server.ksr.settings["destination"] = f"{A} sip:10.0.0.256"
    keepalive = server.process()
    server.tick(1)
    assert [each["uri"] for each in keepalive.list()] == [A]
    assert len(server.ksr.lines("err")) == 1


def test_while_the_list_file_is_missing_nobody_comes_back(server: FakeServer, tmp_path: Path) -> None:
    """What is tried again is what is missing: not who was deleted since, nor what was updated since."""
    server.define("list_file", str(tmp_path / "keepalive.list"))
    server.define("destinations", f"{A} sip:b")
    server.ksr.tables_exist = False
    keepalive = server.process()
    for uri in ("sip:c", "sip:d"):
        assert keepalive.add_destination(uri, "me", fall=2) == 0
    server.ksr.tables_exist = True
    server.tick(2)
    assert keepalive.del_destination(A, "kamailio.cfg") == 0
    assert keepalive.del_destination("sip:c", "me") == 0
    assert keepalive.add_destination("sip:d", "me", fall=5) == 0
    server.tick(25)
    assert [each["uri"] for each in keepalive.list()] == ["sip:b", "sip:d"]
    assert keepalive.info("sip:d")["fall"] == 5


def test_a_list_that_is_refused_leaves_the_one_of_the_start(server: FakeServer) -> None:
    """What memory had no room for at the start is monitored later, whatever was refused meanwhile."""
    server.define("destinations", f"{A} sip:b")
    keepalive = server.process()
    server.ksr.room_left = 18
    keepalive.state(A)
    server.tick(2)
    assert [keepalive.state(uri) >= 0 for uri in (A, "sip:b")] == [True, False]
    server.ksr.settings["destination"] = "sip:10.0.0.256"
    server.tick(2)
    server.ksr.room_left = None
    for _ in range(20):
        # What took a busy machine long is tried again after a hundred times that.
        server.tick(12)
        if keepalive.state("sip:b") >= 0:
            break
    assert keepalive.state("sip:b") >= 0


@pytest.mark.parametrize("row", ["brought_in", "started"])
def test_who_was_deleted_stays_away_if_a_row_is_lost(server: FakeServer, row: str) -> None:
    """What was brought in at the start is not brought in once more."""
    server.define("destinations", f"{A} sip:b")
    keepalive = server.process()
    server.tick(2)
    assert keepalive.del_destination(A, "kamailio.cfg") == 0
    for _ in range(3):
        del server.ksr.tables["keepalive"][row]
        server.tick(12)
    assert [each["uri"] for each in keepalive.list()] == ["sip:b"]


def overtake_registering(
    monkeypatch: pytest.MonkeyPatch, keepalive: ModuleType, file: Path, newer: list[str]
) -> None:
    """Whenever a process begins to register what it has read, the file is changed, and reloaded elsewhere.

    Arguments: newer, the texts that the file gets, one after the other.
    """
    ownership = sys.modules["keepalive_core.services.ownership"]
    registered = ownership._registered
    texts = iter(newer)

    def slow(*args: Any, **options: Any) -> Any:
        text = next(texts, None)
        if text:
            file.write_text(text)
            assert keepalive.reload() == 0
        return registered(*args, **options)

    monkeypatch.setattr(ownership, "_registered", slow)


@pytest.mark.parametrize("others", [1, 3])
def test_of_two_reloads_at_once_the_newest_file_counts(
    server: FakeServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, others: int
) -> None:
    """A process that reads what the file had before, and is slow, undoes nothing of what another one did."""
    file = tmp_path / "keepalive.list"
    file.write_text(f"{A}\nsip:b\nsip:c\n")
    server.define("list_file", str(file))
    keepalive = server.process()
    server.tick(0.2)
    newer = [f"sip:d{number}\nsip:b\nsip:c\n" for number in range(others)]
    overtake_registering(monkeypatch, keepalive, file, newer)
    assert keepalive.reload() == 0
    assert [each["uri"] for each in keepalive.list()] == sorted(file.read_text().split())


def test_a_reload_while_a_missing_list_file_is_brought_in(
    server: FakeServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The prober that has just read it brings back nothing that a reload has removed meanwhile."""
    file = tmp_path / "keepalive.list"
    server.define("list_file", str(file))
    keepalive = server.process()
    server.tick(2)
    file.write_text("sip:b\nsip:c\n")
    overtake_registering(monkeypatch, keepalive, file, ["sip:c\n"])
    server.tick(12)
    assert [each["uri"] for each in keepalive.list()] == ["sip:c"]


# --- what a reload changes, or would ----------------------------------------------------------------------


@pytest.fixture
def listed(server: FakeServer, tmp_path: Path) -> Path:
    """The list file of a server that has read it."""
    file = tmp_path / "keepalive.list"
    file.write_text("group.g.fall=3\nsip:a group=g\nsip:b\nsip:c fall=2\nsip:d\n")
    server.define("list_file", str(file))
    server.process()
    server.tick(0.2)
    return file


NEWER = "group.g.fall=4\nsip:a group=g\nsip:b\nsip:c\nsip:e group=g\n"


def reload(forced: bool = False, dry_run: bool = False) -> Any:
    return sys.modules["keepalive_core.services.lists"].reload(forced, dry_run)


def test_a_reload_says_what_has_changed(server: FakeServer, listed: Path) -> None:
    """What came, what went, what is wanted otherwise now, groups with other options too."""
    listed.write_text(NEWER)
    expected = (["sip:e"], ["sip:d"], ["sip:c", "group g"])
    before = {table: dict(rows) for table, rows in server.ksr.tables.items()}
    assert reload(dry_run=True) == expected
    assert server.ksr.tables == before, "a dry run changes nothing"
    assert server.ksr.lines("err") == []
    assert reload() == expected
    assert reload() == reload(dry_run=True) == ([], [], [])
    listed.write_text("sip:a group=g\nsip:b\nsip:c\nsip:e group=g\n")
    assert reload() == ([], [], ["group g"])


def test_another_spelling_is_a_change(server: FakeServer, listed: Path) -> None:
    """The one that is pinged; if another owner came first, it is his that is pinged."""
    keepalive = sys.modules["keepalive"]
    assert keepalive.add_destination("sip:z:5060", "me") == 0
    listed.write_text("sip:b\nsip:c fall=2\nsip:d\nsip:z:5060;lr\nsip:a group=g\ngroup.g.fall=3\n")
    assert reload() == (["sip:z:5060"], [], [])
    listed.write_text("sip:B\nsip:c fall=2\nsip:d\nsip:Z:5060\nsip:a group=g\ngroup.g.fall=3\n")
    assert reload(dry_run=True) == reload() == ([], [], ["sip:b"])
    assert keepalive.info("sip:b")["uri"] == "sip:B"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("nonsense!", "has 1 bad lines, nothing has changed"),
        ("", r"all 4 destinations would go; call reload\(force=True\) if that is meant"),
        (None, "can't be read, nothing has changed"),
    ],
)
def test_a_dry_run_says_the_same_errors(
    server: FakeServer, listed: Path, text: str | None, fault: str
) -> None:
    """As the reload that it stands for; and with force it says what that would do."""
    listed.unlink() if text is None else listed.write_text(text)
    before = {table: dict(rows) for table, rows in server.ksr.tables.items()}
    refused = sys.modules["keepalive_core.services.lists"].Refused
    for dry_run in (True, False):
        with pytest.raises(refused, match=fault):
            reload(dry_run=dry_run)
    if text == "":
        assert len(reload(forced=True, dry_run=True).removed) == 4
    before["keepalive"]["reloads"] = server.ksr.tables["keepalive"]["reloads"]
    assert server.ksr.tables == before


def test_a_reload_has_many_steps(server: FakeServer, listed: Path) -> None:
    """Its process may answer somebody between two of them."""
    listed.write_text("".join(f"sip:a{number}\n" for number in range(1000)))
    steps = sys.modules["keepalive_core.services.lists"].reload_in_steps(True)
    assert len(list(steps)) >= 20
    assert len(sys.modules["keepalive"].list()) == 1000
