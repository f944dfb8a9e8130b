"""The sockets at which HTTP is served: what is in their way, and what becomes of it."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import stat
from collections.abc import Awaitable, Callable, Iterator
from ipaddress import ip_address
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from conftest import FakeServer
from keepalive_core.rules.http_settings import Place, TcpPlace, UnixPlace
from real.server import free_port, wait_for


def door(place: Place, has_token: Callable[[], bool] = lambda: True) -> Any:
    from keepalive_core.cockpit.http_sockets import Door

    return Door(place, asyncio.Protocol, has_token)


def see_to(*doors: Any, then: Callable[[], Awaitable[None]] | None = None) -> None:
    """See to doors once, one after the other; leave nothing open."""

    async def see() -> None:
        for each in doors:
            await each.see_to()
        if then is not None:
            await then()
        for each in doors:
            each.close()

    asyncio.run(see())


def lines(server: FakeServer) -> list[str]:
    """The reasons in the log."""
    return [line.partition("is tried again: ")[2] for line in server.ksr.lines("err")]


@pytest.fixture
def path(keepalive: ModuleType, tmp_path: Path) -> Path:
    return tmp_path / "keepalive.sock"


@pytest.fixture
def wide_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.usefixtures("wide_umask")
def test_a_unix_socket_is_its_owner_s_and_his_group_s_from_the_first_moment(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the umask is: nobody else could have connected between two steps."""
    rights = []
    bind = socket.socket.bind

    def looked_at(self: socket.socket, address: Any) -> None:
        bind(self, address)
        rights.append(stat.S_IMODE(os.stat(address).st_mode))

    monkeypatch.setattr(socket.socket, "bind", looked_at)
    one = door(UnixPlace(str(path)))

    async def look() -> None:
        rights.append(stat.S_IMODE(path.stat().st_mode))

    see_to(one, then=look)
    assert rights == [0o660, 0o660]
    assert os.umask(0) == 0


def test_a_narrow_umask_makes_it_no_narrower(path: Path) -> None:
    """The group of Kamailio's user is who is to use it."""
    before = os.umask(0o777)
    try:
        see_to(one := door(UnixPlace(str(path))), then=lambda: look_at_rights(path))
        assert os.umask(0o777) == 0o777
    finally:
        os.umask(before)
    assert one is not None


async def look_at_rights(path: Path) -> None:
    assert stat.S_IMODE(path.stat().st_mode) == 0o660


def test_it_is_removed_at_the_end(path: Path) -> None:
    """By whoever made it; closing twice is closing."""
    one = door(UnixPlace(str(path)))

    async def look() -> None:
        assert path.is_socket()

    see_to(one, then=look)
    assert not path.exists()
    one.close()


def left_behind(path: Path) -> None:
    """Make a socket that nobody has any more."""
    with socket.socket(socket.AF_UNIX) as gone:
        gone.bind(str(path))
        gone.listen()


def test_a_socket_of_nobody_is_replaced(path: Path, server: FakeServer) -> None:
    """A server that was killed leaves it behind."""
    left_behind(path)
    before = path.stat().st_ino

    async def look() -> None:
        reader, writer = await asyncio.open_unix_connection(path)
        writer.close()
        assert path.stat().st_ino != before or reader is not None

    see_to(door(UnixPlace(str(path))), then=look)
    assert lines(server) == []


@pytest.mark.parametrize("queue", [0, 5])
def test_a_socket_of_another_server_stays(path: Path, server: FakeServer, queue: int) -> None:
    """It answers, or so many wait for it that one more can't even connect."""
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(path))
        other.listen(0)
        waiting = [socket.socket(socket.AF_UNIX) for _ in range(queue)]
        for each in waiting:
            each.setblocking(False)
            each.connect_ex(str(path))
        see_to(door(UnixPlace(str(path))))
        for each in waiting:
            each.close()
    assert path.is_socket()
    assert lines(server) == ["another process answers there"]


