"""The kit of docs/testing.md: scripts that users test with it, and this project's own router."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import sys
import time
import venv
from collections.abc import Callable
from datetime import datetime
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

import pytest

from examples import ROOT, named_examples
from keepalive_testing.calls import Call
from keepalive_testing.kamailio import Kamailio
from keepalive_testing.ksr import FakeKSR, Violation

ROUTER = ROOT / "kemi" / "router.py"
A, B = "sip:192.168.10.20", "sip:192.168.10.21"
NAME = "sip:provider.com"


@pytest.fixture
def router(kamailio: Kamailio) -> Kamailio:
    """The sample server with two gateways, which are up."""
    kamailio.load(ROUTER, KEEPALIVE_DESTINATIONS=f"{A}, {B}")
    kamailio.up(A, B)
    return kamailio


# --- kemi/router.py ---


def test_the_script_and_the_test_have_one_keepalive(router: Kamailio) -> None:
    """Its clock is the server's, though the script lies in the folder of keepalive itself."""
    assert router.script.keepalive is router.keepalive
    assert router.keepalive.info(A)["last_reason"] == "200 OK in 0.0 ms"


def test_calls_go_to_the_first_gateway_that_is_up(router: Kamailio) -> None:
    """The first one, or the next one if that is down, and 503 without one."""
    assert router.request("INVITE").relayed_to == [A]
    router.down(A)
    call = router.request("INVITE")
    assert call.relayed_to == [B]
    assert call.relayed[0].header("Record-Route")
    router.down(B)
    assert router.request("INVITE").codes == [503]


def test_calls_go_on_behind_silence_and_5xx(router: Kamailio) -> None:
    """Silence is reported, so that the next call is not sent there; a callee's answer ends the search."""
    call = router.request("INVITE")
    call.time_out()
    assert call.relayed_to == [A, B]
    assert router.keepalive.state(A) == router.keepalive.DOWN
    call.reply(486)
    assert (call.code, len(call.relayed)) == (486, 2)
    assert router.request("INVITE").relayed_to == [B]
    router.up(A)
    call = router.request("INVITE")
    call.reply(503)
    call.reply(503)
    assert (len(call.relayed), call.codes) == (2, [503])


def test_calls_to_a_name_go_to_each_address_that_is_alive(kamailio: Kamailio) -> None:
    """next_target takes them in turn."""
    kamailio.load(ROUTER, KEEPALIVE_DESTINATIONS=NAME)
    hops = [f"{A}:5060", f"{B}:5060"]
    kamailio.resolve(NAME, *hops)
    kamailio.up(NAME)
    call = kamailio.request("INVITE")
    call.time_out()
    assert sorted(call.relayed_to) == hops
    call.reply(200)
    assert call.codes == [200]


def test_what_belongs_to_a_call(router: Kamailio) -> None:
    """Requests in a dialog go along their route; a CANCEL ends the call, and no other gateway is tried."""
    tag = "To: <sip:42@example.com>;tag=x"
    bye = router.request(
        "BYE", "sip:42@192.0.2.7", tag, "Route: <sip:192.168.10.1:5060;lr>, <sip:192.0.2.8;lr>"
    )
    assert bye.relayed_to == ["sip:192.0.2.8;lr"]
    assert router.request("BYE", "sip:42@192.0.2.7", tag).codes == [404]
    assert router.request("ACK", "sip:42@192.0.2.7", tag).codes == []
    call = router.request("INVITE")
    assert router.cancel(call).codes == [200]
    call.reply(487)
    assert (call.codes, len(call.relayed)) == ([487], 1)
    call = router.request("INVITE", "sip:INVITE@example.com", "Subject: an INVITE")
    cancel = router.cancel(call).message
    assert (cancel.method, cancel.header("CSeq"), cancel.uri) == ("CANCEL", "1 CANCEL", call.message.uri)
    assert cancel.header("Subject") == "an INVITE"
    again = router.request("INVITE")
    router.retransmit(again)
    assert len(again.relayed) == 1
    assert router.request("OPTIONS").codes == [200]
    assert router.request("PUBLISH").codes == [405]
    assert router.request("INVITE", "sip:42@example.com", "Max-Forwards: 0").codes == [483]


def test_changes_are_logged_by_the_callback(router: Kamailio, ksr: FakeKSR) -> None:
    """log_change of the sample runs once for each change."""
    router.down(A)
    lines = [line for line in ksr.lines("info") if line.startswith("router: ")]
    # Which of two is pinged first is chance.
    assert sorted(lines[:2]) == [f"router: gateway {uri} is up now" for uri in (A, B)]
    assert lines[2:] == [f"router: gateway {A} is down now"]


def test_an_order_ends(router: Kamailio) -> None:
    """When as much time has passed as was said: the wall's clock goes with the server's."""
    router.keepalive.set_admin(A, "drain", 60)
    router.wait(58)
    assert router.request("INVITE").relayed_to == [B]
    router.wait(4)
    assert router.request("INVITE").relayed_to == [A]


