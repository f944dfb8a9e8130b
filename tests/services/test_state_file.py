"""The state file: what outlives a restart, and what no file can do to the destinations."""

from __future__ import annotations

import errno
import os
import stat
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conftest import FakeServer
from keepalive_testing.ksr import FakeKSR

A = "sip:192.168.10.20"
B = "sip:192.168.10.21"
DAY = 86_400


class Disk:
    """A server with a state file, which can be restarted."""

    def __init__(self, server: FakeServer, file: Path) -> None:
        self.server = server
        self.file = file
        self.writer: Any = None
        server.define("state_file", str(file))
        server.define("destinations", f"{A} {B}")

    def start(self, room: int | None = None) -> ModuleType:
        """Start the server, with nothing in its memory, and room for a number of rows."""
        self.server.ksr.room_left = room
        for rows in self.server.ksr.tables.values():
            rows.clear()
        for queue in self.server.ksr.queues.values():
            queue.clear()
        keepalive = self.server.process()
        keepalive.state(A)
        self.writer = sys.modules["keepalive_core.services.state_writer"].Writer()
        return keepalive

    def write(self, times: int = 1) -> None:
        """Let the process that writes the file do so."""
        for _ in range(times):
            self.writer._not_before = 0
            while self.writer.go_on():
                pass

    def told(self, level: str) -> list[str]:
        return [line for line in self.server.ksr.lines(level) if "state_file" in line]


@pytest.fixture
def disk(server: FakeServer, tmp_path: Path) -> Disk:
    """A server whose state file may be written."""
    return Disk(server, tmp_path / "keepalive.state")


def all_are_pinged(disk: Disk, keepalive: ModuleType) -> bool:
    """Whether both configured destinations are registered, and pinged within an interval."""
    before = len(disk.server.ksr.sent)
    disk.server.tick(31)
    pinged = {ping.uri for ping in disk.server.ksr.sent[before:]}
    return {A, B} <= pinged and keepalive.state(A) >= 0 and keepalive.state(B) >= 0


def test_after_a_restart_all_is_back(disk: Disk) -> None:
    """States, admin modes, counters and history are known before any ping, of what is added later too."""
    keepalive = disk.start()
    disk.server.answer(200, 2)
    keepalive.set_admin(B, "maint", by="me", why="test")
    keepalive.add_destination("sip:later", "me")
    disk.server.answer(503, 35)
    before = {uri: keepalive.info(uri) for uri in (A, B, "sip:later")}
    disk.write()
    again = disk.start()
    assert again.is_alive(A) == 2, "known before its first ping"
    assert again.is_alive(B) == 2
    again.add_destination("sip:later", "me")
    for uri, known in before.items():
        assert {**again.info(uri), "not_pinged_because": ""} == {**known, "not_pinged_because": ""}
    disk.server.answer(200, 2)
    assert again.state(A) == again.UP
    assert again.state(B) == again.UP, "in maintenance: as it was"
    assert disk.server.ksr.lines("warn") == disk.server.ksr.lines("err") == []


FILES = Path(__file__).resolve().parents[1] / "state_files"
GATEWAY = "sips:gw.example.com"
SPELLINGS = (GATEWAY, f"{GATEWAY};transport=tls", f"{GATEWAY}:5061")


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("name", ["1-first", "1", "2", "3", "4"])
def test_a_former_key_is_that_of_each_spelling(disk: Disk, name: str, spelling: str) -> None:
    """A name had one key with a port and without: whichever is configured now goes on with its state."""
    disk.file.write_bytes((FILES / name).read_bytes())
    disk.server.define("destinations", spelling)
    keepalive = disk.start()
    assert keepalive.is_alive(spelling) == 2
    assert keepalive.info(spelling)["history"]
    disk.write()
    again = disk.start()
    assert again.is_alive(spelling) == 2, "by its own row now"
    assert disk.server.ksr.lines("warn") == disk.server.ksr.lines("err") == []


def test_a_key_of_today_is_that_of_one_thing(disk: Disk) -> None:
    """What a file of today says of a name with a port says nothing of the name alone, and the other way."""
    disk.file.write_bytes((FILES / "5").read_bytes())
    keepalive = disk.start()
    for spelling in SPELLINGS:
        keepalive.add_destination(spelling, "me")
    assert [keepalive.state(spelling) for spelling in SPELLINGS] == [0, 0, 2]


