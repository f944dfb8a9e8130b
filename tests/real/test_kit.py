"""Real servers start with no script that the kit refuses, and with the one that it takes."""

from __future__ import annotations

import pytest

from real.server import Kamailio, Launch

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