def test_the_clock_is_right_again_behind_a_test(router: Kamailio) -> None:
    """Also for whoever goes on with the one of the test, as a mock does that was there before the kit."""
    kept = time.time
    router.wait(60)
    ahead = kept() - datetime.now().timestamp()
    router.end()
    assert ahead > 59
    assert abs(kept() - datetime.now().timestamp()) < 1


# --- what a script may be, and what it may not do ---


class OnlyRoutes:
    """A script's class without anything of keepalive."""

    def ksr_request_route(self, msg: object) -> int:
        import KSR

        KSR.sl.sl_send_reply(200, "OK")
        return 1


@pytest.mark.parametrize("script", [OnlyRoutes, OnlyRoutes()])
def test_a_class_or_an_object_is_a_script(kamailio: Kamailio, script: object) -> None:
    """Whatever has ksr_request_route."""
    kamailio.load(script)
    assert kamailio.request("MESSAGE").codes == [200]


def test_a_body_has_its_line_ends(kamailio: Kamailio, ksr: FakeKSR) -> None:
    """As it came: scripts take SDP apart by them. A test may write the header with plain ones."""
    head = (
        "MESSAGE sip:42@example.com SIP/2.0\nCall-ID: x\nCSeq: 1 MESSAGE\nFrom: <sip:a@b>\nTo: <sip:c@d>\n\n"
    )
    bodies = []

    def route(msg: object) -> int:
        bodies.append((ksr.module.pv.get("$rb"), ksr.module.pv.get("$bs"), ksr.module.hdr.get("To")))
        return 1

    kamailio.load(SimpleNamespace(ksr_request_route=route))
    for text in (head, head.replace("\n", "\r\n")):
        kamailio.message(text + "v=0\r\n\r\ns=-\r\n")
    assert bodies == [("v=0\r\n\r\ns=-\r\n", 12, "<sip:c@d>")] * 2


def test_functions_are_a_script(kamailio: Kamailio, tmp_path: Path) -> None:
    """Plain functions, which mod_init hands over by their module; a native route may call them."""
    script = tmp_path / "plain.py"
    script.write_text("""
import sys

import KSR


def child_init(rank):
    return 0


def ksr_request_route(msg):
    KSR.tm.t_on_branch("ksr_branch")
    KSR.pv.sets("$ru", "sip:43@192.0.2.9")
    KSR.tm.t_relay()
    return 1


def ksr_branch(msg):
    KSR.hdr.append("X-Branch: yes\\r\\n")
    return 1


def ksr_onsend_route(msg):
    return 1


def cost(msg, number):
    return len(number)


def mod_init():
    return sys.modules[__name__]
""")
    kamailio.load(script)
    call = kamailio.request("INVITE")
    assert (call.relayed_to, call.relayed[0].header("X-Branch")) == (["sip:43@192.0.2.9"], "yes")
    assert kamailio.python_exec("cost", "12345") == 5


IMPORTING = """
import KSR
import keepalive
import pytest

import router


@pytest.mark.parametrize("time", [1, 2])
def test_calls(kamailio, ksr, mocker, time):
    kamailio.load(router)
    assert router.keepalive is kamailio.keepalive
    kamailio.up("sip:192.168.10.21")
    kamailio.down("sip:192.168.10.20")
    relay = mocker.spy(KSR.tm, "t_relay")
    assert kamailio.request("INVITE").relayed_to == ["sip:192.168.10.21"]
    relay.assert_called_once_with()


def test_a_class(kamailio):
    class Earlier(keepalive.Handlers):
        pass

    with pytest.raises(AssertionError, match="earlier keepalive"):
        kamailio.load(Earlier)
    with pytest.raises(AssertionError, match="earlier keepalive"):
        kamailio.load(Earlier())
"""


def test_the_route_of_all_replies_sees_those_to_pings(kamailio: Kamailio, ksr: FakeKSR) -> None:
    """As on a real server, where a script that takes each for a call's goes wrong."""
    seen = []

    def route(msg: object) -> int:
        seen.append(tuple(map(ksr.module.pv.get, ("$rm", "$rs", "$si", "$ru", "$avp(x)"))))
        return 1

    kamailio.load(ROUTER, KEEPALIVE_DESTINATIONS=A)
    ksr.handlers.ksr_reply_route = route
    kamailio.up(A)
    assert seen == [("OPTIONS", 200, "192.168.10.20", None, None)]


@pytest.mark.parametrize(
    ("gateway", "source"),
    [
        ("sip:192.168.10.20", "sip:192.168.10.20:5060"),
        ("sip:192.168.10.20;transport=tcp", "sip:192.168.10.20:5060;transport=tcp"),
        ("sip:192.168.10.20;transport=tls", "sip:192.168.10.20:5061;transport=tls"),
        ("sip:192.168.10.20:5071;transport=tls", "sip:192.168.10.20:5071;transport=tls"),
    ],
)
def test_a_gateway_answers_from_where_its_uri_leads(
    kamailio: Kamailio, ksr: FakeKSR, gateway: str, source: str
) -> None:
    """What a script sends, and what pings it: TLS has a port of its own (real 5.6)."""
    seen = []
    kamailio.load(ROUTER, KEEPALIVE_DESTINATIONS=gateway)
    ksr.handlers.ksr_reply_route = lambda msg: seen.append(ksr.module.pv.get("$su")) or 1
    kamailio.up(gateway)
    kamailio.request("INVITE").reply(200)
    assert seen == [source, source]


