"""The answer of a real server to an OPTIONS that asks for itself, and two servers that watch each other."""

from __future__ import annotations

from pathlib import Path

from gateway import Gateway
from real.asking import asked
from real.server import ROOT, Kamailio, wait_for

ELSEWHERE = "127.0.0.77"


def uri_of(server: Kamailio) -> str:
    return f"sip:127.0.0.1:{server.port}"


def test_an_options_to_the_server_is_answered(start, gateway: Gateway) -> None:
    """An OPTIONS to the server itself, and nothing else; 503 while too few members of the group are up."""
    server = start(ANSWER_GROUP="carriers")
    assert asked(server) == (200, 0), "a group that is not there keeps nobody from calling"
    server.call("add_destination", gateway.uri, "test", group="carriers", ping_interval=0.3)
    server.wait_for_state(gateway.uri, 1)
    assert asked(server, ELSEWHERE) == (200, 0)
    for uri in (f"sip:alice@127.0.0.1:{server.port}", "sip:192.0.2.1"):
        assert asked(server, uri=uri) == (404, 0), "it is for a user, or somebody else: the script's"
    assert asked(server, method="INFO") == (404, 0)
    gateway.code = 503
    server.wait_for_state(gateway.uri, 2)
    assert asked(server, ELSEWHERE) == (503, 10)
    assert asked(server) == (200, 0), "who asks from the address of the only member is not counted"
    gateway.code = 200
    server.wait_for_state(gateway.uri, 1)
    assert asked(server, ELSEWHERE) == (200, 0)


def test_a_peer_takes_it_for_a_drain(start, tmp_path: Path) -> None:
    """It is drained and not down, over a restart of the server too, and alive when the time is over."""
    states = tmp_path / "states"
    drained = start(ANSWER_GROUP="", share=tmp_path, KEEPALIVE_STATE_FILE=states)
    peer = start()
    peer.call("add_destination", uri_of(drained), "test", ping_interval=0.5)
    peer.wait_for_state(uri_of(drained), 1)
    assert drained.call("set_self", "drain", 3600, "anna", "card swap") == 0
    drained.logged("this server is set to drain for 3600 s by anna: card swap")
    assert asked(drained) == (503, 60)
    wait_for("no calls", lambda: peer.call("is_alive", uri_of(drained)) == 2)
    assert peer.state(uri_of(drained)) == 1
    peer.logged("asked for no calls, and is drained: 503 Drained")
    wait_for("the state file", lambda: states.exists() and "card swap" in states.read_text())
    drained.stop()
    again = start(ANSWER_GROUP="", share=tmp_path, KEEPALIVE_STATE_FILE=states)
    assert asked(again) == (503, 60)
    assert again.call("set_self", "drain", 1) == 0
    wait_for("the end of its drain", lambda: asked(again) == (200, 0))
    assert again.call("set_self", "maint") == -1


def test_two_servers_that_watch_each_other_recover(start) -> None:
    """Each has to see the other up to answer others 200; both down, both come up again by themselves."""
    one, two = start(ANSWER_GROUP="peers"), start(ANSWER_GROUP="peers")
    for server, peer in ((one, two), (two, one)):
        server.call("add_destination", uri_of(peer), "test", group="peers", ping_interval=0.5)
    one.wait_for_state(uri_of(two), 1)
    two.wait_for_state(uri_of(one), 1)
    for server in (one, two):
        server.call("pause")
    # A ping that is under way would answer.
    wait_for("the pause", lambda: "pings are paused" in one.log and "pings are paused" in two.log)
    for server, peer in ((one, two), (two, one)):
        server.call("report_failure", uri_of(peer), "test")
        assert server.state(uri_of(peer)) == 2
    assert asked(one, ELSEWHERE) == asked(two, ELSEWHERE) == (503, 10)
    for server in (one, two):
        server.call("resume")
    one.wait_for_state(uri_of(two), 1)
    two.wait_for_state(uri_of(one), 1)
    assert asked(one, ELSEWHERE) == asked(two, ELSEWHERE) == (200, 0)


def test_a_native_route_answers(start) -> None:
    """With python_exec; drained and ready again by it, and 404, the script's, to what is not for it."""
    server = start("native.cfg", KEEPALIVE_DIR=ROOT / "kemi", LITERAL="sip:127.0.0.1:9")
    assert asked(server) == (200, 0)
    assert server.message("drain 30 upgrade", "set_self") == (200, "1")
    server.logged("this server is set to drain for 30 s by route: upgrade")
    code, seconds = asked(server)
    assert code == 503
    assert 25 <= seconds <= 30
    assert server.message("ready", "set_self") == (200, "1")
    assert asked(server) == (200, 0)
    assert asked(server, uri="sip:alice@127.0.0.1") == (404, 0)
