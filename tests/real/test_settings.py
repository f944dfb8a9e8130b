"""Parameters in a real server: where they come from, who wins, and what changes at run time."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest

from gateway import Gateway
from real.server import HERE, Kamailio, wait_for
from real.test_pings import DOWN, UP

SLOW = 3600


def later_gaps(gateway: Gateway, count: int) -> list[float]:
    """Wait for a number of regular pings from now on; return the times between them."""
    # The next ping may be the first, which is early, or one scheduled before a change.
    seen = len(gateway.pings) + 1
    wait_for("regular pings", lambda: len(gateway.pings) >= seen + count + 1, 15)
    pings = gateway.pings[seen:]
    return [b.at - a.at for a, b in pairwise(pings)]


def test_destinations_of_cfg_and_mod_init_add_up(start, gateway: Gateway) -> None:
    """Destinations from the define, from modparam and from mod_init are all there from the first request."""
    others = [Gateway() for _ in range(4)]
    server = start(
        KEEPALIVE_DESTINATIONS=f"{gateway.uri}, {others[0].uri}\t{others[1].uri}",
        MODPARAMS=json.dumps({"destination": others[2].uri}),
        MOD_INIT_DESTINATIONS=others[3].uri,
        KEEPALIVE_UNKNOWN_AS="error",
        KEEPALIVE_PING_TIMEOUT=1000,
    )
    for each in (gateway, *others):
        assert server.state(each.uri) in (0, UP), "known by the time the first request is taken"
        server.wait_for_state(each.uri, UP)
        each.close()


def test_python_may_be_loaded_first(start, gateway: Gateway) -> None:
    """If app_python3 is loaded before htable, mod_init runs before the tables exist, and loses nothing."""
    other = Gateway()
    server = start(PYTHON_FIRST=1, KEEPALIVE_DESTINATIONS=gateway.uri, MOD_INIT_DESTINATIONS=other.uri)
    for uri in (gateway.uri, other.uri):
        assert server.state(uri) in (0, UP)
        server.wait_for_state(uri, UP)
    wait_for("callbacks of all three", lambda: len(server.events) >= 3)
    assert sorted((event[0], event[1]) for event in server.events) == sorted(
        [("on_any_change", gateway.uri), ("on_any_change", other.uri), ("on_change", other.uri)]
    )
    assert server.errors == []
    assert server.call("del_destination", other.uri, "mod_init") == 0
    assert server.state(other.uri) == -1
    other.close()


def test_modparam_wins_over_the_define(start, gateway: Gateway) -> None:
    """modparam("ping_interval", 1) holds although kamailio.cfg says an hour."""
    start(
        KEEPALIVE_PING_INTERVAL=SLOW,
        KEEPALIVE_DESTINATIONS=gateway.uri,
        MODPARAMS=json.dumps({"ping_interval": 1}),
    )
    assert all(0.8 < gap < 1.2 for gap in later_gaps(gateway, 2))


def test_settings_are_listed_and_change_at_run_time(start, gateway: Gateway) -> None:
    """An operator sees the settings and changes them: the new interval and time limit hold at once."""
    server = start(
        KEEPALIVE_PING_INTERVAL=SLOW,
        KEEPALIVE_PING_TIMEOUT=3000,
        KEEPALIVE_DESTINATIONS=gateway.uri,
        MODPARAMS=json.dumps({"ping_interval": SLOW - 1}),
    )
    listed = server.rpc("cfg.list", "keepalive")
    for name in ("ping_interval", "ping_timeout", "ping_from", "unknown_as", "destination"):
        assert f"keepalive: {name}" in listed
    wait_for("modparam's value", lambda: shown(server, "ping_interval") == str(SLOW - 1))
    server.wait_for_state(gateway.uri, UP)
    server.rpc("cfg.seti", "keepalive", "ping_interval", 1)
    assert all(0.8 < gap < 1.2 for gap in later_gaps(gateway, 2))

    server.rpc("cfg.seti", "keepalive", "ping_timeout", 400)
    server.logged("operator (kamcmd cfg): ping_timeout 3000 -> 400")
    gateway.silent = True
    server.wait_for_state(gateway.uri, DOWN)
    [line] = server.logged("up -> down: no reply in ")
    assert 400 <= int(line.split("no reply in ")[1].split(" ms")[0]) < 900


def shown(server: Kamailio, name: str) -> str:
    """What kamcmd cfg.get shows of a parameter."""
    text: str = server.rpc("cfg.get", "keepalive", name)
    return text


def test_an_operator_wins_with_the_text_of_kamailio_cfg(start) -> None:
    """cfg.get shows what modparam said, and whoever sets what kamailio.cfg has wins over it."""
    words = {
        "unknown_as": ("down", "up"),
        "profile": ("carrier", ""),
        "ping_headers": ('X-A: "b" | X-B: d', ""),
    }
    server = start(
        MODPARAMS=json.dumps({name: of_script for name, (of_script, _) in words.items()}),
        KEEPALIVE_RISE=0,
    )
    for name, (of_script, defined) in words.items():
        wait_for(f"{of_script} shown", lambda name=name, said=of_script: shown(server, name) == said)
        server.rpc("cfg.sets", "keepalive", name, defined)
        server.logged(f"operator (kamcmd cfg): {name} {of_script} -> {defined or 'empty'}")
        assert shown(server, name) == defined
    server.rpc("cfg.sets", "keepalive", "unknown_as", "upp")
    server.logged("bad unknown_as 'upp'")
    wait_for("what holds", lambda: shown(server, "unknown_as") == "up")
    assert len(server.log_lines("operator (kamcmd cfg)")) == len(words), "what is refused is no order"


def test_a_bad_change_at_run_time_is_refused(start, gateway: Gateway) -> None:
    """A value out of range gets one log line, and the old value holds."""
    server = start(KEEPALIVE_DESTINATIONS=gateway.uri)
    server.wait_for_state(gateway.uri, UP)
    server.rpc("cfg.seti", "keepalive", "ping_interval", 0)
    [line] = server.logged("bad ping_interval")
    assert "1 to 86400 seconds is allowed" in line
    assert all(0.8 < gap < 1.2 for gap in later_gaps(gateway, 2))
    assert len(server.log_lines("bad ping_interval")) == 1


def test_destinations_change_at_run_time(start, gateway: Gateway) -> None:
    """kamcmd cfg.sets keepalive destination: what is new comes, what is missing goes, the rest stays."""
    others = [Gateway(), Gateway()]
    server = start(KEEPALIVE_DESTINATIONS=f"{gateway.uri} {others[0].uri}")
    server.wait_for_state(gateway.uri, UP)
    server.rpc("cfg.sets", "keepalive", "destination", f"{gateway.uri} {others[1].uri}")
    server.wait_for_state(others[1].uri, UP)
    assert server.state(others[0].uri) == -1
    assert len(server.log_lines(f"{gateway.uri} unknown -> up")) == 1
    followed = f"{gateway.uri} {others[1].uri}"
    for times in (1, 2):
        server.rpc("cfg.sets", "keepalive", "destination", "sip:10.0.0.256")
        wait_for("a refusal", lambda times=times: len(server.log_lines("nothing has changed")) == times)
        wait_for("the list that is followed", lambda: shown(server, "destination") == followed)
    for other in others:
        other.close()


@pytest.mark.parametrize(("unknown_as", "answer"), [("up", 1), ("down", 2), ("error", -1)])
def test_unknown_as(start, gateway: Gateway, unknown_as: str, answer: int) -> None:
    """On real servers: before the first result is_alive answers what unknown_as says; an operator can
    change it.
    """
    gateway.silent = True
    server = start(KEEPALIVE_UNKNOWN_AS=unknown_as, KEEPALIVE_PING_INTERVAL=60, KEEPALIVE_PING_TIMEOUT=30000)
    server.call("add_destination", gateway.uri, "test")
    assert server.state(gateway.uri) == 0
    assert server.call("is_alive", gateway.uri) == answer
    other, other_answer = ("down", 2) if answer != 2 else ("up", 1)
    server.rpc("cfg.sets", "keepalive", "unknown_as", other)
    wait_for("the other answer", lambda: server.call("is_alive", gateway.uri) == other_answer)


def test_a_bad_setting_in_kamailio_cfg_is_named(start, gateway: Gateway) -> None:
    """A bad define is logged with its reason; the server runs with the default, and the rest is pinged."""
    server = start(
        KEEPALIVE_PING_TIMEOUT=5,
        KEEPALIVE_DESTINATIONS=f"sip:bad:port {gateway.uri}",
        KEEPALIVE_UNKNOWN_AS="x",
    )
    server.wait_for_state(gateway.uri, UP)
    assert server.logged("bad ping_timeout 5: 50 to 32000 ms is allowed")
    assert server.logged("bad unknown_as 'x': one of up, down, error is needed")
    assert server.logged("bad destination 'sip:bad:port': bad port 'port'")


def test_a_script_that_overrides_without_super(start, gateway: Gateway) -> None:
    """A script with its own child_init, ksr_reply_route and ksr_onsend_route works without super()."""
    other = Gateway()
    server = start(
        SCRIPT=HERE / "overriding.py", KEEPALIVE_DESTINATIONS=gateway.uri, CHILD_INIT_DESTINATION=other.uri
    )
    for uri in (gateway.uri, other.uri):
        server.logged(f"{uri} unknown -> up")
    other.close()
    gateway.silent = True
    server.logged(f"{gateway.uri} up -> down")
    server.logged("OWN REPLY ROUTE")


def test_a_script_with_its_own_tm_event_function(start, gateway: Gateway) -> None:
    """A script that names its own event function and hands events on is told which were keepalive's."""
    server = start(
        SCRIPT=HERE / "overriding.py",
        KEEPALIVE_TM_EVENT="ksr_own_event",
        KEEPALIVE_DESTINATIONS=gateway.uri,
        CHILD_INIT_DESTINATION=gateway.uri,
    )
    server.logged(f"{gateway.uri} unknown -> up")
    assert server.logged("OWN EVENT True")


def test_an_event_function_that_hands_nothing_on_is_told(start, gateway: Gateway) -> None:
    """If tm's events do not reach keepalive it says so, once, and calls nobody down for it."""
    server = start(KEEPALIVE_TM_EVENT="ksr_nobody", KEEPALIVE_DESTINATIONS=gateway.uri)
    wait_for("three pings", lambda: len(gateway.pings) >= 3)
    assert server.state(gateway.uri) == 0
    assert len(server.logged("tm's local-request event did not reach keepalive")) == 1


def test_other_requests_are_left_alone(start) -> None:
    """An OPTIONS that the script sends itself is no event of keepalive's."""
    server: Kamailio = start(
        SCRIPT=HERE / "overriding.py",
        KEEPALIVE_TM_EVENT="ksr_own_event",
        CHILD_INIT_DESTINATION="127.0.0.1:9",
    )
    code, _ = server.message("{}", "send-options")
    assert code == 200
    server.logged("OWN EVENT False")