def test_a_file_of_tests_may_import_ksr_and_the_script(tmp_path: Path) -> None:
    """At its top, as people do: KSR is that of each test, and the script is executed for each."""
    write_examples(tmp_path)
    (tmp_path / "test_router.py").write_text(IMPORTING)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "keepalive_testing.plugin"]
    said = outcome(command, tmp_path, PYTHONPATH=str(ROOT / "testing"))
    assert re.search(r"^3 passed", said, re.MULTILINE)


def routed(kamailio: Kamailio, ksr: FakeKSR, *calls: str) -> Call:
    """Run some calls of KSR in a request route; return what became of the request."""
    code = compile("\n".join(calls), "script", "exec")

    def route(self: object, msg: object) -> int:
        with contextlib.suppress(Exception):
            exec(code, {"KSR": ksr.module})
        return 1

    kamailio.load(type("Script", (), {"ksr_request_route": route, "ksr_onsend_route": lambda self, msg: 1})())
    return kamailio.request("INVITE")


def records(call: Call) -> list[str]:
    """Return which sockets a request records where it was relayed last."""
    return [value for name, value in call.relayed[-1].fields if name == "Record-Route"]


@pytest.mark.parametrize(
    "calls",
    [
        ["KSR.tm.t_relai()"],
        ["KSR.registrar.lookup('location')"],
        ["KSR.tm.t_clean()"],
        ["KSR.pv.get('$T_branch_idx')"],
        ["KSR.pv.get('$(ru{uri.tosocket})')"],
        ["KSR.pv.sets('$var(x)', '')", "KSR.pv.get('$(var(x){s.int})')"],
        ["KSR.is_method('FOO|INVITE')"],
        ["KSR.pv.get('$si(x)')"],
        ["KSR.pv.sets('$avp($rU)', 'x')"],
        ["KSR.pv.sets('$avp(a.b)', 'x')"],
        ["KSR.sl.send_reply(404, 'Not Found\\r\\nX-More: x')"],
        ["KSR.sl.sl_send_reply(1000, 'None')"],
        ["KSR.tm.t_newtran()", "KSR.tm.t_reply(99, 'None')"],
        ["KSR.htable.sht_seti('t', 'n', 2**31 - 1)", "KSR.htable.sht_inc('t', 'n')"],
        ["KSR.htable.sht_seti('t', 'n', -(2**31))", "KSR.htable.sht_dec('t', 'n')"],
        ["KSR.seturi('urn:service:sos')", "KSR.pv.get('$ru')"],
        ["KSR.seturi('urn:service:sos')", "KSR.setuser('x')"],
        ["KSR.seturi('URN:service:sos')", "KSR.pv.sets('$du', 'sip:10.0.0.1')", "KSR.tm.t_relay()"],
        ["KSR.seturi('sip:10.0.0.1')", "KSR.pv.sets('$du', 'urn:service:sos')", "KSR.pv.get('$dd')"],
        ["KSR.seturi('sip:10.0.0.1')", "KSR.pv.sets('$du', 'urn:service:sos')", "KSR.tm.t_relay()"],
        ["KSR.pv.sets('$var(x)', 'urn:service:sos')", "KSR.pv.get('$(var(x){uri.user})')"],
        ["KSR.pv.get('$(rU[0])')"],
        ["KSR.pv.get('$hdr')"],
        ["KSR.seturi('tel:+49')", "KSR.setuser('x')"],
        ["KSR.seturi('sips:+49@b;user=phone')", "KSR.pv.get('$rz')"],
        ["KSR.seturi('sips:+49@b;user=phone')", "KSR.sethost('x')"],
        ["KSR.seturi('sip:+49;a@b;user=phone')", "KSR.setuser('')"],
        ["KSR.seturi('sip:+49;a:secret@b;user=phone')", "KSR.setuser('x')"],
        ["KSR.hdr.append('X-Header: no end')"],
        ["KSR.tm.t_on_failure('ksr_missing')"],
        ["KSR.tm.t_relay()", "KSR.tm.t_relay()"],
        ["KSR.tm.t_reply('404', 'Not Found')"],
        ["KSR.info('no end')"],
    ],
    ids=str,
)
def test_the_fake_is_loud(kamailio: Kamailio, ksr: FakeKSR, calls: list[str]) -> None:
    """What no server allows or the fake does not imitate ends the test, though the script catches all."""
    ksr.add_table("t")
    with pytest.raises(Violation):
        routed(kamailio, ksr, *calls)
    assert len(ksr.violations) == 1
    ksr.violations.clear()