def test_a_former_key_in_a_file_that_is_read_late(disk: Disk) -> None:
    """It is as if it had been read at the start."""
    disk.file.write_bytes((FILES / "4").read_bytes())
    disk.file.rename(disk.file.with_suffix(".away"))
    disk.file.mkdir()
    disk.server.define("destinations", GATEWAY)
    keepalive = disk.start()
    assert keepalive.state(GATEWAY) == 0
    disk.file.rmdir()
    disk.file.with_suffix(".away").rename(disk.file)
    disk.write()
    assert keepalive.state(GATEWAY) == 2


def test_the_file_is_its_owners_and_his_groups(disk: Disk) -> None:
    """Its mode is 0640, whatever the umask is: there may be passwords in it."""
    disk.start()
    for mask in (0, 0o077):
        before = os.umask(mask)
        try:
            disk.file.unlink(missing_ok=True)
            disk.writer = sys.modules["keepalive_core.services.state_writer"].Writer()
            disk.write()
        finally:
            os.umask(before)
        assert stat.S_IMODE(disk.file.stat().st_mode) == 0o640
        assert sorted(os.listdir(disk.file.parent)) == [disk.file.name]


# --- damage -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def states() -> bytes:
    """A state file of A, which is up, and of B, which is in maintenance."""
    return (
        b'["keepalive-state-5"]\n'
        b'9738f185 {"destination":"sip:192.168.10.20:5060","state":1,"streak":1,"ok":1,"checked":1790000000,'
        b'"last_up":1790000000,"since":1790000000,"availability":"212163200 uu 0 0 0"}\n'
        b'85094d8a {"destination":"sip:192.168.10.21:5060","admin":{"mode":"maint","until":0,"by":"",'
        b'"why":"","since":1790000000}}\n'
        b'486dae6b {"end":2}\n'
    )


def test_the_format_of_today(disk: Disk, states: bytes) -> None:
    """A file that this version wrote, to the letter, so that no later version reads it otherwise."""
    disk.file.write_bytes(states)
    keepalive = disk.start()
    assert keepalive.state(A) == 1
    assert keepalive.info(B)["admin"]["mode"] == "maint"
    assert disk.told("warn") == []
    disk.write()
    *same, server, end, rest = disk.file.read_bytes().split(b"\n")
    assert [*same, end, rest] == states.split(b"\n")
    assert b'{"end":2,"server":{"until":' in server


