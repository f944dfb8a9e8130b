"""An operator at a server without HTTP: kamcmd's commands, answers, and the list file read again."""

from __future__ import annotations

import re
import shlex
import time
from pathlib import Path

from gateway import Gateway
from real.server import ROOT, Kamailio, wait_for
from real.test_languages import LANGUAGES, Language, start_asked
from real.test_native import start_native
from real.test_pings import DOWN, UP
from real.test_readme import NOBODY

SECONDS = 0.2
"""Within that a command is answered"""


def typed(server: Kamailio, command: str, key: str = "anna") -> list[str]:
    """What an operator reads who has nothing but kamcmd."""
    assert "Ok" in server.kamcmd("htable.sets", "keepalive_commands", key, command)
    asked = f"value: > {command}"[:180]

    def answer() -> str:
        shown = server.kamcmd("htable.get", "keepalive_answers", key)
        return shown if asked in shown else ""

    shown: str = wait_for(f"an answer to {command}", answer)
    return shown.split("value: ")[1].split("\n\t\tflags:")[0].split("\n")[1:]


def shape(text: str) -> list[str]:
    """The lines of a text, each number in it as any other one, and the server's name as any other name."""
    lines = [re.sub(r"[0-9]+", "0", line) for line in text.splitlines()]
    return [re.sub(r"^\S+(?=, keepalive )", "server", line) for line in lines]


def answer_of(server: Kamailio, key: str) -> str:
    """What is answered under a key, "" for nothing yet."""
    try:
        value: str = server.rpc("htable.get", "keepalive_answers", key)["item"]["value"]
    except RuntimeError:
        return ""
    return value


def asked(server: Kamailio, command: str, key: str = "anna") -> tuple[float, str]:
    """How long an answer takes, in s, and what it is, by JSON-RPC, which costs less than a process."""
    began = time.monotonic()
    server.rpc("htable.sets", "keepalive_commands", key, command)

    def answer() -> str:
        value = answer_of(server, key)
        return value if value.startswith("> ") and value.split("\n")[0][2:] in command else ""

    shown: str = wait_for(f"an answer to {command}", answer)
    return time.monotonic() - began, shown


def test_kamcmd_drives_a_server(start, gateway: Gateway) -> None:
    """Sees it, takes a destination out and back, is refused with a sentence, and reads who did what."""
    server = start(CTL="unix:FOLDER/ctl", KEEPALIVE_DESTINATIONS=gateway.uri)
    server.wait_for_state(gateway.uri, UP)
    assert typed(server, "summary")[1:] == [
        "1 destinations: 1 up, 0 down, 0 unknown, 0 drain, 0 maint",
        "pings: sent",
    ]
    lines = typed(server, f"set_admin {gateway.uri} maint 3600 card swap")
    assert '"mode": "maint"' in lines[2]
    assert server.call("is_alive", gateway.uri) == 2
    [line] = server.logged(f"anna (kamcmd): {gateway.uri} ready -> maint until ")
    assert "NOTICE" in line
    [row] = typed(server, "list")
    assert row.startswith(f"maint   {gateway.uri}  since ")
    assert "card swap" in row
    typed(server, f"set_admin {gateway.uri} ready", key="s:7")
    assert server.call("is_alive", gateway.uri) == 1
    newest, oldest = typed(server, "orders")
    assert f" 7 (kamcmd): {gateway.uri} maint until " in newest
    assert " anna (kamcmd): " in oldest
    assert typed(server, "info nonsense!")[0].startswith("error: bad destination 'nonsense!'")
    assert typed(server, "dance") == ["error: unknown command 'dance'; help shows those that there are"]
    assert "Not enough parameters" in server.kamcmd("htable.sets", "keepalive_commands", "7", "summary")
    server.kamcmd("htable.seti", "keepalive_commands", "anna", "5")
    wait_for("an answer", lambda: "a command is text" in answer_of(server, "anna"))
    assert "doesn't exist" in server.kamcmd("htable.get", "keepalive_answers", "bob")
    assert server.errors == []


def test_a_long_list_is_read_in_pages(start, tmp_path: Path) -> None:
    """Each answer comes through ctl as it is set by default, and says how it goes on."""
    uris = [f"sip:10.0.{number // 250}.{number % 250}" for number in range(600)]
    files = {"keepalive.list": "".join(f"{uri} group=g\n" for uri in uris)}
    server = start(
        CTL="unix:FOLDER/ctl", KEEPALIVE_LIST_FILE="FOLDER/keepalive.list", KEEPALIVE_ENABLED=0, files=files
    )
    server.logged("keepalive")
    wait_for("all", lambda: "600 destinations" in asked(server, "summary")[1])
    seen: list[str] = []
    command = "list"
    while command:
        *rows, last = typed(server, command)
        is_page = last.startswith("... ")
        seen += [row.split()[1] for row in (rows if is_page else [*rows, last])]
        command = last.partition("go on with ")[2] if is_page else ""
    assert sorted(seen) == sorted(uris)
    assert len(typed(server, "settings")) > 30
    assert "find no room" in typed(server, "alive g")[-1]
    assert server.errors == []