@pytest.mark.parametrize(
    ("lines", "call"),
    [
        (("To: <urn:service:sos>",), "KSR.pv.get('$tU')"),
        (("From: <URN:service:sos>;tag=x",), "KSR.pv.get('$fd')"),
        ((), "KSR.pv.get('$oU')"),
        ((), "KSR.pv.get('$ou')"),
        ((), "KSR.tm.t_newtran()"),
        (("Route: <urn:service:sos;lr>",), "KSR.rr.loose_route()"),
    ],
    ids=str,
)
def test_a_urn_in_a_request_is_refused(
    kamailio: Kamailio, ksr: FakeKSR, lines: tuple[str, ...], call: str
) -> None:
    """Where it would be taken apart."""

    def route(self: object, msg: object) -> int:
        eval(call, {"KSR": ksr.module})
        return 1

    kamailio.load(type("Script", (), {"ksr_request_route": route})())
    with pytest.raises(Violation, match="no urn"):
        kamailio.request("INVITE", "urn:service:sos", *lines)
    ksr.violations.clear()


def test_whole_modules_can_be_mocked(ksr: FakeKSR) -> None:
    """With the functions that they have, through the KSR that scripts import; behind that they are back."""
    import KSR

    with mock.patch("KSR.registrar", autospec=True) as registrar:
        registrar.lookup.return_value = -1
        assert KSR.registrar.lookup("location") == -1
        assert not hasattr(registrar, "lokup")
    with pytest.raises(Violation, match=r"imitate KSR\.registrar\.lookup"):
        KSR.registrar.lookup("location")
    ksr.violations.clear()


MOCKING = """
import KSR


def test_first(mocker, monkeypatch, kamailio):
    mocker.patch("KSR.is_method", return_value=True)
    mocker.patch("KSR.registrar")
    monkeypatch.setattr("KSR.is_INVITE", lambda: True)
    assert KSR.is_method("INVITE") and KSR.is_INVITE() and KSR.registrar.save("location", 0)


def test_second(kamailio, mocker):
    mocker.patch("KSR.is_method", return_value=True)
    KSR.info("as ever\\n")
"""


def test_mocks_may_be_taken_back_last(tmp_path: Path) -> None:
    """Pytest clears up behind a test in the order of its fixtures, so that its KSR may have gone before."""
    (tmp_path / "test_mocking.py").write_text(MOCKING)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "keepalive_testing.plugin"]
    said = outcome(command, tmp_path, PYTHONPATH=str(ROOT / "testing"))
    assert re.search(r"^2 passed", said, re.MULTILINE)


@pytest.mark.parametrize("function", ["x.modf", "async.route", "websocket.handle_handshake"])
def test_what_no_stub_lists_can_be_mocked(ksr: FakeKSR, function: str) -> None:
    """Servers have it: it is said to be what the fake does not imitate."""
    import KSR

    module, _, name = function.partition(".")
    with mock.patch(f"KSR.{function}", return_value=3):
        assert getattr(getattr(KSR, module), name)("FAST") == 3
    with pytest.raises(Violation, match=rf"imitate KSR\.{function}.*answers\('{function}'"):
        getattr(getattr(KSR, module), name)()
    ksr.violations.clear()


def test_what_has_an_answer_may_be_set(kamailio: Kamailio, ksr: FakeKSR) -> None:
    """A pseudo-variable that the fake does not know is what a test says, and then what the script says."""
    ksr.answers("$fs", lambda: "udp:192.168.10.1:5060")
    ksr.answers("$mf", 0)
    pv = ksr.module.pv
    assert pv.get("$fs") == "udp:192.168.10.1:5060"
    routed(kamailio, ksr, "KSR.pv.sets('$fs', 'udp:10.0.0.1:5060')", "KSR.pv.seti('$mf', 4)")
    assert (pv.get("$fs"), pv.geti("$mf")) == ("udp:10.0.0.1:5060", 4)
    with pytest.raises(Violation, match=r"does not set \$rp: ksr.answers\('\$rp', value\)"):
        routed(kamailio, ksr, "KSR.pv.sets('$rp', '5080')")
    with pytest.raises(Violation, match=r"know \$\(T\(x\)\): ksr.answers\('\$\(T\(x\)\)', value\)"):
        routed(kamailio, ksr, "KSR.pv.get('$(T(x))')")
    with pytest.raises(Violation, match="'ru' is no pseudo-variable"):
        routed(kamailio, ksr, "KSR.pv.get('ru')")
    ksr.violations.clear()


def test_a_server_may_have_other_sockets(kamailio: Kamailio, ksr: FakeKSR) -> None:
    """A URI is its own by those that a test names."""
    ksr.listening = [("udp", "192.0.2.1", 5080)]
    kamailio.load(ROUTER, KEEPALIVE_DESTINATIONS=A)
    kamailio.up(A)
    is_myself = ksr.module.is_myself
    assert [is_myself(f"sip:192.0.2.1:5080{rest}") for rest in ("", ";transport=tls")] == [True, False]
    assert kamailio.request("INVITE").relayed[0].header("Record-Route").startswith("<sip:192.0.2.1:5080;")
    ksr.listening = [("tls", "192.0.2.1", 5061), ("udp", "192.0.2.1", 5080)]
    assert kamailio.request("INVITE").relayed[0].header("Record-Route").startswith("<sip:192.0.2.1:5080;lr;")


