"""The state file of a real server: what is wrong with it costs no destination, and no other file."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from gateway import Gateway
from real.server import wait_for
from real.test_pings import DOWN, UP

FILES = Path(__file__).resolve().parents[1] / "state_files"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where the state file is."""
    return tmp_path / "keepalive.state"


def names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def test_a_flipped_bit_costs_one_line(start, gateway: Gateway, file: Path) -> None:
    """The line is left out with one WARNING, the others are used, and every destination is pinged."""
    others = [Gateway(), Gateway()]
    uris = [gateway.uri, *(other.uri for other in others)]
    settings = {"KEEPALIVE_STATE_FILE": file, "KEEPALIVE_DESTINATIONS": " ".join(uris), "share": file.parent}
    server = start(**settings)
    for uri in uris:
        server.wait_for_state(uri, UP)
    assert server.call("set_admin", gateway.uri, "maint", by="me") == 0
    wait_for("the mode in the file", lambda: file.exists() and b'"maint"' in file.read_bytes())
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    server.kill()
    file.write_bytes(file.read_bytes().replace(b'"maint"', b'"maiot"'))
    for other in others:
        other.silent = True
    again = start(**settings)
    assert [again.state(uri) for uri in uris[1:]] == [UP, UP], "known from the first request on"
    again.wait_for_state(gateway.uri, UP)
    again.wait_for_state(others[0].uri, DOWN)
    [line] = again.logged("its checksum is wrong; it is left out")
    assert "WARNING" in line
    wait_for("no draft", lambda: names(file.parent) == ["keepalive.state"])
    for other in others:
        other.close()


def test_each_former_format_is_read(start, gateway: Gateway, file: Path) -> None:
    """What the versions before wrote, each of them; then the file has the format of today."""
    for name in ("1-first", "1", "2", "3", "4"):
        file.write_bytes((FILES / name).read_bytes())
        # Not asked for an hour: what is_alive says is the file's word.
        server = start(
            KEEPALIVE_STATE_FILE=file,
            KEEPALIVE_DESTINATIONS="sip:192.168.10.20 sip:192.168.10.21 sip:[2001:db8::1]:5062 "
            "sips:gw.example.com",
            KEEPALIVE_ENABLED=0,
            share=file.parent,
        )
        assert server.call("is_alive", "sip:192.168.10.20") == 1
        assert server.call("is_alive", "sip:[2001:db8::1]:5062") == 2
        assert server.call("is_alive", "sips:gw.example.com") == 2
        assert server.call("info", "sip:192.168.10.21")["admin"]["by"] == "night shift"
        wait_for("today's format", lambda: file.read_bytes().startswith(b'["keepalive-state-5"]'))
        assert not server.log_lines("WARNING: app_python3") + server.errors
        server.stop()


def a_text(path: Path) -> None:
    path.write_text("[Unit]\nDescription=another program's\n")


@pytest.mark.parametrize("make", [a_text, os.mkfifo])
def test_what_is_none_of_ours_stays(start, gateway: Gateway, file: Path, make) -> None:
    """Another program's file, or a FIFO: neither overwritten nor renamed; one ERROR says so."""
    make(file)
    before = os.lstat(file)
    server = start(KEEPALIVE_STATE_FILE=file, KEEPALIVE_DESTINATIONS=gateway.uri, share=file.parent)
    server.wait_for_state(gateway.uri, UP)
    wait_for("four pings", lambda: len(gateway.pings) >= 4)
    after = os.lstat(file)
    assert (after.st_ino, after.st_size, after.st_mtime_ns) == (
        before.st_ino,
        before.st_size,
        before.st_mtime_ns,
    )
    wait_for("no draft", lambda: names(file.parent) == ["keepalive.state"])
    assert len(server.log_lines(f"state_file {file} ")) == 1
    file.rename(file.with_name("away"))
    wait_for("the state file", lambda: file.is_file() and gateway.uri.encode() in file.read_bytes())


def test_a_trap_in_the_drafts_place(start, gateway: Gateway, file: Path) -> None:
    """A link where the draft is made is not followed; once it is gone the file is written."""
    target = file.with_name("target")
    target.write_text("untouched")
    draft = file.with_name("keepalive.state.new")
    draft.symlink_to(target)
    server = start(KEEPALIVE_STATE_FILE=file, KEEPALIVE_DESTINATIONS=gateway.uri, share=file.parent)
    server.wait_for_state(gateway.uri, UP)
    server.logged(f"{draft} is in the way")
    assert target.read_text() == "untouched"
    assert not file.exists()
    draft.unlink()
    wait_for("the state file", file.exists)
    assert len(server.log_lines("is in the way")) == 1


def test_where_nothing_can_be_written(start, gateway: Gateway) -> None:
    """If there is no such folder, pings go on, and one line says so."""
    settings = {"KEEPALIVE_STATE_FILE": "/dev/full/keepalive.state", "KEEPALIVE_DESTINATIONS": gateway.uri}
    server = start(**settings)
    server.wait_for_state(gateway.uri, UP)
    wait_for("four pings", lambda: len(gateway.pings) >= 4)
    assert len(server.log_lines("state_file /dev/full/keepalive.state can't be")) == 1
