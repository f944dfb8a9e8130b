"""Real servers start with no script that the kit refuses, and with the one that it takes."""

from __future__ import annotations

import socket
import time

import pytest

from gateway import Gateway
from real.server import HERE, Kamailio, Launch, wait_for

CFG = """
log_stderror=yes
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "kex.so"
loadmodule "jsonrpcs.so"
loadmodule "app_python3.so"
modparam("jsonrpcs", "transport", 4)
modparam("jsonrpcs", "dgram_socket", RPC)
modparam("app_python3", "load", SCRIPT)
cfgengine "python"
"""
CLASS = HERE.parent / "no_reply_route.py"
CHILD_INIT = "def child_init(rank):\n    return 0\n"
MOD_INIT = "import sys\ndef mod_init():\n    return sys.modules[__name__]\n"
ROUTE = "def ksr_request_route(msg):\n    return 1\n"


def launched(kind: str, script: str) -> Kamailio:
    files = {"kamailio.cfg": CFG, "routes.py": script}
    defines = {"SCRIPT": "FOLDER/routes.py"}
    return Kamailio(kind, "kamailio.cfg", defines, Launch(children=1, files=files, tcp=False))


def test_a_script_that_starts(kind: str) -> None:
    """A real server needs a mod_init that returns what it calls, and a child_init there."""
    with launched(kind, MOD_INIT + CHILD_INIT + ROUTE) as server:
        server.stop()
        server.forget()


@pytest.mark.parametrize(
    ("script", "culprit"),
    [
        (CHILD_INIT + ROUTE, "mod_init"),
        (MOD_INIT + ROUTE, "child_init"),
        (MOD_INIT + ROUTE + CHILD_INIT.replace("0", "-1"), "init_child failed"),
        (MOD_INIT.replace("return sys", "sys") + ROUTE + CHILD_INIT, "mod_init"),
    ],
)
def test_a_script_that_does_not_start(kind: str, script: str, culprit: str) -> None:
    """A real server ends without a mod_init or a child_init, and if one returns nothing or a failure."""
    with pytest.raises(AssertionError, match="ended at its start") as raised:
        launched(kind, script)
    assert culprit in str(raised.value)


MESSAGE = """MESSAGE sip:WANTED@example.com SIP/2.0
Via: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bKkit
From: <sip:alice@example.com>;tag=1
To: <sip:bob@example.com>
Call-ID: kit
CSeq: 1 MESSAGE
Content-Length: 0

"""


def told(server: Kamailio) -> list[str]:
    return [line.partition("KIT ")[2] for line in server.log_lines("sr_kemi_core_info(): KIT ")]


@pytest.mark.traceback
@pytest.mark.parametrize(
    ("wanted", "of_5_6"),
    [
        ("reply", ["reply"]),
        ("failure", ["failure"]),
        ("reply-failure", ["reply", "failure", "end of failure"]),
    ],
)
def test_a_class_without_a_route_of_all_replies(kind: str, wanted: str, of_5_6: list[str]) -> None:
    """A real server of 5.6 fails at the first call of KSR behind a reply, in whichever function that is."""
    gateway = Gateway(tcp=False, code=404)
    defines = {"SCRIPT": CLASS, "GATEWAY": gateway.port}
    launch = Launch(children=1, files={"kamailio.cfg": f"debug=2\n{CFG}"}, tcp=False)
    with Kamailio(kind, "kamailio.cfg", defines, launch) as server:
        version = str(server.rpc("core.version")).split()[1]
        routes = wanted.split("-")
        of_6 = [line for route in routes for line in (route, f"end of {route}")]
        expected = ["request", *(of_5_6 if version.startswith("5.6") else of_6)]
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            text = MESSAGE.replace("WANTED", wanted).replace("\n", "\r\n")
            client.sendto(text.encode(), ("127.0.0.1", server.port))
            wait_for("all functions", lambda: len(told(server)) >= len(expected), 5)
        time.sleep(0.2)
        assert told(server) == expected
        assert len(server.log_lines("SystemError")) == (version.startswith("5.6"))
    server.forget()
    gateway.close()