def test_a_client_may_have_ipv6(router: Kamailio, ksr: FakeKSR) -> None:
    """In a URI its address stands in brackets, and so does that of the socket at which it came in."""
    names = ("$si", "$su", "$Ri", "$Ru", "$hdr(Via)")
    told: list[str] = []
    router.script.Router.ksr_onsend_route = lambda self, msg: told.extend(map(ksr.module.pv.get, names)) or 1
    call = router.request("INVITE", source=("2001:db8::7", 5062))
    assert told[:4] == ["2001:db8::7", "sip:[2001:db8::7]:5062", "2001:db8::1", "sip:[2001:db8::1]:5060"]
    assert told[4].startswith("SIP/2.0/UDP [2001:db8::7]:5062;")
    assert records(call) == [
        "<sip:192.168.10.1:5060;r2=on;lr;ftag=alice>",
        "<sip:[2001:db8::1]:5060;r2=on;lr;ftag=alice>",
    ]


@pytest.mark.parametrize(
    ("hop", "recorded"),
    [
        ("sip:192.168.10.20", ["<sip:192.168.10.1:5060;lr;ftag=alice>"]),
        ("sip:provider.com", ["<sip:192.168.10.1:5060;lr;ftag=alice>"]),
        (
            "sip:192.168.10.20;transport=TCP",
            [
                "<sip:192.168.10.1:5060;transport=tcp;r2=on;lr;ftag=alice>",
                "<sip:192.168.10.1:5060;r2=on;lr;ftag=alice>",
            ],
        ),
        (
            "sips:192.168.10.20",
            [
                "<sip:192.168.10.1:5060;transport=tls;r2=on;lr;ftag=alice>",
                "<sip:192.168.10.1:5060;r2=on;lr;ftag=alice>",
            ],
        ),
        (
            "sip:[2001:db8::7]",
            ["<sip:[2001:db8::1]:5060;r2=on;lr;ftag=alice>", "<sip:192.168.10.1:5060;r2=on;lr;ftag=alice>"],
        ),
    ],
)
def test_what_leaves_by_another_socket_records_both(
    kamailio: Kamailio, ksr: FakeKSR, hop: str, recorded: list[str]
) -> None:
    """As its gateway sends what comes later to the first, and the client to the second (real 5.6)."""
    call = routed(kamailio, ksr, "KSR.rr.record_route()", f"KSR.pv.sets('$du', {hop!r})", "KSR.tm.t_relay()")
    assert records(call) == recorded


@pytest.mark.parametrize("name", ["gw1", "provider.com", "provider.com.", "gw-1.lan2"])
def test_a_name_is_of_the_family_at_hand(kamailio: Kamailio, ksr: FakeKSR, name: str) -> None:
    """However it is written, so one socket is recorded."""
    routed(kamailio, ksr, "KSR.rr.record_route()", f"KSR.pv.sets('$du', 'sip:{name}')", "KSR.tm.t_relay()")
    call = kamailio.request("INVITE", source=("2001:db8::7", 5062))
    assert records(call) == ["<sip:[2001:db8::1]:5060;lr;ftag=alice>"]


def test_nothing_leaves_over_websocket(kamailio: Kamailio, ksr: FakeKSR) -> None:
    """A server says -2 to that: a client of it has to have called."""
    with pytest.raises(Violation, match="Kamailio opens no connection over WebSocket"):
        routed(kamailio, ksr, "KSR.pv.sets('$du', 'sip:10.0.0.1;transport=ws')", "KSR.tm.t_relay()")
    ksr.violations.clear()


def test_nothing_leaves_without_a_socket(kamailio: Kamailio, ksr: FakeKSR) -> None:
    """A server without TLS relays nothing to whom it is for."""
    ksr.listening = [("tcp", "192.0.2.1", 5070), ("udp", "192.0.2.1", 5080)]
    with pytest.raises(Violation, match="no socket of ksr.listening leads to sip:10.0.0.1;transport=tls"):
        routed(kamailio, ksr, "KSR.pv.sets('$du', 'sip:10.0.0.1;transport=tls')", "KSR.tm.t_relay()")
    ksr.violations.clear()


@pytest.mark.parametrize(
    ("uri", "route"),
    [
        ("sip:carol@192.0.2.7", "sip:192.168.10.1;lr"),
        ("sip:carol@192.0.2.7", "<sip:192.168.10.1;lr>, <sip:192.0.2.8>"),
        ("sip:192.168.10.1", "<sip:192.0.2.8;lr>"),
        ("sip:192.168.10.1", "<sip:192.168.10.1;lr>"),
    ],
)
def test_routes_that_are_not_imitated(kamailio: Kamailio, ksr: FakeKSR, uri: str, route: str) -> None:
    """Those of strict routers, and what is no route to Kamailio."""
    routed(kamailio, ksr, "KSR.rr.loose_route()")
    with pytest.raises(Violation, match=r"strict router|no Route"):
        kamailio.request("BYE", uri, "To: <sip:carol@example.com>;tag=x", f"Route: {route}")
    ksr.violations.clear()


