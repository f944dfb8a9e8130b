"""Parameters in an operator's words: units, options of groups, the profile, and the C module's names."""

from __future__ import annotations

import json
from pathlib import Path

from gateway import Gateway
from real.server import Kamailio, wait_for
from real.test_settings import later_gaps

VALUES = "__import__('keepalive_core.services.configuration', fromlist=['values']).values()"


def in_force(server: Kamailio, name: str) -> str:
    """The value in force as a worker knows it, as Python writes it."""
    return str(server.call("evaluate", f"{VALUES}[{name!r}]"))


def test_units(start, gateway: Gateway, tmp_path: Path) -> None:
    """Defines with quotation marks or without, modparam, the list file and kamcmd take numbers with units."""
    file = tmp_path / "keepalive.list"
    file.write_text(f"{gateway.uri} ping_interval=1s ping_jitter=0%\n")
    server = start(
        share=tmp_path,
        options=("-A", "KEEPALIVE_PING_JITTER=20%", "-A", "KEEPALIVE_DRAIN_TIME=2m"),
        KEEPALIVE_PING_TIMEOUT="500ms",
        KEEPALIVE_PING_INTERVAL=3600,
        MODPARAMS=json.dumps({"ping_interval_down": "1.5s", "list_file": str(file)}),
    )
    assert all(0.8 < gap < 1.2 for gap in later_gaps(gateway, 2)), "as the list file says"
    shown = {
        "ping_timeout": "500ms",
        "ping_interval": "3600",
        "ping_jitter": "20%",
        "drain_time": "2m",
        "fall": "",
    }
    assert {name: server.rpc("cfg.get", "keepalive", name) for name in shown} == shown
    values = {"ping_timeout": "500", "ping_interval": "3600", "ping_jitter": "20", "drain_time": "120"}
    assert {name: in_force(server, name) for name in values} == values
    assert in_force(server, "ping_interval_down") == "1.5"
    for method, text, shows, value in (
        ("cfg.sets", "1h", "1h", "3600"),
        ("cfg.seti", 7, "7", "7"),
        ("cfg.sets", "7", "7", "7"),
        ("cfg.set_now_int", 8, "8", "8"),
        ("cfg.set_now_string", "500ms", "500ms", "0.5"),
    ):
        server.rpc(method, "keepalive", "ping_interval", text)
        assert server.rpc("cfg.get", "keepalive", "ping_interval") == shows
        wait_for(value, lambda value=value: in_force(server, "ping_interval") == value)
    assert server.errors == []
    server.rpc("cfg.sets", "keepalive", "ping_interval", "2w")
    server.logged("bad ping_interval '2w': a number of seconds, such as 30, 500ms, 2s, 5m or 1h, is needed")
    assert in_force(server, "ping_interval") == "0.5"


def test_options_of_groups(start, gateway: Gateway, tmp_path: Path) -> None:
    """On real servers: the list file and configure_group give a group options; pings follow, and so does
    the group's floor.
    """
    file = tmp_path / "keepalive.list"
    file.write_text(f"{gateway.uri} group=g\ngroup.g.ping_interval=1h group.g.fall=3 # of all\n")
    other = Gateway()
    server = start(
        share=tmp_path, KEEPALIVE_PING_JITTER=0, MODPARAMS=json.dumps({"list_file": str(file), "fall": 5})
    )
    server.wait_for_state(gateway.uri, 1)
    server.call("add_destination", other.uri, "test", group="h")
    server.wait_for_state(other.uri, 1)
    assert [server.call("info", uri)["fall"] for uri in (gateway.uri, other.uri)] == [3, 5]
    assert server.call("configure_group", "h", ping_interval="500ms", fall=1, group_min_alive=1) == 0
    assert all(0.3 < later < 0.7 for later in later_gaps(other, 3))
    other.silent = True
    server.wait_for_state(other.uri, 2)
    assert server.call("alive", "h") == [other.uri]
    assert server.call("configure_group", "h", fall="x") == -1
    server.logged("configure_group: bad fall 'x'")
    assert server.call("configure_group", "h") == 0
    assert server.call("alive", "h") == []
    file.write_text(f"{gateway.uri} group=g\ngroup.g.ping_interval=500ms\n")
    assert server.call("reload") == 0
    assert all(0.3 < later < 0.7 for later in later_gaps(gateway, 3))
    assert server.call("info", gateway.uri)["fall"] == 5
    server.rpc("htable.delete", "keepalive_group_options", "g")
    server.logged("options of group g were missing or made no sense, and are made anew")
    other.close()


def test_the_profile_and_the_c_modules_name(start, gateway: Gateway) -> None:
    """What is said beside the profile wins, at run time too; delete_counter is remove_after."""
    server = start(
        KEEPALIVE_PROFILE="carrier",
        KEEPALIVE_DESTINATIONS=gateway.uri,
        MODPARAMS=json.dumps({"delete_counter": 4, "rise": 1}),
    )
    assert server.logged("delete_counter is taken for remove_after: ")
    [line] = server.logged("profile carrier: fall 3, rise 2, ping_interval_pending auto, ping_timeout 1000, ")
    assert "flap_limit 6, flap_hold_max 300; instead of that: rise 1, ping_timeout 500" in line
    server.wait_for_state(gateway.uri, 1)
    known = server.call("info", gateway.uri)
    assert (known["fall"], known["rise"]) == (3, 1)
    assert in_force(server, "mass_failure") == "40"
    for text, fall in (("1", 1), ("", 3)):
        server.rpc("cfg.sets", "keepalive", "fall", text)
        wait_for(f"fall {fall}", lambda fall=fall: server.call("info", gateway.uri)["fall"] == fall)
    server.rpc("cfg.sets", "keepalive", "profile", "")
    wait_for("no profile", lambda: server.call("info", gateway.uri)["fall"] == 1)
    server.rpc("cfg.sets", "keepalive", "profile", "hotel")
    server.logged("bad profile 'hotel': one of '', carrier is needed")
    assert server.call("info", gateway.uri)["fall"] == 1
    gateway.silent = True
    server.logged(f"{gateway.uri} is monitored no more: 4 failures in a row")
    assert server.state(gateway.uri) == -1