def test_a_socket_of_another_kind_stays(path: Path, server: FakeServer) -> None:
    """Such as one of syslog, to which no stream can be had."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as other:
        other.bind(str(path))
        see_to(door(UnixPlace(str(path))))
    assert path.is_socket()
    assert lines(server) == [os.strerror(errno.EPROTOTYPE)]


@pytest.mark.parametrize("kind", ["file", "folder", "link", "broken link", "fifo"])
def test_what_is_no_socket_stays(path: Path, server: FakeServer, kind: str, tmp_path: Path) -> None:
    """Whatever it is: somebody may need it."""
    target = tmp_path / "target"
    make: dict[str, Callable[[], object]] = {
        "file": lambda: path.write_text("x"),
        "folder": path.mkdir,
        "link": lambda: (left_behind(target), path.symlink_to(target)),
        "broken link": lambda: path.symlink_to(target),
        "fifo": lambda: os.mkfifo(path),
    }
    make[kind]()
    before = path.lstat()
    see_to(door(UnixPlace(str(path))))
    assert (path.lstat().st_ino, path.lstat().st_mode) == (before.st_ino, before.st_mode)
    assert lines(server) == ["what has this name is no socket, and stays"]


def test_a_folder_that_is_missing_is_named(tmp_path: Path, keepalive: ModuleType, server: FakeServer) -> None:
    """Once; it is opened as soon as there is one."""
    folder = tmp_path / "run"
    one = door(UnixPlace(str(folder / "a.sock")))

    async def make() -> None:
        folder.mkdir()
        await one.see_to()
        assert (folder / "a.sock").is_socket()

    see_to(one, one, then=make)
    assert lines(server) == [f"No such file or directory ({folder})"]
    assert any("HTTP is served at unix:" in line for line in server.ksr.lines("info"))


def test_two_that_start_at_once_do_not_take_each_others_socket(path: Path, server: FakeServer) -> None:
    """Whoever has the folder's lock is looking; the other one comes back later."""
    import fcntl

    left_behind(path)
    folder = os.open(path.parent, os.O_RDONLY)
    fcntl.flock(folder, fcntl.LOCK_EX)
    one = door(UnixPlace(str(path)))

    async def come_back() -> None:
        assert lines(server) == ["another process holds a lock on the folder"]
        os.close(folder)
        await one.see_to()
        await asyncio.open_unix_connection(path)

    see_to(one, then=come_back)


@pytest.mark.parametrize("other", ["removed", "replaced"])
def test_a_socket_whose_file_is_gone_is_opened_again(path: Path, server: FakeServer, other: str) -> None:
    """As after the folder was made anew; what another server has made there stays his."""
    one = door(UnixPlace(str(path)))
    others: list[socket.socket] = []

    async def lose() -> None:
        path.unlink()
        if other == "replaced":
            others.append(socket.socket(socket.AF_UNIX))
            others[0].bind(str(path))
            others[0].listen()
        await one.see_to()
        await asyncio.open_unix_connection(path)

    see_to(one, then=lose)
    assert lines(server) == ([] if other == "removed" else ["another process answers there"])
    assert path.exists() == (other == "replaced")
    for each in others:
        each.close()


# --- TCP --------------------------------------------------------------------------------------------------


def tcp(port: int, address: str = "127.0.0.1") -> TcpPlace:
    return TcpPlace(ip_address(address), port)


def test_a_port_that_is_taken(keepalive: ModuleType, server: FakeServer) -> None:
    """It is told once, and opened when it is free."""
    port = free_port()
    one = door(tcp(port))
    with socket.socket() as other:
        other.bind(("127.0.0.1", port))
        other.listen()

        async def free() -> None:
            other.close()
            await one.see_to()
            await asyncio.open_connection("127.0.0.1", port)

        see_to(one, one, then=free)
    assert lines(server) == [os.strerror(errno.EADDRINUSE)]


def test_an_address_that_comes_later(keepalive: ModuleType, server: FakeServer) -> None:
    """As a pair's virtual one does (RFC 5737: this one is nobody's)."""
    see_to(door(tcp(free_port(), "192.0.2.77")))
    assert lines(server) == [os.strerror(errno.EADDRNOTAVAIL)]


def test_all_addresses_of_ipv6_are_those_of_ipv6(keepalive: ModuleType, server: FakeServer) -> None:
    """The same port of IPv4 is another place."""
    port = free_port()
    six = door(tcp(port, "::"))
    see_to(six, four := door(tcp(port, "0.0.0.0")))
    assert four is not None
    assert [each for each in lines(server) if each != os.strerror(errno.EAFNOSUPPORT)] == []


def test_what_others_reach_is_opened_with_a_token(keepalive: ModuleType, server: FakeServer) -> None:
    """The file may be empty at first; what only this host reaches does not wait for it."""
    tokens: list[str] = []
    outside, inside = tcp(free_port(), "0.0.0.0"), tcp(free_port())
    one = door(outside, lambda: bool(tokens))

    async def write() -> None:
        await asyncio.open_connection("127.0.0.1", inside.port)
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", outside.port)
        tokens.append("token")
        await one.see_to()
        await asyncio.open_connection("127.0.0.1", outside.port)

    see_to(one, door(inside, lambda: False), then=write)
    assert lines(server) == ["others reach it, and there is no token"]


def test_it_is_tried_again(path: Path, server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """For ever, each ten seconds."""
    from keepalive_core.cockpit import http_sockets

    monkeypatch.setattr(http_sockets, "AGAIN_SECONDS", 0.01)
    path.write_text("x")
    one = door(UnixPlace(str(path)))

    async def mend() -> None:
        task = asyncio.create_task(http_sockets.keep_open([one]))
        path.unlink()
        deadline = asyncio.get_running_loop().time() + 5
        while not path.exists() and asyncio.get_running_loop().time() < deadline:
            await asyncio.sleep(0.01)
        assert path.is_socket()
        task.cancel()

    see_to(one, then=mend)
    assert len(lines(server)) == 1
    wait_for("its end", lambda: not path.exists())
