"""Where the includes may stand in a kamailio.cfg that nobody here wrote."""

from __future__ import annotations

import pytest

from gateway import Gateway
from real.server import ROOT, free_port

# All modules that keepalive needs are there already, so that the include itself loads none.
CFG = """
debug=2
log_stderror=yes
auto_aliases=no
loadmodule "tm.so"
loadmodule "pv.so"
loadmodule "kex.so"
loadmodule "htable.so"
loadmodule "mqueue.so"
loadmodule "rtimer.so"
loadmodule "cfg_rpc.so"
loadmodule "jsonrpcs.so"
loadmodule "app_python3.so"
modparam("jsonrpcs", "transport", 4)
modparam("jsonrpcs", "dgram_socket", RPC)
{before}
include_file "{folder}/keepalive-native.cfg"
{behind}
request_route {{
    exit;
}}
"""


@pytest.mark.parametrize("line", ["listen=udp:127.0.0.1:PORT", 'alias="sip.example.org"'])
def test_a_list_of_names_ends_at_the_include(start, gateway: Gateway, line: str) -> None:
    """listen= and alias= take words until a statement begins: the include has one."""
    before, behind = (line.replace("PORT", str(free_port())) for _ in "12")
    cfg = CFG.format(before=before, folder=ROOT / "kemi", behind=behind)
    start(
        "kamailio.cfg",
        files={"kamailio.cfg": cfg},
        KEEPALIVE_DIR=ROOT / "kemi",
        KEEPALIVE_DESTINATIONS=gateway.uri,
    ).logged(f"{gateway.uri} unknown -> up")
