"""The folders of examples/, run as they stand there on real servers: every kind of configuration.

All of Debian's releases have app_lua and app_jsdt, so that no server is left out.
"""

from __future__ import annotations

import pytest

from gateway import Gateway
from real.server import ROOT, Kamailio, free_port, wait_for
from real.test_readme import FIND_MODULE
from real.test_router import call, invites

EXAMPLES = sorted(path.name for path in (ROOT / "examples").iterdir() if path.is_dir())

# What the tests need of each server, as it stands in no example.
HEAD = """
debug=2
log_stderror=yes
auto_aliases=no
loadmodule "jsonrpcs.so"
modparam("jsonrpcs", "transport", 4)
modparam("jsonrpcs", "dgram_socket", RPC)
"""


def files_of(example: str, gateways: list[Gateway]) -> dict[str, str]:
    """Return an example's files with paths and addresses of this machine, and what it logs to be seen."""
    places = {
        "/usr/share/kamailio-kemi-keepalive": str(ROOT / "kemi"),
        "/etc/kamailio": "FOLDER",
        "192.168.10.1:5060": f"127.0.0.1:{free_port()}",
        "sip:192.168.10.20": gateways[0].uri,
        "sip:192.168.10.21": gateways[1].uri,
        "L_DBG": "L_INFO",
    }
    files = {}
    for number, gateway in enumerate(gateways, 20):
        # As tables of db_text have it: the port in a field of its own, or in that of the address.
        places[f"192.168.10.{number}::5060"] = f"127.0.0.1::{gateway.port}"
        places[f":192.168.10.{number}:"] = f":127.0.0.1\\:{gateway.port}:"
    for path in sorted((ROOT / "examples" / example).iterdir()):
        text = path.read_text()
        for there, here in places.items():
            text = text.replace(there, here)
        assert "192.168" not in text, f"an address of {path} is not of this machine"
        files[path.name] = {".cfg": HEAD, ".py": FIND_MODULE}.get(path.suffix, "") + text
    return files


def states(server: Kamailio) -> list[int]:
    """The states of all destinations, as `kamcmd htable.dump keepalive_state` shows them."""
    return [row["value"] for slot in server.rpc("htable.dump", "keepalive_state") for row in slot["slot"]]


def start_example(start, example: str, gateways: list[Gateway]) -> Kamailio:
    """Start an example's server, and wait until both gateways are up."""
    server: Kamailio = start("kamailio.cfg", files=files_of(example, gateways), KEEPALIVE_DIR=ROOT / "kemi")
    for gateway in gateways:
        server.logged(f"{gateway.uri} unknown -> up")
    return server


def gateway_dies(server: Kamailio, gateway: Gateway, example: str) -> None:
    gateway.close()
    server.logged(f"{gateway.uri} up -> down")
    if example == "dispatcher":
        wait_for("the set obeys", lambda: flags(server)[gateway.uri] == "IX")


def flags(server: Kamailio) -> dict[str, str]:
    """What dispatcher shows of the destinations of its only set."""
    [listed] = server.rpc("dispatcher.list")["RECORDS"]
    return {each["DEST"]["URI"]: each["DEST"]["FLAGS"] for each in listed["SET"]["TARGETS"]}


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_routes_by_what_is_alive(start, gateways: list[Gateway], example: str) -> None:
    """Calls go to the first gateway, when that has died to the second one, and then get a 503."""
    server = start_example(start, example, gateways)
    assert states(server) == [1, 1]
    call(server, "invite.xml")
    assert [invites(gateway) for gateway in gateways] == [1, 0]
    gateway_dies(server, gateways[0], example)
    call(server, "invite.xml")
    assert [invites(gateway) for gateway in gateways] == [1, 1]
    gateway_dies(server, gateways[1], example)
    call(server, "invite-503.xml")
    assert states(server) == [2, 2]
    assert server.errors == []
    WHAT_ELSE.get(example, lambda *_: None)(server, gateways)


def what_others_do(server: Kamailio, gateways: list[Gateway]) -> None:
    """What the operator had before goes on: timer, queue, table, and routes for all that leaves and comes."""
    for gateway in gateways:
        server.logged(f"went to {gateway.uri}, call 1")
    for part in ("leaves from here: OPTIONS ", "sent to 127.0.0.1: OPTIONS", "sent to 127.0.0.1: INVITE"):
        server.logged(part)
    server.logged("200 of 127.0.0.1")


def what_the_script_does(server: Kamailio, gateways: list[Gateway]) -> None:
    """The script's own functions and callbacks are called."""
    for gateway in gateways:
        server.logged(f"carriers: sipp goes to {gateway.uri}")
        server.logged(f"carriers: {gateway.uri} is down now")


WHAT_ELSE = {"beside-others": what_others_do, "native-with-python": what_the_script_does}


def test_each_kind_has_an_example() -> None:
    """None is left out in silence."""
    kinds = {"beside-others", "javascript", "lua", "native", "native-with-python", "python"}
    choosers = {"dispatcher", "drouting", "lcr"}
    assert set(EXAMPLES) == kinds | choosers
