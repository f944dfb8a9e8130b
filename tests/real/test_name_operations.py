"""What operators and scripts do with names on real servers."""

from __future__ import annotations

import json
from pathlib import Path

from gateway import Gateway
from real.calling import HTTP
from real.calling import call as ask
from real.provider import Name, Provider
from real.server import ROOT, Kamailio, wait_for
from real.test_dispatcher import become, call, invites
from real.test_examples import files_of
from real.test_names import QUICK, SRV, TWO
from real.test_pings import DOWN, UP


def test_how_many_have_to_be_alive(start, provider: Provider) -> None:
    """name_min_alive: one is enough, half of them, or all; a change of it counts at once."""
    gateways = [provider.gateway() for _ in range(4)]
    server: Kamailio = start(resolver=provider.dns.address, **QUICK)
    lines = [f"@ A %{n}" for n in (1, 2, 3, 4)]
    names = {
        wanted: Name(server, f"sip:{provider.say(f'm{at}', *lines)}", name_min_alive=wanted)
        for at, wanted in enumerate(["1", "50%", "75%", "all", "3"])
    }
    for name in names.values():
        name.have(dict.fromkeys(gateways, "up"))
    for silent, down in ((1, ["all"]), (2, ["all", "75%", "3"]), (3, ["all", "75%", "3", "50%"])):
        gateways[silent - 1].silent = True
        for wanted, name in names.items():
            name.become(DOWN if wanted in down else UP)
    assert server.call("add_destination", names["1"].uri, "test", name_min_alive="all") == 0
    names["1"].become(DOWN)
    gateways[0].silent = gateways[1].silent = False
    for wanted, state in (("1", DOWN), ("50%", UP), ("75%", UP), ("all", DOWN), ("3", UP)):
        names[wanted].become(state)


def test_a_target_and_a_name_out_of_service(start, provider: Provider) -> None:
    """A target in drain or maint gets nothing new, and the other carries the name; the name's hold all."""
    first, second = provider.gateway(), provider.gateway()
    server: Kamailio = start(resolver=provider.dns.address, **QUICK)
    name = Name(server, f"sip:{provider.say('held', *TWO)}")
    name.have({first: "up", second: "up"})
    key = name.target(first)
    assert server.call("set_admin", key, "maint", by="me") == 0
    wait_for("no more pings of it", lambda: pings_within(server, first) == 0)
    assert server.call("is_alive", key) == DOWN
    assert server.call("is_alive", name.uri) == UP
    second.silent = True
    wait_for("the name to be down", lambda: server.call("is_alive", name.uri) == DOWN)
    assert server.call("set_admin", key, "ready") == 0
    wait_for("the name to be up", lambda: server.call("is_alive", name.uri) == UP)
    second.silent = False
    name.have({first: "up", second: "up"})
    for mode in ("drain", "maint"):
        assert server.call("set_admin", name.uri, mode) == 0
        assert server.call("is_alive", name.uri) == DOWN
        assert server.call("targets", name.uri) == []
        if mode == "maint":
            wait_for("no more pings", lambda: pings_within(server, first, second) == 0)
        assert server.call("set_admin", name.uri, "ready") == 0
        wait_for("the name to be up", lambda: server.call("is_alive", name.uri) == UP)
    assert server.call("set_admin", f"{name.uri}#192.0.2.1:5060", "maint") == -1


def pings_within(server: Kamailio, *gateways: Gateway) -> int:
    """Return how many pings gateways get while an address of its own gets three."""
    clock = Gateway()
    before = sum(len(gateway.pings) for gateway in gateways)
    assert server.call("add_destination", clock.uri, "clock") == 0
    wait_for("three pings", lambda: len(clock.pings) >= 3)
    server.call("del_destination", clock.uri, "clock")
    clock.close()
    return sum(len(gateway.pings) for gateway in gateways) - before


def test_callbacks_of_targets(start, provider: Provider) -> None:
    """The name's callbacks come as ever; its targets', with the name in the event, only if they are asked."""
    first, second = provider.gateway(), provider.gateway()
    server: Kamailio = start(resolver=provider.dns.address, **QUICK)
    uris = [f"sip:{provider.say(name, *TWO)}" for name in ("plain", "asked")]
    for uri, wanted in zip(uris, (0, 1), strict=True):
        added = server.call("add_destination", uri, "test", 0, "on_event", "", callback_targets=wanted)
        assert added == 0
        server.wait_for_state(uri, UP)
    asked = f"{uris[1]}#{first.host}:5060"
    first.silent = True

    def known() -> list[list[object]]:
        lines = [json.loads(line.split("KNOWN ", 1)[1]) for line in server.log_lines("KNOWN ")]
        return [[uri, state, event.get("target_of", "")] for uri, state, event in lines]

    wait_for("the target's change", lambda: [asked, DOWN, uris[1]] in known())
    second.silent = True
    for uri in uris:
        wait_for("the name's change", lambda uri=uri: [uri, DOWN, ""] in known())
    assert not [each for each in known() if str(each[0]).startswith(f"{uris[0]}#")]