@pytest.mark.parametrize(
    ("damage", "warnings"),
    [
        (lambda data: data.replace(b"maint", b"maiot"), 1),
        (lambda data: data.replace(b'"state":1', b'"state":2'), 1),
        (lambda data: data.replace(b'"end":2', b'"end":3'), 1),
        (lambda data: data[: len(data) // 2], 1),
        (lambda data: data[:-1], 0),
        (lambda data: data[:-20], 1),
        (lambda data: data.replace(b'["keepalive-state-5"]\n', b""), 1),
        (lambda data: data.replace(b"keepalive-state-5", b"keepalive-state-6"), 1),
        (lambda data: data.replace(b"keepalive-state-5", b"keepalive-stape-4"), 1),
        (lambda data: data + data, 1),
        (lambda data: data + b"\0" * 5000, 0),
        (lambda data: b'["keepalive-state-5"]\n' + b"garbage\n" * 100, 6),
        (lambda data: b"", 1),
        (lambda data: b"\0" * 5000, 1),
    ],
)
def test_a_damaged_file_costs_what_is_damaged(
    disk: Disk, states: bytes, damage: Callable[[bytes], bytes], warnings: int
) -> None:
    """One WARNING for each of the first bad lines, one for a missing end; then it is written whole."""
    damaged = damage(states)
    disk.file.write_bytes(damaged)
    keepalive = disk.start()
    assert len(disk.told("warn")) == warnings
    assert all(len(line) < 300 for line in disk.told("warn"))
    of_a = next(line for line in states.split(b"\n") if f'"{A}:5060"'.encode() in line)
    assert keepalive.state(A) == (1 if of_a in damaged.split(b"\n") else 0)
    keepalive.set_admin(B, "ready")
    assert all_are_pinged(disk, keepalive)
    disk.write()
    again = disk.start()
    assert again.state(A) == 2, "nobody answered"
    assert len(disk.told("warn")) == warnings
    assert disk.told("err") == []


@pytest.mark.parametrize("text", ["{}", "[]", "null", "x", '{"destination":"sip:b"}', "\x7f" * 100, ""])
def test_a_row_that_went_bad_in_memory_begins_anew(disk: Disk, states: bytes, text: str) -> None:
    """What is kept until a destination is added is not trusted either."""
    disk.file.write_bytes(states.replace(b"192.168.10.20", b"192.168.10.99"))
    keepalive = disk.start()
    disk.server.ksr.tables["keepalive_restored"]["sip:new"] = text
    assert keepalive.add_destination("sip:new", "me") == 0
    assert keepalive.state("sip:new") == 0
    assert len(disk.server.ksr.lines("warn")) <= 2
    assert disk.server.ksr.lines("err") == []
    disk.write()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(data=st.data())
def test_whatever_the_file_is_all_are_pinged(data: st.DataObject, states: bytes, tmp_path: Path) -> None:
    """Any bytes in the state file: every configured destination is registered and pinged."""
    at = data.draw(st.integers(0, len(states)))
    gone = data.draw(st.integers(0, 40))
    damaged = states[:at] + data.draw(st.binary(max_size=20)) + states[at + gone :]
    with pytest.MonkeyPatch.context() as patch:
        ksr = FakeKSR("5.6")
        patch.setitem(sys.modules, "KSR", ksr.module)
        disk = Disk(FakeServer(ksr, patch), tmp_path / "keepalive.state")
        disk.file.write_bytes(damaged)
        keepalive = disk.start()
        assert keepalive.info(B)["admin"]["mode"] in ("ready", "maint")
        keepalive.set_admin(B, "ready")
        assert all_are_pinged(disk, keepalive)
        disk.write()
        assert ksr.violations == []
        assert disk.told("err") == []
        disk.file.unlink()


# --- files that are none of ours --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "foreign",
    [
        b"something else\n",
        b"\x7fELF\x02\x01\x01\0",
        b"[Unit]\nDescription=SIP\n",
        b'{"a": 1}\n',
        b"x" * 10**6,
    ],
)
def test_a_foreign_file_is_left_alone(disk: Disk, foreign: bytes) -> None:
    """It is neither overwritten nor renamed, one ERROR says so, and once it is gone states are written."""
    disk.file.write_bytes(foreign)
    keepalive = disk.start()
    assert all_are_pinged(disk, keepalive)
    disk.write(5)
    assert disk.file.read_bytes() == foreign
    assert os.listdir(disk.file.parent) == [disk.file.name]
    [line] = disk.told("err")
    assert f"{disk.file} is no state file, and is not written over" in line
    disk.file.unlink()
    disk.write()
    assert disk.file.read_bytes().startswith(b'["keepalive-state-5"]\n')


def test_a_foreign_file_that_comes_later_is_left_alone(disk: Disk) -> None:
    """Somebody puts another file in the place of ours, while Kamailio runs."""
    keepalive = disk.start()
    disk.write()
    disk.file.unlink()
    disk.file.write_bytes(b"something else\n")
    disk.server.answer(200, 1)
    disk.write(3)
    assert disk.file.read_bytes() == b"something else\n"
    assert len(disk.told("err")) == 1
    assert keepalive.is_alive(A) == 1


def make_target(path: Path) -> None:
    (path.parent / "target").write_bytes(b'["keepalive-state-5"]\n')
    path.symlink_to(path.parent / "target")


@pytest.mark.parametrize(
    "make", [Path.mkdir, os.mkfifo, make_target, lambda path: path.symlink_to("/dev/zero")]
)
def test_what_is_no_file_is_left_alone(disk: Disk, make: Callable[[Path], object]) -> None:
    """A folder is not renamed away, a FIFO not waited for, a symbolic link not followed."""
    make(disk.file)
    before = sorted(os.listdir(disk.file.parent))
    keepalive = disk.start()
    assert all_are_pinged(disk, keepalive)
    disk.write(3)
    assert sorted(os.listdir(disk.file.parent)) == before
    assert not stat.S_ISREG(os.lstat(disk.file).st_mode)
    [line] = disk.told("err")
    assert "can't be read, and is not written before it is" in line


# --- what passes ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "error", [errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EIO, errno.EACCES, errno.EINTR]
)
def test_an_error_that_passes_costs_nothing(
    disk: Disk, states: bytes, monkeypatch: pytest.MonkeyPatch, error: int
) -> None:
    """A file that can't be read for a moment is neither set aside nor overwritten, and read later."""
    disk.file.write_bytes(states)
    true_open = os.open

    def fails(path: Any, *rest: Any, **more: Any) -> int:
        if str(path).startswith(str(disk.file)):
            raise OSError(error, os.strerror(error))
        return true_open(path, *rest, **more)

    monkeypatch.setattr(os, "open", fails)
    keepalive = disk.start()
    assert keepalive.state(A) == 0
    disk.write(3)
    assert disk.file.read_bytes() == states
    assert os.listdir(disk.file.parent) == [disk.file.name]
    assert len(disk.told("err")) == 1
    assert all_are_pinged(disk, keepalive)
    keepalive.add_destination("sip:new", "me")

    monkeypatch.setattr(os, "open", true_open)
    disk.write()
    assert keepalive.info(B)["admin"]["mode"] == "maint", "what an administrator said is not lost"
    assert keepalive.is_alive(B) == 2
    assert keepalive.state(A) == 2, "what is newer stays"
    disk.write()
    assert b'"maint"' in disk.file.read_bytes()
    assert b"sip:new" in disk.file.read_bytes()


