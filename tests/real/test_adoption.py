"""Servers that have taken keepalive in wrongly: each says so within 15 s, with the cause and the cure."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import pytest

from places import ROOT
from real.server import Kamailio, Launch, wait_for

KEMI = ROOT / "kemi"
NATIVE = f'include_file "{KEMI}/keepalive-native.cfg"\n'
TOLD = "wrongly adopted: "
# The limit, and what a test sees later than Kamailio writes.
SECONDS = 15

BEGIN = f"""
#!define KEEPALIVE_DIR "{KEMI}"
debug=2
log_stderror=yes
auto_aliases=no
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "xlog.so"
loadmodule "textops.so"
loadmodule "jsonrpcs.so"
modparam("jsonrpcs", "transport", 4)
modparam("jsonrpcs", "dgram_socket", RPC)
#!define KEEPALIVE_DESTINATIONS "127.0.0.1:9"
"""
ROUTES = "request_route { exit; }\n"
# A MESSAGE is answered with what is_alive says.
ASKING = r"""
request_route {
	$var(answer) = python_exec("is_alive", "sip:127.0.0.1:9");
	append_to_reply("X-Result: $var(answer)\r\n");
	sl_send_reply("200", "OK");
}
"""
SCRIPT = f"""
import sys

sys.path.insert(0, "{KEMI}")
import keepalive


class Router(BASE):
    def child_init(self, rank):
        return 0

    def ksr_request_route(self, msg):
        return 1

    def ksr_own_event(self, msg, event):
        return 1


def mod_init():
    return Router()