def test_commands_are_answered_soon(start, gateway: Gateway) -> None:
    """Each within a fifth of a second, and of thousands at once all."""
    server = start(KEEPALIVE_DESTINATIONS=gateway.uri)
    server.wait_for_state(gateway.uri, UP)
    took = sorted(asked(server, f"is_alive {gateway.uri}", f"k{number}")[0] for number in range(9))
    assert took[4] < SECONDS, took
    for number in range(2000):
        server.rpc("htable.sets", "keepalive_commands", f"m{number}", f"report_success {gateway.uri}")
    wait_for("all answers", lambda: server.log_lines("a success is reported")[1999:], 30)
    assert all(answer_of(server, f"m{number}").endswith("\nOk.") for number in (0, 999, 1999))
    assert len(server.log_lines("a success is reported")) == 2000
    server.rpc("htable.sets", "keepalive_commands", "a", "\udcff")
    wait_for("no text", lambda: "UTF-8" in answer_of(server, "a"))
    assert server.errors == []


def test_an_order_outlives_a_crash_a_second_later(start, gateway: Gateway, tmp_path: Path) -> None:
    """The drain, and who ordered it; the file is written at once, though it would rest now."""
    file = tmp_path / "keepalive.state"
    settings = {"KEEPALIVE_STATE_FILE": file, "KEEPALIVE_DESTINATIONS": gateway.uri, "share": file.parent}
    server = start(**settings)
    server.wait_for_state(gateway.uri, UP)
    wait_for("the file", file.exists)
    asked(server, f"set_admin {gateway.uri} drain 0 card swap")
    wait_for("the order in the file", lambda: b'"drain"' in file.read_bytes(), 1)
    server.kill()
    again = start(**settings)
    assert again.call("is_alive", gateway.uri) == 2
    assert again.call("info", gateway.uri)["admin"]["by"] == "anna"
    assert f"anna (kamcmd): {gateway.uri} ready -> drain (card swap)" in asked(again, "orders")[1]
    assert not again.log_lines("WARNING: app_python3") + again.errors


def test_kamcmd_has_the_list_file_read_again(start, gateway: Gateway) -> None:
    """The setting is 0 again when that is done; what is refused changes nothing, and 2 has its way."""
    files = {"keepalive.list": f"{gateway.uri}\nsip:127.0.0.1:9\n"}
    server = start(CTL="unix:FOLDER/ctl", KEEPALIVE_LIST_FILE="FOLDER/keepalive.list", files=files)
    server.wait_for_state(gateway.uri, UP)

    def reload(how: str) -> None:
        assert "error" not in server.kamcmd("cfg.seti", "keepalive", "reload", how)
        wait_for("it is done", lambda: server.kamcmd("cfg.get", "keepalive", "reload").strip() == "0")

    file = server.folder / "keepalive.list"
    file.write_text(f"{gateway.uri}\nsip:127.0.0.1:19\n")
    assert typed(server, "reload dry") == [
        *("added: 1", "  sip:127.0.0.1:19", "removed: 1", "  sip:127.0.0.1:9", "changed: 0"),
    ]
    assert server.call("state", "sip:127.0.0.1:9") >= 0
    reload("1")
    server.logged("operator (kamcmd cfg): reload of the list file: 1 added, 1 removed, 0 changed")
    assert server.call("state", "sip:127.0.0.1:9") == -1
    assert server.errors == []
    file.write_text("")
    reload("1")
    server.logged("keepalive.reload: nothing has changed: all 2 destinations would go")
    assert server.state(gateway.uri) == UP
    reload("2")
    assert server.state(gateway.uri) == -1


def test_the_examples_of_the_document(start, gateway: Gateway) -> None:
    """What docs/operating.md shows of kamcmd is what is read there, on a server as it has."""
    server = start(
        CTL="unix:FOLDER/ctl", KEEPALIVE_DESTINATIONS=f"{gateway.uri} {NOBODY}", KEEPALIVE_PING_TIMEOUT=501
    )
    server.wait_for_state(gateway.uri, UP)
    server.wait_for_state(NOBODY, DOWN)
    for uri in (gateway.uri, NOBODY):
        server.call("add_destination", uri, "me", group="carriers")
    text = (ROOT / "docs" / "operating.md").read_text()
    [session] = re.findall(r"```text\n(# kamcmd .*?)```", text, re.DOTALL)
    for there, here in {"sip:192.168.10.20": gateway.uri, "sip:192.168.10.21": NOBODY}.items():
        session = session.replace(there, here)
    command = ""
    for line, shown in re.findall(r"^# kamcmd (.*)\n((?:(?!# ).*\n)*)", session, re.MULTILINE):
        words = shlex.split(line)
        if words[0] == "htable.get":
            wait_for("the answer", lambda asked=command: f"> {asked}\n" in answer_of(server, "anna"))
        command = words[-1]
        read = shape(server.kamcmd(*words))
        assert not set(shape(shown)) - set(read), line


def test_native_routes_need_nothing_for_it(start, gateway: Gateway) -> None:
    """Their include has all."""
    server = start_native(start, gateway)
    assert asked(server, f"is_alive {gateway.uri}")[1].endswith("\n1")
    server.rpc("cfg.seti", "keepalive", "reload", 1)
    server.logged("keepalive.reload: no list_file is set")


@LANGUAGES
def test_lua_and_javascript_need_nothing_for_it(start, gateway: Gateway, language: Language) -> None:
    """The file that their script loads has all."""
    server = start_asked(start, language, gateway)
    assert asked(server, f"is_alive {gateway.uri}")[1].endswith("\n1")
