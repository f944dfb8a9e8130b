"""KEMI scripts in Lua and JavaScript: keepalive.lua and keepalive.js, asked by routes of real servers."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from examples import REFERENCE, named_examples
from gateway import Gateway
from keepalive_core.rules.commands import COMMANDS
from real.server import HERE, ROOT, Kamailio, wait_for
from real.test_examples import HEAD
from real.test_readme import FIND_MODULE, NOBODY

CALLBACK = """
import KSR
import keepalive

def gateway_changed(uri, state, user_attr):
    KSR.notice(f"CALLBACK {uri} {state}\\n")

def mod_init():
    keepalive.register_callback(gateway_changed)
    return keepalive.NativeHandlers()
"""


class Language(NamedTuple):
    """What kamailio.cfg says of a language."""

    module: str
    engine: str
    suffix: str
    nothing: str
    """how it shows that there is no value"""
    run: str
    """the function with which a route of kamailio.cfg calls one of the script"""
    reload: str
    """the line that allows a reload"""


LUA = Language("app_lua", "lua", "lua", "nil", "lua_run", 'modparam("app_lua", "reload", 1)')
JS = Language("app_jsdt", "jsdt", "js", "null", "jsdt_run", "")
INCLUDE = 'include_file "/usr/share/kamailio-kemi-keepalive/keepalive-lua-js.cfg"\n'
LANGUAGES = pytest.mark.parametrize("language", [LUA, JS], ids=["lua", "js"])


def start_script(
    start,
    language: Language,
    script: str,
    include: str = INCLUDE,
    behind: str = "",
    files: dict[str, str] | None = None,
    **defines: object,
) -> Kamailio:
    """Start a server; include, lines of its cfg that are keepalive's; behind, those after them."""
    cfg = f"""{HEAD}
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "{language.module}.so"
{language.reload}
{include}
modparam("{language.module}", "load", "FOLDER/script.{language.suffix}")
cfgengine "{language.engine}"
{behind}
"""
    files = {"kamailio.cfg": cfg, f"script.{language.suffix}": script, **(files or {})}
    for name, text in files.items():
        here = text.replace("/usr/share/kamailio-kemi-keepalive", str(ROOT / "kemi"))
        files[name] = here.replace("/etc/kamailio", "FOLDER")
    server: Kamailio = start("kamailio.cfg", files=files, KEEPALIVE_DIR=ROOT / "kemi", **defines)
    return server


def start_asked(start, language: Language, gateway: Gateway, **given) -> Kamailio:
    """Start the script that answers ask(), and wait until its gateway is up."""
    script = (HERE / f"asked.{language.suffix}").read_text()
    server = start_script(start, language, script, KEEPALIVE_DESTINATIONS=gateway.uri, **given)
    server.logged(f"{gateway.uri} unknown -> up")
    return server


def ask(server: Kamailio, function: str, *words: object) -> str:
    """Call a function of keepalive in the script; return its answer as the language shows it."""
    code, result = server.message("\n".join(map(str, words)), function)
    assert code == 200
    return result


@LANGUAGES
def test_a_script_has_the_functions_of_native_routes(start, gateway: Gateway, language: Language) -> None:
    """Each function takes words or one text, and answers what python_exec answers."""
    server = start_asked(start, language, gateway)
    asked: set[str] = set()

    def answers(function: str, *words: object) -> str:
        asked.add(function)
        return ask(server, function, *words)

    up, down = gateway.uri, NOBODY
    assert answers("add_destination", up, "group=carriers", "priority=5") == "1"
    assert answers("add_destination", f"{down} group=carriers fall=1") == "1"
    server.logged(f"{down} unknown -> down")
    for uri, alive, is_down, state in (
        (up, "1", "-1", "1"),
        (down, "-2", "1", "2"),
        ("sip:none", *["-1"] * 3),
    ):
        assert answers("is_alive", uri) == alive
        assert answers("is_down", uri) == is_down
        assert answers("state", uri) == state
    assert answers("alive", "carriers") == f"[{up}]"
    assert answers("alive", "none") == "[]"
    assert [answers("pick", group) for group in ("carriers", "none")] == [up, language.nothing]
    assert [answers("targets", uri) for uri in (up, down)] == [f"[{up}]", "[]"]
    assert [answers("next_target", uri) for uri in (up, down)] == ["1", "-1"]
    assert [answers("is_group_alive", group) for group in ("carriers", "none")] == ["1", "-1"]
    assert answers("info", down, "state") == "down"
    assert answers("info", down, "state.nothing") == language.nothing

    assert answers("set_admin", up, "maint", 3600, "card swap") == "1"
    assert answers("is_alive", up) == "-2"
    assert answers("is_group_alive", "carriers") == "-2"
    server.logged("card swap")
    assert answers("set_admin", f"{up} ready") == "1"
    assert answers("is_alive", up) == "1"

    assert answers("report_failure", up, "no", "answer") == "1"
    server.logged(f"{up} up -> down")
    assert answers("report_success", up) == "1"
    assert answers("report_reply", up, 486) == "1"
    for function in ("ping_now", "report_success"):
        assert answers(function, down) == "1"
    for function in ("pause", "resume"):
        assert answers(function) == "1"
    assert answers("configure_group", "carriers", "fall=3", "rise=2") == "1"
    assert answers("reload", "force") == "-1"
    server.logged("reload")
    assert wait_for("a server that is well", lambda: answers("selftest") == "1")
    assert answers("set_self", "drain 3600 upgrade") == "1"
    server.logged("this server is set to drain")
    assert answers("set_self", "ready") == "1"
    assert answers("answer_options") == "-1", "a MESSAGE is no OPTIONS"
    assert answers("reload_script") == "1"
    assert answers("del_destination", down) == "1"
    assert answers("is_alive", down) == "-1"
    assert asked == {*COMMANDS, "is_down"}