"""

# What a script in Lua or JavaScript does that asks, and loads nothing.
ASKS = """
KSR.app_python3.exec_p1("is_alive", "sip:127.0.0.1:9");
KSR.sl.sl_send_reply(200, "OK");
"""


def python(script: str) -> str:
    """Load a script."""
    return f'loadmodule "app_python3.so"\nmodparam("app_python3", "load", "{script}")\n'


def included(file: str) -> str:
    return f'include_file "{KEMI}/{file}"\n'


def without(route: str) -> str:
    """The include for native routes, less one of them."""
    text = (KEMI / "keepalive-native.cfg").read_text()
    text, times = re.subn(rf"^\w*route\[{route}\] {{.*?^}}\n", "", text, flags=re.MULTILINE | re.DOTALL)
    assert times == 1
    return text.replace('\ninclude_file "', f'\ninclude_file "{KEMI}/')


class Case(NamedTuple):
    """A server, and what it says."""

    cfg: str
    told: tuple[str, ...]
    base: str = "keepalive.Handlers"


OWN_EVENT = '#!define KEEPALIVE_TM_EVENT "ksr_own_event"\n'
BY_PYTHON = python("FOLDER/script.py") + 'cfgengine "python"\n'
OWN_LOCAL_REQUEST = 'event_route[tm:local-request] { xlog("\\n"); }\n'
IN_NATIVE = "has native routes and includes keepalive.cfg; include keepalive-native.cfg in its place"
CASES = {
    "kemi in native": Case(
        python(f"{KEMI}/keepalive.py") + included("keepalive.cfg") + ASKING, (IN_NATIVE, "is_alive says 1")
    ),
    "kemi in native, before": Case(
        included("keepalive.cfg") + python(f"{KEMI}/keepalive.py") + ASKING, (IN_NATIVE, "is_alive says 1")
    ),
    "native in kemi": Case(
        NATIVE + 'cfgengine "python"\n', ("in the place of your script; include keepalive.cfg in its place",)
    ),
    "lua in native": Case(
        included("keepalive-lua-js.cfg") + ASKING,
        ("includes keepalive-lua-js.cfg; include keepalive-native.cfg in its place", "is_alive says 1"),
    ),
    "lua in kemi": Case(
        included("keepalive-lua-js.cfg") + 'cfgengine "python"\n',
        ("in the place of your script; include keepalive.cfg in its place",),
    ),
    "no handlers": Case(
        included("keepalive.cfg") + BY_PYTHON,
        ("make its class of keepalive.Handlers, as in class Mine(keepalive.Handlers)", "is_alive says 1"),
        base="",
    ),
    "own event": Case(
        OWN_EVENT + included("keepalive.cfg") + BY_PYTHON,
        (
            "local-request event did not reach keepalive",
            "call keepalive.on_tm_event(event)",
            "is_alive says 1",
        ),
    ),
    "own local-request": Case(
        f"#!define KEEPALIVE_OWN_LOCAL_REQUEST\n{NATIVE}{OWN_LOCAL_REQUEST}{ROUTES}",
        ("did not reach keepalive", "call route(ksr_keepalive_local_request); in your", "is_alive says 1"),
    ),
    **{
        name: Case(without(name) + ROUTES, (name, f"{kind}[{name}] as keepalive-native.cfg has it"))
        for name, kind in {
            "ksr_keepalive_tick": "needs a route",
            "ksr_keepalive_callbacks": "needs a route",
            "ksr_keepalive_reply": "an onreply_route",
            "ksr_keepalive_failure": "a failure_route",
        }.items()
    },
    **{
        f"{module} alone": Case(
            f'loadmodule "app_{module}.so"\nmodparam("app_{module}", "load", "FOLDER/script.{suffix}")\n'
            f'{included("keepalive-lua-js.cfg")}cfgengine "{module}"\n',
            (f"load keepalive.{suffix} in your script", "no ping has left", "is_alive says 1"),
        )
        for module, suffix in (("lua", "lua"), ("jsdt", "js"))
    },
    "right": Case(NATIVE + ROUTES, ()),
    "right, kemi": Case(included("keepalive.cfg") + BY_PYTHON, ()),
}


@pytest.fixture(scope="module")
def servers(checked_kind: str) -> Iterator[tuple[float, dict[str, Kamailio]]]:
    """All of them, side by side, and when the last one had started."""

    def start(case: Case) -> Kamailio:
        script = SCRIPT.replace("(BASE)", f"({case.base})" if case.base else "")
        files = {
            "case.cfg": BEGIN + case.cfg,
            "script.py": script,
            "script.lua": f"function ksr_request_route()\n{ASKS}\nreturn 1\nend\n",
            "script.js": f"function ksr_request_route() {{\n{ASKS}\nreturn 1;\n}}\n",
        }
        return Kamailio(checked_kind, "case.cfg", launch=Launch(children=1, files=files, memory=64))

    with ThreadPoolExecutor(len(CASES)) as pool:
        running = dict(zip(CASES, pool.map(start, CASES.values()), strict=True))
    try:
        yield time.monotonic(), running
    finally:
        with ThreadPoolExecutor(len(CASES)) as pool:
            list(pool.map(Kamailio.stop, running.values()))
        for server in running.values():
            server.forget()


@pytest.mark.parametrize("name", CASES)
def test_it_is_told_once_within_15_seconds(servers: tuple[float, dict[str, Kamailio]], name: str) -> None:
    """One ERROR line names the cause, the cure for that kind of configuration, and what is_alive says."""
    began, running = servers
    server, case = running[name], CASES[name]
    left = began + SECONDS - time.monotonic()
    if "alone" in name:
        # Nobody but who is asked can tell.
        assert server.log_lines("unless its script loads keepalive.")
        wait_for("one that is asked tells", lambda: server.message("")[0] and server.log_lines(TOLD), 20)
    if case.told:
        [line] = wait_for(name, lambda: server.log_lines(TOLD), max(left, 1))
        assert "ERROR" in line
        assert all(part in line for part in case.told), line
    else:
        # By then each of the others has told.
        wait_for("its time", lambda: time.monotonic() >= began + SECONDS - 2, SECONDS)
        assert not server.log_lines(TOLD)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("right", "well"),
        ("right, kemi", "well"),
        ("own event", "call keepalive.on_tm_event(event)"),
        ("ksr_keepalive_reply", "an onreply_route[ksr_keepalive_reply]"),
        ("ksr_keepalive_callbacks", "a route[ksr_keepalive_callbacks]"),
    ],
)
def test_a_server_tests_itself(servers: tuple[float, dict[str, Kamailio]], name: str, said: str) -> None:
    """An operator asks by RPC, as scripts/selftest.sh does; the answer is in the row, and in the log."""
    server = servers[1][name]
    server.rpc("htable.sets", "keepalive", "selftest", "ask")

    def answer() -> str:
        value: str = server.rpc("htable.get", "keepalive", "selftest")["item"]["value"]
        return "" if value == "ask" else value

    found = wait_for("an answer", answer)
    assert said in found
    assert server.log_lines("selftest: all is well" if said == "well" else "selftest: ")


@pytest.mark.parametrize("name", ["kemi in native", "kemi in native, before", "lua in native"])
def test_what_is_said_of_is_alive_is_so(servers: tuple[float, dict[str, Kamailio]], name: str) -> None:
    """It answers 1 of a destination at which nothing listens."""
    _, running = servers
    assert running[name].message("") == (200, "1")
