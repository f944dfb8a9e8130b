"""What a native kamailio.cfg calls: text in, an int out that a route can use, and never 0."""

import inspect
from types import ModuleType

import pytest

from conftest import FakeServer

A = "sip:192.168.10.20"


def test_nothing_is_ever_0(keepalive: ModuleType, server: FakeServer) -> None:
    """0 would end a route: nothing answers it, whatever a route says, and whatever breaks behind the API."""
    native = keepalive.mod_init()
    for name in keepalive.NativeHandlers.api._fields:
        for text in ("", "a b", A, "\udcff", "x" * 5000):
            arguments = [text] if len(inspect.signature(getattr(native, name)).parameters) > 1 else []
            answer = getattr(native, name)(None, *arguments)
            assert type(answer) is int, name
            assert answer in (1, -1, -2, 3), name


def test_reports_of_a_route_count(keepalive: ModuleType, server: FakeServer) -> None:
    """A route's reports count as those of a script, and say whose they are."""
    native = keepalive.mod_init()
    native.add_destination(None, A)
    assert list(keepalive.info(A)["owners"]) == ["route"]
    server.answer(200, 2)
    assert native.report_failure(None, A) == 1
    assert keepalive.state(A) == keepalive.DOWN
    assert keepalive.info(A)["last_reason"].endswith("by a route")
    assert native.report_success(None, A) == 1
    assert keepalive.state(A) == keepalive.UP
    assert native.report_success(None, "sip:other") == native.report_failure(None, "sip:other") == -1


def test_groups_of_a_route(keepalive: ModuleType, server: FakeServer) -> None:
    """-2 says that none of a group is alive, as to an if 2 would be true."""
    native = keepalive.mod_init()
    keepalive.add_destination(A, "me", group="g")
    server.answer(200, 2)
    assert native.is_group_alive(None, "g") == 1
    keepalive.report_failure(A)
    assert native.is_group_alive(None, "g") == -2
    assert native.is_group_alive(None, "none") == native.is_group_alive(None) == -1


@pytest.mark.parametrize("force", ["", "force"])
def test_a_reload_may_be_forced(keepalive: ModuleType, server: FakeServer, tmp_path, force: str) -> None:
    """One word lets a list file remove nearly all; without it that is refused."""
    file = tmp_path / "list"
    file.write_text("\n".join(f"sip:10.0.0.{n + 1}" for n in range(20)))
    server.define("list_file", str(file))
    native = server.process().mod_init()
    server.answer(200, 2)
    file.write_text("sip:10.0.0.1\n")
    assert native.reload(None, force) == (1 if force else -1)
    assert native.is_alive(None, "sip:10.0.0.20") == (-1 if force else 1)


def test_a_class_of_a_script_has_them_too(keepalive: ModuleType, server: FakeServer) -> None:
    """A script may add functions of its own for python_exec to NativeHandlers."""

    class Mine(keepalive.NativeHandlers):
        def both(self, msg: object, one: str, other: str) -> int:
            return max(self.is_alive(msg, one), self.is_alive(msg, other))

    keepalive.add_destination(A, "me")
    assert Mine().both(None, A, "sip:other") == 1


def test_native_answers(keepalive: ModuleType, server: FakeServer) -> None:
    """A native if takes every positive answer for 1, so down is negative there; nothing is ever 0."""
    native = keepalive.mod_init()
    assert native.is_alive(None, A) == -1
    assert native.state(None, A) == -1
    assert native.is_alive(None) == -1
    assert native.add_destination(None, A) == 1
    assert native.add_destination(None, "a b") == -1
    assert native.is_alive(None, A) == 1
    assert native.state(None, A) == 3
    server.ksr.handlers = native
    server.tick(1)
    server.ksr.reply(server.ksr.sent[0], 200)
    assert (native.is_alive(None, A), native.state(None, A)) == (1, 1)
    server.tick(31)
    server.ksr.time_out(server.ksr.sent[-1])
    assert (native.is_alive(None, A), native.state(None, A)) == (-2, 2)
    assert native.del_destination(None, A) == 1
    assert native.del_destination(None, A) == -1