def test_a_call_that_was_given_up_does_not_ring(kamailio: Kamailio, ksr: FakeKSR) -> None:
    """What rings behind the CANCEL reaches the route of all replies, not the call's own, nor the sender."""
    seen = []

    def route(where: str) -> Callable[[object], int]:
        return lambda msg: seen.append((where, ksr.module.pv.get("$rs"))) or 1

    kamailio.load(ROUTER, KEEPALIVE_DESTINATIONS=A)
    kamailio.up(A)
    ksr.handlers.ksr_reply_route, ksr.handlers.ksr_reply = route("every"), route("reply")
    call = kamailio.request("INVITE")
    call.relayed[0].on_reply = "ksr_reply"
    kamailio.cancel(call)
    call.reply(180)
    call.reply(487)
    assert call.codes == [487]
    assert seen == [("every", 180), ("every", 487), ("reply", 487)]


CLASS = ROOT / "tests" / "no_reply_route.py"


def kit_lines(ksr: FakeKSR) -> list[str]:
    return [line.removeprefix("KIT ") for line in ksr.lines("info") if line.startswith("KIT ")]


@pytest.mark.parametrize("wanted", ["reply", "failure", "reply-failure"])
def test_a_class_without_a_route_of_all_replies(kamailio: Kamailio, ksr: FakeKSR, wanted: str) -> None:
    """A real 5.6 fails at the first call behind a reply (tests/real/test_kit.py)."""
    kamailio.load(CLASS, GATEWAY=5071)
    call = kamailio.request("INVITE", f"sip:{wanted}@example.com")
    with pytest.raises(SystemError, match="no ksr_reply_route"):
        call.reply(404)
    assert kit_lines(ksr) == ["request", wanted.partition("-")[0]]


def test_a_class_without_a_route_of_all_replies_has_a_next_request(kamailio: Kamailio, ksr: FakeKSR) -> None:
    """Nothing is called behind a gateway's 100, so the next request fails; what a timer does is apart."""
    kamailio.load(CLASS, GATEWAY=5071)
    call = kamailio.request("INVITE", "sip:failure@example.com")
    call.reply(100)
    call.time_out()
    kamailio.request("INVITE").reply(100)
    with pytest.raises(SystemError, match="no ksr_reply_route"):
        kamailio.request("INVITE")
    assert kit_lines(ksr) == ["request", "failure", "end of failure", "request", "request"]