def test_a_restart(start, provider: Provider, tmp_path: Path) -> None:
    """What was known of name and targets is known from the first request on, before DNS has said a word."""
    first, second = provider.gateway(), provider.gateway()
    uri = f"sip:{provider.say('restarts', *SRV)}"
    file = tmp_path / "keepalive.state"
    settings = {
        **QUICK,
        "resolver": provider.dns.address,
        "share": tmp_path,
        "KEEPALIVE_STATE_FILE": file,
        "KEEPALIVE_DESTINATIONS": uri,
    }
    server: Kamailio = start(**settings)
    server.wait_for_state(uri, UP)
    first.silent = True
    key = f"{uri}#{first.host}:5060"
    server.wait_for_state(key, DOWN)
    assert server.call("set_admin", f"{uri}#{second.host}:5060", "drain", by="me") == 0
    changes = [each["to"] for each in server.call("info", key)["history"]]
    wait_for("the mode in the file", lambda: b'"drain"' in file.read_bytes())
    server.kill()
    provider.dns.pause()
    again: Kamailio = start(**settings)
    assert again.state(uri) == UP
    provider.dns.go_on()
    again.wait_for_state(key, DOWN, 20)
    known = again.call("info", key)
    assert [each["to"] for each in known["history"]][: len(changes)] == changes
    assert again.call("info", f"{uri}#{second.host}:5060")["admin"]["mode"] == "drain"
    assert again.call("targets", uri) == []


def test_what_operators_read(start, provider: Provider) -> None:
    """RPC and kamcmd show the targets with their name; they are no destinations of their own."""
    first, second = provider.gateway(), provider.gateway()
    server: Kamailio = start(
        resolver=provider.dns.address, KEEPALIVE_HTTP=HTTP, CTL="unix:FOLDER/ctl", **QUICK
    )
    name = Name(server, f"sip:{provider.say('shown', *SRV)}")
    first.silent = True
    name.have({first: "down", second: "up"})
    shown = ask(server, "info", destination=name.uri)
    assert [each["address"] for each in shown["targets"]] == [first.host, second.host]
    [one, two] = shown["targets"]
    assert (one["port"], one["transport"], one["priority"], one["weight"]) == (5060, "udp", 10, 60)
    assert (one["state"], one["alive"], two["state"], two["alive"]) == ("down", False, "up", True)
    assert "_sip._udp.shown.test" in one["record"]
    assert one["since"] > 0
    assert two["latency_ms"] > 0
    assert shown["resolution"]["asked"] > 0
    assert "shown.test" in server.kamcmd("htable.dump", "keepalive_name")
    assert len(server.call("list")) == 1


def test_a_list_file(start, provider: Provider, tmp_path: Path) -> None:
    """A line that is a name gets the same, with its options."""
    first, _ = provider.gateway(), provider.gateway()
    uri = f"sip:{provider.say('listed', *SRV)}"
    file = tmp_path / "keepalive.list"
    file.write_text(f"{uri} name_min_alive=all\n")
    server: Kamailio = start(resolver=provider.dns.address, share=tmp_path, KEEPALIVE_LIST_FILE=file, **QUICK)
    server.wait_for_state(uri, UP)
    first.silent = True
    server.wait_for_state(uri, DOWN)
    assert {each["state"] for each in server.call("info", uri)["targets"]} == {"up", "down"}
    first.silent = False
    server.wait_for_state(uri, UP)


def test_a_set_of_dispatcher(start, provider: Provider) -> None:
    """A destination of dispatcher that is a name is active as long as one of its targets is up."""
    first, second, third = (provider.gateway() for _ in range(3))
    uri = f"sip:{provider.say('dispatched', *TWO)}"
    files = files_of("dispatcher", [first, third])
    files["dispatcher.list"] = f"1 {uri} 0 20\n1 {third.uri} 0 10\n"
    server: Kamailio = start(
        "kamailio.cfg", files=files, resolver=provider.dns.address, KEEPALIVE_DIR=ROOT / "kemi", **QUICK
    )
    become(server, "AX", "AX")
    server.logged(f"{uri}#{first.host}:5060 unknown -> up")
    first.silent = True
    server.logged(f"{uri}#{first.host}:5060 up -> down")
    become(server, "AX", "AX")
    second.silent = True
    become(server, "IX", "AX")
    call(server, "invite.xml")
    assert invites(third) == 1
    first.silent = False
    become(server, "AX", "AX")


def test_a_target_that_fails_is_asked_for_again_at_once(start, provider: Provider) -> None:
    """When all targets are down DNS is asked at once, long before dns_interval is over."""
    old, new = provider.gateway(), provider.gateway()
    server = start(resolver=provider.dns.address, **QUICK | {"KEEPALIVE_DNS_INTERVAL": 3600})
    name = Name(server, f"sip:{provider.say('again', '@ A %1')}")
    name.have({old: "up"})
    provider.say("again", "@ A %2")
    old.silent = True
    name.have({new: "up"}, 12)
    assert server.state(name.uri) == UP