def test_a_state_that_is_read_late_is_used_where_nothing_is_known(
    disk: Disk, states: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before a destination's first result the file's word counts; an administrator's newer one always."""
    disk.file.write_bytes(states)
    disk.file.rename(disk.file.with_name("elsewhere"))
    os.mkfifo(disk.file)
    keepalive = disk.start()
    assert keepalive.state(A) == 0
    keepalive.set_admin(B, "drain")
    disk.file.unlink()
    disk.file.with_name("elsewhere").rename(disk.file)
    disk.write()
    assert keepalive.state(A) == 1
    assert keepalive.info(B)["admin"]["mode"] == "drain"
    disk.server.tick(2)
    assert disk.server.ksr.lines("warn") == []


@pytest.mark.parametrize("step", ["open", "write", "fsync", "replace", "fchmod"])
@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EROFS, errno.EIO, errno.EDQUOT])
def test_a_disk_that_takes_nothing_is_told_once(
    disk: Disk, monkeypatch: pytest.MonkeyPatch, step: str, error: int
) -> None:
    """Whatever fails: the old file is there and no other, one line, pings go on, and it is retried."""
    keepalive = disk.start()
    disk.write()
    before = disk.file.read_bytes()
    disk.server.answer(200, 1)

    def fails(*_: Any, **__: Any) -> None:
        raise OSError(error, os.strerror(error))

    class Full:
        def __init__(self, descriptor: int, mode: str) -> None:
            self.descriptor = descriptor

        def __enter__(self) -> Full:
            return self

        def __exit__(self, *_: object) -> None:
            os.close(self.descriptor)

        write = fails

    with monkeypatch.context() as patch:
        if step == "open":
            true_open = os.open
            patch.setattr(
                os,
                "open",
                lambda path, *rest: fails() if str(path).endswith(".new") else true_open(path, *rest),
            )
        elif step == "write":
            true_fdopen = os.fdopen
            patch.setattr(
                os, "fdopen", lambda fd, mode: Full(fd, mode) if mode == "wb" else true_fdopen(fd, mode)
            )
        else:
            patch.setattr(os, step, fails)
        disk.write(4)
        assert disk.file.read_bytes() == before
        assert os.listdir(disk.file.parent) == [disk.file.name]
        [line] = disk.told("err")
        assert "can't be written" in line
        disk.server.answer(200, 31)
        assert keepalive.info(A)["ok"] >= 2
    disk.write()
    assert disk.file.read_bytes() != before
    assert len(disk.told("err")) == 1


def test_a_folder_that_is_not_there_is_told_once(disk: Disk) -> None:
    """One line, not one a second; once the folder is there the file is."""
    disk.server.define("state_file", str(disk.file.parent / "none" / "keepalive.state"))
    disk.start()
    disk.write(5)
    assert len(disk.told("err")) == 1
    (disk.file.parent / "none").mkdir()
    disk.write()
    assert (disk.file.parent / "none" / "keepalive.state").exists()


# --- the draft --------------------------------------------------------------------------------------------


def test_a_draft_that_a_crash_left_is_made_anew(disk: Disk) -> None:
    """One of our own is removed, whatever was in it, and a second name that it had keeps its content."""
    draft = disk.file.with_name("keepalive.state.new")
    draft.write_bytes(b"half")
    os.link(draft, disk.file.with_name("linked"))
    disk.start()
    disk.write()
    assert not draft.exists()
    assert disk.file.exists()
    assert disk.file.with_name("linked").read_bytes() == b"half"
    assert disk.told("err") == []