def test_6_misses_no_route_of_all_replies() -> None:
    """It has the reply route and the failure route run."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        ksr = FakeKSR("6.0")
        monkeypatch.setitem(sys.modules, "KSR", ksr.module)
        kamailio = Kamailio(ksr, monkeypatch)
        kamailio.load(CLASS, GATEWAY=5071)
        kamailio.request("INVITE", "sip:reply-failure@example.com").reply(404)
    assert kit_lines(ksr) == ["request", "reply", "end of reply", "failure", "end of failure"]


def test_a_branch_route_takes_no_hop_back(kamailio: Kamailio, ksr: FakeKSR) -> None:
    """Each version of Kamailio does another thing, and none sends to the request URI."""

    def branch(msg: object) -> int:
        ksr.module.pv.unset("$du")
        return 1

    def route(msg: object) -> int:
        ksr.module.pv.sets("$du", A)
        ksr.module.tm.t_on_branch("ksr_branch")
        ksr.module.tm.t_relay()
        return 1

    kamailio.load(SimpleNamespace(ksr_request_route=route, ksr_branch=branch))
    with pytest.raises(Violation, match="takes \\$du back"):
        kamailio.request("INVITE")
    ksr.violations.clear()


def test_a_request_that_was_sent_again_is_relayed_once(kamailio: Kamailio, ksr: FakeKSR) -> None:
    """Behind t_check_trans real servers would send it to the gateway as another branch."""
    routed(kamailio, ksr, "KSR.tm.t_check_trans()", "KSR.tm.t_relay()")
    [call] = ksr.calls
    with pytest.raises(Violation, match="relayed once more"):
        kamailio.retransmit(call)
    ksr.violations.clear()


def test_a_return_that_is_no_int_is_a_violation(kamailio: Kamailio, ksr: FakeKSR) -> None:
    """A route that returns None makes a real 5.6 fail at its next call."""
    kamailio.load(SimpleNamespace(ksr_request_route=lambda msg: None))
    with pytest.raises(Violation, match="needs an int"):
        kamailio.request("INVITE")
    ksr.violations.clear()


def test_who_is_not_monitored_is_neither_up_nor_down(router: Kamailio) -> None:
    """A test that sets what the script never added is told so."""
    with pytest.raises(AssertionError, match="sip:192.168.10.29 is not monitored"):
        router.up("sip:192.168.10.29")


CHILD_INIT = "def child_init(rank):\n    return 0\n"
MOD_INIT = "import sys\ndef mod_init():\n    return sys.modules[__name__]\n"
ROUTE = "def ksr_request_route(msg):\n    return 1\n"


@pytest.mark.parametrize(
    ("name", "text", "complaint"),
    [
        ("none.py", "", "there is no script"),
        ("text.txt", ROUTE, "is no file of Python"),
        ("routes.py", ROUTE + CHILD_INIT, r"has no mod_init\(\): Kamailio would not start"),
        ("routes.py", ROUTE + MOD_INIT, r"has no child_init\(rank\): Kamailio would not start"),
        ("routes.py", ROUTE + MOD_INIT + "def child_init(rank):\n    return -1", "child_init returned -1"),
        ("routes.py", ROUTE + "def mod_init():\n    pass", "mod_init returned None"),
    ],
)
def test_a_script_that_would_not_start(
    kamailio: Kamailio, tmp_path: Path, name: str, text: str, complaint: str
) -> None:
    """What real servers do not start with is named (tests/real/test_kit.py)."""
    if text:
        (tmp_path / name).write_text(text)
    with pytest.raises(AssertionError, match=complaint):
        kamailio.load(tmp_path / name)


LONG = "x" * 100_000


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        (lambda kamailio: kamailio.up(LONG), "is not monitored"),
        (lambda kamailio: kamailio.resolve(NAME, f"{A}:5060"), "is not monitored"),
        (lambda kamailio: kamailio.resolve(A, LONG), "is no hop"),
        (lambda kamailio: kamailio.resolve(A, B), "is no hop"),
        (lambda kamailio: kamailio.python_exec(LONG), "has no function"),
        (lambda kamailio: kamailio.load(ROUTER, **{f"KEEPALIVE_{LONG}": 1}), "is no define"),
        (lambda kamailio: kamailio.load(ROUTER, KEEPALIVE_PING_INTERVALL=1), "is no define"),
        (lambda kamailio: kamailio.load(ROUTER, ping_interval=1), "is no define"),
        (lambda kamailio: kamailio.cancel(kamailio.request("MESSAGE")), "no MESSAGE can be given up"),
        (lambda kamailio: kamailio.request("INVITE").reply(99), "is no code"),
        (lambda kamailio: kamailio.request("INVITE").reply(700), "is no code"),
        (lambda kamailio: kamailio.request("INVITE").reply(LONG), "is no code"),
        (lambda kamailio: kamailio.request("INVITE").reply(200, branch=1), "there is no branch 1 of 1"),
    ],
)
def test_wrong_use_is_named(router: Kamailio, wrong: Callable[[Kamailio], object], complaint: str) -> None:
    """And with few words, whatever the test was given."""
    with pytest.raises(AssertionError, match=complaint) as raised:
        wrong(router)
    assert len(str(raised.value).partition("\n")[0]) < 250


@pytest.mark.parametrize(
    "use",
    [
        lambda kamailio: kamailio.up(A),
        lambda kamailio: kamailio.wait(1),
        lambda kamailio: kamailio.resolve(NAME),
        lambda kamailio: kamailio.keepalive.state(A),
    ],
)
def test_a_script_comes_first(kamailio: Kamailio, use: Callable[[Kamailio], object]) -> None:
    """Without one there is nothing to ask."""
    with pytest.raises(AssertionError, match="no script runs"):
        use(kamailio)


def test_a_request_without_a_script(kamailio: Kamailio, ksr: FakeKSR) -> None:
    """It goes nowhere."""
    with pytest.raises(Violation, match="no script runs"):
        kamailio.request("INVITE")
    ksr.violations.clear()


def test_a_script_that_does_not_ping(kamailio: Kamailio) -> None:
    """Destinations of one that lets keepalive have no turn do not change, and that is said."""
    kamailio.load(OnlyRoutes)
    assert kamailio.keepalive.add_destination(A, "me") == 0
    with pytest.raises(AssertionError, match="nothing is pinged"):
        kamailio.up(A)


def test_an_unknown_version_is_named() -> None:
    """One of the stubs' has to be chosen."""
    with pytest.raises(AssertionError, match=r"none of 5\.6, 6\.0, 6\.1: 6\.0\.1"):
        FakeKSR("6.0.1")


def test_a_reply_has_its_own_reason_and_headers(router: Kamailio) -> None:
    """A final one is passed on as the gateway gave it; its header lines need no end."""
    call = router.request("INVITE")
    call.reply(486, "On The Phone", "Retry-After: 5")
    assert call.replies[-1][:2] == (486, "On The Phone")


@pytest.mark.parametrize(
    ("to", "added"),
    [("<sip:a@b> ; TAG = 1", ""), ("<sip:a@b;tag=1>", ";tag=gateway"), ("<sip:a@b>;tag=1", "")],
)
def test_a_gateway_gives_a_tag_to_whom_has_none(router: Kamailio, to: str, added: str) -> None:
    """However that is written; one in the URI is none of the dialog."""
    call = router.request("INVITE", "sip:42@example.com", "Route: <sip:192.168.10.1;lr>", f"To: {to}")
    call.reply(180)
    assert call.relayed[0].message.header("To") == to + added


def test_a_request_with_short_names_of_headers(router: Kamailio) -> None:
    """They stand in the place of the long ones, and come back in a reply."""
    short = ("v: SIP/2.0/UDP 192.0.2.10;branch=z9hG4bK1", "f: <sip:a@b>;tag=1", "t: <sip:c@d>", "i: 2")
    call = router.request("INVITE", "sip:42@example.com", "Route: <sip:192.168.10.1;lr>", *short)
    assert sorted(name for name, _ in call.message.fields) == [
        *("CSeq", "Content-Length", "Max-Forwards", "Route", "f", "i", "t", "v")
    ]
    call.reply(180)
    assert call.codes == [180]


