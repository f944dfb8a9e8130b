"""What a native kamailio.cfg calls: text in, an int out that a route can use, and never 0."""

from types import ModuleType

import pytest

from conftest import FakeServer
from keepalive_core.rules.commands import COMMANDS

A = "sip:192.168.10.20"


def test_nothing_is_ever_0(keepalive: ModuleType, server: FakeServer) -> None:
    """0 would end a route: nothing answers it, whatever a route says, and whatever breaks behind the API."""
    native = keepalive.mod_init()
    for name in [*COMMANDS, "is_down"]:
        for arguments in ((), *((text,) for text in ("", "a b", A, f"{A} state", "\udcff", "x" * 9000))):
            answer = getattr(native, name)(None, *arguments)
            assert type(answer) is int, name
            assert answer in (1, -1, -2, 3), name
    assert not [line for line in server.ksr.lines("err") if len(line) > 700 or "Traceback" in line]


def test_reports_of_a_route_count(keepalive: ModuleType, server: FakeServer) -> None:
    """A route's reports count as those of a script, and say whose they are."""
    native = keepalive.mod_init()
    native.add_destination(None, A)
    assert list(keepalive.info(A)["owners"]) == ["route"]
    server.answer(200, 2)
    assert native.report_failure(None, A) == 1
    assert keepalive.state(A) == keepalive.DOWN
    assert keepalive.info(A)["last_reason"].endswith("by route")
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


def test_what_is_down(keepalive: ModuleType, server: FakeServer) -> None:
    """is_down is 1 for what is_alive says 2 of, and for nothing else."""
    native = keepalive.mod_init()
    assert native.is_down(None, A) == native.is_down(None, "a b") == native.is_down(None) == -1
    native.add_destination(None, A)
    server.answer(200, 2)
    assert native.is_down(None, A) == -1
    assert native.set_admin(None, f"{A} maint") == 1
    assert native.is_down(None, A) == 1


def test_a_route_administers(keepalive: ModuleType, server: FakeServer) -> None:
    """Who, until when and why are known of it, the words of the reason as they are."""
    native = keepalive.mod_init()
    native.add_destination(None, A)
    server.answer(200, 2)
    assert native.set_admin(None, f"{A} drain 1h card  swap, 'B'") == 1
    admin = keepalive.info(A)["admin"]
    assert (admin["mode"], admin["by"], admin["why"]) == ("drain", "route", "card  swap, 'B'")
    assert admin["until"] - admin["since"] == 3600
    assert native.set_admin(None, f"{A} ready") == 1
    assert native.is_alive(None, A) == 1


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (f"{A} maint card swap", "set_admin: 'card' is no number of seconds"),
        (f"{A} closed", "set_admin: admin mode 'closed': one of ready, drain, maint is needed"),
        (f"{A} drain -1", "set_admin: until -1: 0 for no end"),
        (f"{A} drain 1 {'x' * 256}", "set_admin: why is text of one line, not longer than 255 bytes"),
        ("sip:a,b drain", "bad destination 'sip:a,b'"),
        ("sip:other drain", "set_admin: sip:other is not monitored"),
    ],
)
def test_bad_input_of_a_route(keepalive: ModuleType, server: FakeServer, text: str, fault: str) -> None:
    """One line names the thing and the reason, the answer is -1, and nothing has changed."""
    native = keepalive.mod_init()
    native.add_destination(None, A)
    assert native.set_admin(None, text) == -1
    [line] = server.ksr.lines("err") or server.ksr.lines("warn")
    assert fault in line
    assert keepalive.info(A)["admin"] == {"mode": "ready"}


def test_complaints_of_a_route_have_a_limit(keepalive: ModuleType, server: FakeServer) -> None:
    """What callers can bring about, as a URI of theirs that is none, fills no disk."""
    native = keepalive.mod_init()
    for number in range(1000):
        assert native.set_admin(None, f"sip:{number} closed {'x' * 9000}") == -1
        assert native.add_destination(None, f"sip:a{number} fall={number}x") == -1
    assert len(server.ksr.lines("err")) == 2 * 20


def test_a_route_pings_and_pauses(keepalive: ModuleType, server: FakeServer) -> None:
    """ping_now, pause and resume do in a route what they do in a script."""
    native = keepalive.mod_init()
    native.add_destination(None, A)
    server.answer(200, 2)
    assert native.pause(None) == 1
    server.answer(200, 2)
    assert keepalive.info(A)["not_pinged_because"] == "paused"
    assert native.resume(None) == 1
    assert len(server.sent_times(2, code=200)) == 1
    assert native.ping_now(None, A) == 1
    assert len(server.sent_times(2, code=200)) == 1
    assert native.ping_now(None, "sip:other") == -1


def test_options_of_a_route(keepalive: ModuleType, server: FakeServer) -> None:
    """A destination and a group have the options that a line of the list file would give them."""
    native = keepalive.mod_init()
    assert native.add_destination(None, f"{A} group='my carriers' priority=2 weight=3 fall=5") == 1
    assert native.configure_group(None, "'my carriers' rise=4") == 1
    known = keepalive.info(A)
    assert (known["fall"], known["rise"]) == (5, 4)
    assert known["owners"]["route"]["priority"] == 2
    assert native.add_destination(None, f"{A} fall=0") == -1
    assert native.configure_group(None, "'my carriers' colour=red") == -1
    assert keepalive.info(A)["fall"] == 5


def test_a_route_has_the_best_of_a_group(keepalive: ModuleType, server: FakeServer) -> None:
    """The best is on top, what was there before is gone, and the number says whether there is any."""
    native = keepalive.mod_init()
    for number in range(40):
        native.add_destination(None, f"sip:10.0.0.{number} group=many priority={number}")
    native.add_destination(None, f"{A} group=one")
    assert native.alive(None, "many") == 32
    assert server.ksr.values["keepalive_alive"][-2:] == ["sip:10.0.0.38", "sip:10.0.0.39"]
    assert native.alive(None, "one") == 1
    assert server.ksr.values["keepalive_alive"] == [A]
    assert native.alive(None, "none") == native.alive(None) == -1
    assert server.ksr.values["keepalive_alive"] == []


def test_a_route_reads_what_is_known(keepalive: ModuleType, server: FakeServer) -> None:
    """A number is one, a text is one, and what is neither is JSON; nothing is left of an earlier answer."""
    native = keepalive.mod_init()
    native.add_destination(None, A)
    server.answer(200, 2)
    for key, value in (("state", "up"), ("last_code", 200), ("latency_ms.last", "0.0"), ("held", "[]")):
        assert native.info(None, f"{A} {key}") == 1
        assert server.ksr.variables["keepalive_info"] == value
    for text in (f"{A} colour", "sip:other state", "sip:a,b state"):
        server.ksr.variables["keepalive_info"] = "of another one"
        assert native.info(None, text) == -1
        assert server.ksr.variables["keepalive_info"] == ""
    assert "info: there is no 'colour' in what is known" in server.ksr.lines("err")[0]


def test_a_code_may_be_said(keepalive: ModuleType, server: FakeServer) -> None:
    """report_reply takes the code at hand, or the one that the route names."""
    native = keepalive.mod_init()
    server.define("passive_min", "2")
    native.add_destination(None, A)
    server.answer(200, 2)
    assert [native.report_reply(None, f"{A} 503") for _ in range(2)] == [1, 1]
    assert native.is_down(None, A) == 1
    assert native.report_reply(None, f"{A} 99") == -1
    assert native.report_reply(None, "") == -1


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