@LANGUAGES
def test_bad_input_is_an_answer(start, gateway: Gateway, language: Language) -> None:
    """No value, no URI, a long one, bytes that are no UTF-8: -1 each, and the next question is answered."""
    server = start_asked(start, language, gateway)
    for words in ((), ("NOTHING",), ("no uri",), ("x" * 9000,), ("sip:J\udcfcrg@127.0.0.1",)):
        assert ask(server, "is_alive", *words) == "-1", words
        assert ask(server, "is_alive", gateway.uri) == "1"
    assert ask(server, "set_admin", gateway.uri, "NOTHING", "maint") == "1"
    assert ask(server, "set_admin", gateway.uri, "gone") == "-1"
    assert ask(server, "info", gateway.uri) == language.nothing
    assert ask(server, "alive", "NOTHING") == "[]"
    assert "Traceback" not in server.log


@LANGUAGES
def test_what_a_script_had_before(start, gateway: Gateway, language: Language) -> None:
    """Its tm event function hands events on; changes are told in both languages; it may be reloaded."""
    words = '"gateway_changed", "$var(keepalive_uri)", "$var(keepalive_state)"'
    changed = f"route[CHANGED] {{ {language.run}({words}); }}"
    more = '#!define KEEPALIVE_TM_EVENT "ksr_my_tm_event"\n#!define KEEPALIVE_CHANGED_ROUTE "CHANGED"\n'
    more += '#!define KEEPALIVE_SCRIPT "FOLDER/own.py"\n'
    files = {"own.py": FIND_MODULE + CALLBACK}
    server = start_asked(start, language, gateway, include=more + INCLUDE, behind=changed, files=files)
    server.logged(f"CALLBACK {gateway.uri} 1")
    server.logged(f"CHANGED {gateway.uri} up 1")
    server.logged("MY EVENT tm:local-request")
    server.rpc(f"{language.module}.reload")
    pinged = len(gateway.pings)
    wait_for("more pings", lambda: len(gateway.pings) >= pinged + 3)
    assert [ask(server, "is_alive", gateway.uri) for _ in range(8)] == ["1"] * 8
    gateway.silent = True
    server.logged(f"CHANGED {gateway.uri} down -2")
    assert server.errors == []


@LANGUAGES
def test_the_references_examples(start, gateway: Gateway, language: Language) -> None:
    """Calls go to the best of a group, and what becomes of them counts, without a code given."""
    examples = named_examples(REFERENCE)
    route = {
        LUA: "\nfunction ksr_request_route()\n    route_call()\n    return 1\nend\n",
        JS: "\nfunction ksr_request_route() {\n    route_call();\n    return 1;\n}\n",
    }[language]
    server = start_script(
        start,
        language,
        examples[f"group.{language.suffix}"] + route,
        include=examples["lua.cfg"],
        files={"keepalive.list": f"{gateway.uri} group=carriers\n"},
        KEEPALIVE_PING_INTERVAL=3600,
        KEEPALIVE_PASSIVE_MIN=2,
    )
    server.logged(f"{gateway.uri} unknown -> up")
    assert server.message("hello")[0] == 200
    gateway.invite_code = gateway.code = 503
    for _ in range(2):
        # A proxy makes a 503 of its next hop a 500 (RFC 3261 section 16.7).
        assert server.message("hello")[0] == 500
    server.logged(f"{gateway.uri} up -> down: ")
    wait_for("nobody is alive", lambda: server.message("hello")[0] == 503)
    assert server.errors == []


@LANGUAGES
def test_a_start_without_the_include_ends(start, language: Language) -> None:
    """It says what is missing: nothing would be pinged, and each call would fail."""
    script = (HERE / f"asked.{language.suffix}").read_text()
    with pytest.raises(AssertionError, match="Kamailio ended at its start") as ending:
        start_script(start, language, script, include="")
    assert "no app_python3: include keepalive-lua-js.cfg in kamailio.cfg" in str(ending.value)