@pytest.mark.parametrize("pattern", ["4\\d\\d", "\\<404", "(?:404)", "[[:alpha:]]", "4**"])
def test_a_pattern_that_kamailio_reads_otherwise(kamailio: Kamailio, ksr: FakeKSR, pattern: str) -> None:
    """What Python knows and POSIX does not would match in the test alone."""
    with pytest.raises(Violation, match="another pattern"):
        routed(kamailio, ksr, f"KSR.tm.t_check_status({pattern!r})")
    ksr.violations.clear()


def test_a_folder_named_so_is_no_keepalive(tmp_path: Path) -> None:
    """One of the user's own, in which they run pytest, is not taken for the module."""
    (tmp_path / "keepalive").mkdir()
    command = [
        sys.executable,
        "-c",
        "import keepalive_testing; print(keepalive_testing.keepalive_core.__file__)",
    ]
    path = os.pathsep.join([str(tmp_path), str(ROOT / "testing")])
    ran = subprocess.run(
        command, capture_output=True, text=True, cwd=tmp_path, env=os.environ | {"PYTHONPATH": path}
    )
    assert ran.stdout.strip().endswith("keepalive_core/__init__.py"), ran.stderr


# --- the document, here and in a bare environment ---


def write_examples(folder: Path) -> None:
    examples = named_examples()
    (folder / "router.py").write_text(examples["router.py"])
    (folder / "test_router.py").write_text(examples["test_router.py"])


def outcome(command: list[str], folder: Path, **environment: str) -> str:
    """Return what pytest says last, of a run without this project's settings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "PYTHON"))}
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, env=kept | environment, timeout=300
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    return done.stdout


@pytest.mark.parametrize("version", ["5.6", "6.0", "6.1"])
def test_the_documents_examples_run(tmp_path: Path, version: str) -> None:
    """The script and its tests of docs/testing.md, with pytest-mock, as a user has them."""
    write_examples(tmp_path)
    (tmp_path / "pytest.ini").write_text(f'[pytest]\nkamailio_version = "{version}"\n')
    command = [sys.executable, "-m", "pytest", "-q", "-p", "keepalive_testing.plugin"]
    said = outcome(command, tmp_path, PYTHONPATH=str(ROOT / "testing"))
    assert re.search(r"^6 passed", said, re.MULTILINE)


def test_another_version_of_keepalive_is_named(tmp_path: Path) -> None:
    """One that is installed beside the kit, of another version, ends the run with a line that says so."""
    (tmp_path / "keepalive.py").touch()
    (tmp_path / "keepalive_core.py").write_text('VERSION = "0.0.1"\n')
    path = f"{tmp_path}:{ROOT / 'testing'}"
    ran = subprocess.run(
        [sys.executable, "-c", "import keepalive_testing"],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": path},
        cwd=tmp_path,
    )
    last = ran.stderr.splitlines()[-1]
    assert last.startswith("ImportError: keepalive_testing is of another version than keepalive 0.0.1 in ")


def link(name: str, packages: Path) -> None:
    """Let an environment have a package of this one, with all that it needs, and nothing else."""
    try:
        found = metadata.distribution(name)
    except metadata.PackageNotFoundError:  # for another Python or system
        return
    for top in {file.parts[0] for file in found.files or () if file.parts[0] != ".."}:
        if not (packages / top).exists():
            (packages / top).symlink_to(str(found.locate_file(top)))
    for needed in found.requires or ():
        if "extra" not in needed:
            link(re.split(r"[^\w.-]", needed)[0], packages)


def test_a_bare_environment_needs_the_kit_alone(tmp_path: Path) -> None:
    """Outside of the repository, with what `pip install ./testing` brings: all but pytest-mock's test."""
    write_examples(tmp_path)
    # A build leaves files behind in the folder of its sources.
    clone = tmp_path / "clone"
    for folder in ("testing", "kemi", "stubs"):
        shutil.copytree(ROOT / folder, clone / folder, symlinks=True)
    shutil.copy(ROOT / "LICENSE", clone)
    environment = tmp_path / "environment"
    venv.create(environment)
    python = str(environment / "bin" / "python")
    [packages] = environment.glob("lib/python3*/site-packages")
    for name in ("pytest", "flit_core"):
        link(name, packages)
    pip = [sys.executable, "-m", "pip", "--python", python]
    options = ["-q", "--no-index", "--no-build-isolation", "--disable-pip-version-check"]
    outcome([*pip, "install", *options, str(clone / "testing")], tmp_path)
    shutil.rmtree(clone)
    assert list(packages.glob("kamailio_kemi_keepalive_testing-*/licenses/LICENSE"))
    said = outcome(
        [python, "-m", "pytest", "-q", "--deselect", "test_router.py::test_with_pytest_mock"], tmp_path
    )
    assert re.search(r"^5 passed", said, re.MULTILINE)
    listed = outcome([*pip, "list", "--format=freeze"], tmp_path)
    assert "kamailio-kemi-keepalive-testing==" in listed
    assert "kamailio-kemi-keepalive==" not in listed