@pytest.mark.parametrize(
    "trap", [lambda draft: draft.symlink_to(draft.with_name("target")), Path.mkdir, os.mkfifo]
)
def test_a_draft_that_is_a_trap_is_not_written_to(disk: Disk, trap: Callable[[Path], object]) -> None:
    """No symbolic link is followed and no FIFO opened; one line names what is in the way."""
    draft = disk.file.with_name("keepalive.state.new")
    disk.file.with_name("target").write_bytes(b"untouched")
    trap(draft)
    keepalive = disk.start()
    disk.write(3)
    assert disk.file.with_name("target").read_bytes() == b"untouched"
    assert os.path.lexists(draft)
    assert not disk.file.exists()
    [line] = disk.told("err")
    assert f"{draft} is in the way" in line
    assert all_are_pinged(disk, keepalive)


def test_a_draft_of_another_user_is_not_written_to(disk: Disk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that somebody else left there is neither written to nor removed."""
    draft = disk.file.with_name("keepalive.state.new")
    draft.write_bytes(b"another's")
    user = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: user + 1)
    disk.start()
    disk.write(3)
    assert draft.read_bytes() == b"another's"
    assert not disk.file.exists()
    assert len(disk.told("err")) == 1


# --- what left --------------------------------------------------------------------------------------------


@pytest.fixture
def wall(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The wall clock, which the test turns."""
    at = [1_790_000_000.0]
    monkeypatch.setattr(time, "time", lambda: at[0])
    return at


def test_what_left_the_configuration_leaves_the_file_after_a_month(disk: Disk, wall: list[float]) -> None:
    """It is kept for thirty days, over restarts too, and comes back as it was if it is configured again."""
    keepalive = disk.start()
    keepalive.set_admin(B, "maint", why="test")
    disk.write()
    disk.server.define("destinations", A)
    for _ in range(3):
        disk.start()
        disk.write(2)
        assert B.encode() in disk.file.read_bytes()
        wall[0] += 9.9 * DAY
    disk.server.define("destinations", f"{A} {B}")
    assert disk.start().info(B)["admin"]["why"] == "test"
    disk.write()
    disk.server.define("destinations", A)
    disk.start()
    disk.write()
    wall[0] += 29 * DAY
    disk.write(2)
    assert B.encode() in disk.file.read_bytes()
    wall[0] -= 100 * DAY
    disk.write(2)
    wall[0] += 29 * DAY
    disk.write(2)
    assert B.encode() in disk.file.read_bytes(), "from when the clock was set back"
    wall[0] += 2 * DAY
    disk.write(2)
    assert B.encode() not in disk.file.read_bytes()
    assert A.encode() in disk.file.read_bytes()


@pytest.mark.parametrize("room", range(20))
def test_full_memory_loses_nothing_of_the_file(disk: Disk, states: bytes, room: int) -> None:
    """If memory has no room for all that it says, it is not written over, and says it the next time."""
    disk.file.write_bytes(states)
    disk.start(room)
    disk.server.tick(1)
    disk.write(3)
    assert b'"maint"' in disk.file.read_bytes()
    assert len(disk.told("err")) <= 2
    keepalive = disk.start()
    assert keepalive.info(B)["admin"]["mode"] == "maint"
    assert keepalive.state(A) == 1


def test_a_large_file_of_somebody_elses_is_not_read_whole(
    disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its beginning shows whose it is: another program's log does not keep the start waiting."""
    with disk.file.open("wb") as file:
        file.write(b"a line of a log\n" * 5000)
        file.truncate(10**9)
    began = time.monotonic()
    keepalive = disk.start()
    disk.server.tick(1)
    disk.write(3)
    assert time.monotonic() - began < 5
    assert keepalive.state(A) == 0
    assert len(disk.told("err")) == 1


def test_a_record_that_is_none_is_its_own_trouble(disk: Disk) -> None:
    """A row of health that somebody overwrote is missing in the file, and the others are there."""
    disk.start()
    disk.server.ksr.tables["keepalive_health"][f"{A}:5060"] = "broken"
    disk.write()
    assert B.encode() in disk.file.read_bytes()
    assert A.encode() not in disk.file.read_bytes()


@pytest.mark.parametrize("data", [None, b"", b'["keepalive-state-5"]\n'])
def test_a_file_that_somebody_took_away_is_written_again(disk: Disk, data: bytes | None) -> None:
    """It is deleted, or written over, while nothing changes: a standby's file outlives that too."""
    keepalive = disk.start()
    keepalive.set_admin(A, "maint")
    disk.write(2)
    written = disk.file.read_bytes()
    if data is None:
        disk.file.unlink()
    else:
        disk.file.write_bytes(data)
    disk.write(2)
    assert disk.file.read_bytes() == written
    told = ["written by somebody else" in line for line in disk.told("warn")]
    assert told == [True] * (data is not None)


@pytest.mark.parametrize("blank", [b"\0", b"\n", b" "])
def test_a_foreign_file_is_left_alone_whatever_it_begins_with(disk: Disk, blank: bytes) -> None:
    """An image of a disk begins with nothing, for long."""
    disk.file.write_bytes(blank * 200_000 + b"not ours\n")
    keepalive = disk.start()
    disk.server.tick(1)
    disk.write(2)
    assert b"not ours" in disk.file.read_bytes()
    assert all_are_pinged(disk, keepalive)


def test_a_file_that_a_full_disk_emptied_is_written_over(disk: Disk) -> None:
    """It may be as long as it was, and have nothing but NULs."""
    disk.file.write_bytes(b"\0" * 200_000)
    disk.start()
    disk.server.tick(1)  # what is so large is read by a prober
    disk.write(2)
    assert A.encode() in disk.file.read_bytes()


def test_a_file_that_is_too_large_is_left_alone(disk: Disk) -> None:
    """Its rest would be lost if it was written over."""
    disk.start()
    disk.write()
    begins = disk.file.read_bytes()
    with disk.file.open("ab") as file:
        file.truncate(600 << 20)
    keepalive = disk.start()
    disk.server.tick(1)
    disk.write(2)
    assert disk.file.stat().st_size == 600 << 20
    assert disk.file.open("rb").read(len(begins)) == begins
    assert "is larger than 512 MB" in str(disk.told("err"))
    assert all_are_pinged(disk, keepalive)


@pytest.mark.parametrize("word", ["ready", "drain for a second"])
def test_what_is_said_while_the_file_cannot_be_read_stands(disk: Disk, wall: list[float], word: str) -> None:
    """An older word comes back neither over "ready" nor over a mode whose time is over by then."""
    keepalive = disk.start()
    for uri in (A, B):
        keepalive.set_admin(uri, "maint", why="before")
    disk.write(2)
    moved = disk.file.with_suffix(".moved")
    disk.file.rename(moved)
    disk.file.symlink_to(moved)  # which is not followed
    keepalive = disk.start()
    disk.server.tick(2)
    disk.write()
    mode, _, ends = word.partition(" ")
    assert keepalive.set_admin(A, mode, 1 if ends else 0) == 0
    wall[0] += 2
    disk.server.tick(3)
    assert keepalive.info(A)["admin"]["mode"] == "ready"
    assert disk.server.process().info(A)["admin"]["mode"] == "ready"
    disk.file.unlink()
    moved.rename(disk.file)
    disk.write(3)
    assert keepalive.info(A)["admin"]["mode"] == "ready"
    assert keepalive.info(B)["admin"]["why"] == "before"
    assert disk.server.ksr.tables["keepalive_admin"].keys() == {f"{B}:5060"}


def test_a_server_that_begins_in_1970_forgets_nothing(disk: Disk, wall: list[float]) -> None:
    """Without a clock of its own it learns the time later; what is configured then is as it was."""
    keepalive = disk.start()
    keepalive.set_admin(B, "maint", why="test")
    disk.write(2)
    now = wall[0]
    disk.server.define("destinations", A)
    wall[0] = 1000
    disk.start()
    disk.write(2)
    wall[0] = now + DAY
    disk.write(2)
    assert B.encode() in disk.file.read_bytes()
    wall[0] = now + 31 * DAY
    disk.write(2)
    assert B.encode() not in disk.file.read_bytes()


@pytest.mark.parametrize("value", [2, 7, -1, "foo", None])
def test_the_file_is_written_whatever_somebody_wrote_into_its_row(disk: Disk, value: object) -> None:
    """The row that says how much of it was read is as it was within a second."""
    keepalive = disk.start()
    disk.server.tick(2)
    disk.write()
    rows = disk.server.ksr.tables["keepalive"]
    rows.pop("state_read") if value is None else rows.update(state_read=value)
    disk.write()
    disk.server.tick(2)
    keepalive.set_admin(A, "maint")
    disk.write()
    assert b"maint" in disk.file.read_bytes()
    assert "Traceback" not in str(disk.server.ksr.lines("err"))
