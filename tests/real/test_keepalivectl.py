"""keepalivectl with real servers: what operators type, and what becomes of it."""

from __future__ import annotations

import getpass
import json
import os
import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from examples import ROOT
from gateway import Gateway
from keepalive_ctl.failures import NoAnswer
from keepalive_ctl.server import Server
from real.conftest import DEFAULTS
from real.server import Kamailio, Launch, free_port, wait_for
from terminal import Terminal

COMMAND = ROOT / "ctl" / "keepalivectl"
ME = getpass.getuser()
"""whom the server sees at the other end of its socket"""
TOKEN = "0123456789abcdef0123456789abcdef"
PORT = free_port()
NOBODY = "sip:127.0.0.1:9"
HOSTILE = "\x1b[2J\x1b]0;mine\x07 | up=9 <b>\x9b31m" + "A" * 600


class Operator:
    """Somebody at a shell of a server's machine.

    Arguments: server; path, of its socket, if that is not in its folder.
    """

    def __init__(self, server: Kamailio, path: Path | None = None) -> None:
        self.server = server
        self.environment = {
            **os.environ,
            "KEEPALIVE_SOCKET": str(path or server.folder / "keepalive.sock"),
            "PATH": f"{ROOT / 'ctl'}:{os.environ['PATH']}",
        }

    def types(self, line: str) -> subprocess.CompletedProcess[str]:
        """Let a shell do a line; return what came of it."""
        return subprocess.run(
            ["bash", "-c", line], env=self.environment, capture_output=True, text=True, timeout=30
        )

    def sees(self, line: str, code: int = 0) -> str:
        """Return what keepalivectl writes, which ends with that code."""
        done = self.types(f"keepalivectl {line}")
        assert done.returncode == code, f"{line}: {done.returncode}: {done.stdout}{done.stderr}"
        assert "Traceback" not in done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def tokens(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a file of the token, which others may not read, and one of another."""
    folder = tmp_path_factory.mktemp("tokens")
    for name, token in (("token", TOKEN), ("wrong", TOKEN[::-1])):
        (folder / name).write_text(f"{token}\n")
        (folder / name).chmod(0o600)
    return folder


@pytest.fixture(scope="module")
def served(checked_kind: str, tokens: Path) -> Iterator[Kamailio]:
    """One server with HTTP for all tests of this file; each has destinations and groups of its own."""
    launch = Launch(files={"list": ""}, share=tokens)
    defines = {
        "KEEPALIVE_HTTP": f"unix:FOLDER/keepalive.sock 127.0.0.1:{PORT}",
        "KEEPALIVE_HTTP_TOKEN_FILE": tokens / "token",
        "KEEPALIVE_LIST_FILE": "FOLDER/list",
    }
    server = Kamailio(checked_kind, "scenario.cfg", {**DEFAULTS, **defines}, launch)
    try:
        wait_for("the socket", lambda: Operator(server).types("keepalivectl summary").returncode == 0, 15)
        yield server
    finally:
        server.stop()
        print(server.log)
        server.forget()


@pytest.fixture
def operator(served: Kamailio) -> Iterator[Operator]:
    """Somebody there; nothing may go wrong in the log."""
    served.begin_log()
    yield Operator(served)
    assert "Traceback" not in served.log
    assert served.errors == []


@pytest.fixture
def monitored(operator: Operator, gateway: Gateway) -> Iterator[str]:
    """A destination that is up."""
    operator.sees(f"add {gateway.uri} group=carriers")
    operator.sees(f"wait {gateway.uri} up --timeout 5")
    yield gateway.uri
    operator.sees(f"del {gateway.uri}")


def test_how_it_ends(operator: Operator, monitored: str) -> None:
    """Each exit code, and who may not."""
    assert f"keepalive {operator.server.log and version()}, pings go out" in operator.sees("summary")
    assert "is not monitored" in operator.types("keepalivectl show sip:nobody.example").stderr
    operator.sees("show sip:nobody.example", code=1)
    operator.sees("show", code=2)
    operator.sees("show 'sip:a b'", code=1)
    operator.sees("summary --socket /nowhere", code=3)
    operator.sees("rpc core.kill", code=1)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can be somebody else")
def test_a_stranger_may_not(operator: Operator) -> None:
    """Another user of the machine is told who may."""
    os.seteuid(65534)
    try:
        with pytest.raises(NoAnswer, match=r"no permission: .* is for (the user|members of the group) "):
            Server(operator.environment["KEEPALIVE_SOCKET"], "", 5).call("view")
    finally:
        os.seteuid(0)


def test_over_tcp_a_token_is_needed_to_change_something(
    operator: Operator, monitored: str, tokens: Path
) -> None:
    """All may look who may connect; a wrong token changes nothing, and whoever has the right one is named."""
    there = f"--socket http://127.0.0.1:{PORT}"
    assert operator.sees(f"list {there} --names --group carriers") == f"{monitored}\n"
    for token in ("", f"--token-file {tokens}/wrong"):
        done = operator.types(f"keepalivectl maint {monitored} {there} {token}")
        assert (done.returncode, done.stdout) == (1, "")
        assert "token" in done.stderr
    assert operator.server.call("is_alive", monitored) == 1
    operator.sees(f"maint {monitored} {there} --token-file {tokens}/token")
    assert operator.server.call("is_alive", monitored) == 2
    assert len(operator.server.log_lines("ready -> maint")) == 1
    assert "(127.0.0.1): " in operator.server.log_lines("ready -> maint")[0]


def test_a_restart_under_wait(start, gateway: Gateway, tmp_path: Path) -> None:
    """It goes on when the server is there again, and says once that it was not."""
    defines = {"KEEPALIVE_HTTP": f"unix:{tmp_path}/s", "KEEPALIVE_LIST_FILE": "FOLDER/list"}
    given = {"files": {"list": f"{gateway.uri}\n"}, "share": tmp_path, **defines}
    first = start(**given)
    operator = Operator(first, tmp_path / "s")
    wait_for("an answer", lambda: operator.types(f"keepalivectl wait {gateway.uri} up").returncode == 0)
    first.stop()
    line = f"exec keepalivectl wait {gateway.uri} up --timeout 30"
    with subprocess.Popen(
        ["bash", "-c", line], env=operator.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as waiting:
        assert waiting.stderr
        assert b"trying again" in waiting.stderr.readline()
        second = start(**given)
        out, err = waiting.communicate(timeout=30)
    assert (waiting.returncode, err) == (0, b"")
    assert out.decode().startswith(f"{gateway.uri} is up: ")
    assert second.errors == []


def version() -> str:
    """The version that runs."""
    [found] = re.findall('VERSION: Final = "(.*)"', (ROOT / "kemi/keepalive_core/__init__.py").read_text())
    return found


def test_an_order_is_one_line_of_the_log(operator: Operator, monitored: str) -> None:
    """With the name of the user who typed it, what was and what is; and is_alive obeys at once."""
    told = operator.sees(f"maint {monitored} --for 1h --why 'card swap'")
    assert re.fullmatch(rf"{monitored}: ready -> maint until [\d: -]+ by {ME} \(card swap\)\n", told), told
    assert operator.server.call("is_alive", monitored) == 2
    [line] = operator.server.log_lines("ready -> maint")
    assert "NOTICE" in line
    assert f"keepalive: {ME} (unix socket): {monitored} ready -> maint until " in line
    assert operator.sees("list --state maint --names --group carriers") == f"{monitored}\n"
    assert f"{ME} until " in operator.sees("list --state maint")
    operator.sees(f"wait {monitored} up --timeout 300ms", code=1)
    operator.sees(f"ready {monitored}")
    assert operator.server.call("is_alive", monitored) == 1
    newest = json.loads(operator.sees("orders --count 1 --json"))[0]
    assert (newest["by"], newest["from"]) == (ME, "unix socket")
    assert newest["after"].startswith("ready")


def test_ping_shows_request_and_reply(operator: Operator, gateway: Gateway, monitored: str) -> None:
    """As they were on the wire; a reply that does not count ends with 1."""
    shown = operator.sees(f"ping -v {monitored}").splitlines()
    assert re.fullmatch(rf"{monitored}: 200 in [\d.]+ ms", shown[0])
    assert f"> OPTIONS {monitored} SIP/2.0" in shown
    assert "< SIP/2.0 200 OK" in shown
    asked = next(line for line in shown if line.startswith("> Call-ID: "))
    assert asked.removeprefix("> ") in gateway.pings[-1].text
    gateway.code = 503
    assert " 503 " in operator.sees(f"ping {monitored}", code=1)


def test_wait_sees_a_change_within_a_second(operator: Operator, gateway: Gateway, monitored: str) -> None:
    """Of the line that the log has about it."""
    gateway.silent = True
    operator.sees(f"wait {monitored} down --timeout 10")
    line = f"exec keepalivectl wait {monitored} up --timeout 20"
    with subprocess.Popen(["bash", "-c", line], env=operator.environment) as waiting:
        gateway.silent = False
        operator.server.logged("down -> up")
        began = time.monotonic()
        assert waiting.wait(10) == 0
        assert time.monotonic() - began < 1


def test_watch_and_history(operator: Operator, gateway: Gateway, monitored: str) -> None:
    """Changes are printed as they come, and kept."""
    line = f"exec keepalivectl watch --count 2 {monitored}"
    with subprocess.Popen(["bash", "-c", line], env=operator.environment, stdout=subprocess.PIPE) as watching:
        # It is asked whether the destination is monitored before it looks at changes.
        wait_for("a watch", lambda: _is_asleep(watching.pid))
        gateway.silent = True
        operator.sees(f"wait {monitored} down --timeout 10")
        gateway.silent = False
        told = watching.communicate(timeout=15)[0].decode()
    down, up = told.splitlines()
    assert re.fullmatch(rf"[\d: -]+ {monitored} up -> down \(no reply in \d+ ms\)", down)
    assert re.fullmatch(rf"[\d: -]+ {monitored} down -> up \(200 (OK )?in .*\)", up)
    history = operator.sees(f"history {monitored}")
    assert re.search(r"up +down +no reply in \d+ ms\n", history)
    assert re.search(r"last \d+ pings: .*x.*, [\d.]+ to [\d.]+ ms, x is lost", history)
    assert f"{monitored}" in operator.sees("changes")


def _is_asleep(pid: int) -> bool:
    """Whether a process waits for the time, as watch does between two looks."""
    try:
        return "nanosleep" in Path(f"/proc/{pid}/wchan").read_text()
    except OSError:
        return False


def test_a_reload_tells_what_it_does(operator: Operator, gateway: Gateway) -> None:
    """--dry-run shows what would change and changes nothing; without it the same is done."""
    (operator.server.folder / "list").write_text(f"{gateway.uri} group=listed\n{NOBODY}\n")
    dry = operator.sees("reload --dry-run").splitlines()
    assert sorted(dry[:-1]) == sorted([f"+ {gateway.uri}", f"+ {NOBODY}"])
    assert dry[-1] == "2 would be added, 0 would be removed, 0 would be changed"
    operator.sees(f"show {gateway.uri}", code=1)
    assert operator.sees("reload").splitlines()[-1] == "2 added, 0 removed, 0 changed"
    operator.sees(f"show {gateway.uri}")
    (operator.server.folder / "list").write_text(f"{gateway.uri} group=listed rise=2\n")
    dry = operator.sees("reload --dry-run").splitlines()
    assert sorted(dry[:-1]) == sorted([f"- {NOBODY}", f"~ {gateway.uri}"])
    (operator.server.folder / "list").write_text("no such option=1\n")
    operator.sees("reload --dry-run", code=1)
    operator.server.begin_log()  # it says so in the log, too
    (operator.server.folder / "list").write_text("")
    operator.sees("reload --force")


def test_check_of_a_real_server(operator: Operator, gateway: Gateway, monitored: str) -> None:
    """What is up is OK, a group that is down critical, in maintenance no alarm; a server gone is unknown."""
    assert operator.sees("check -g carriers").startswith("KEEPALIVE OK - 0 of 1 down | down=0;1;1;0;1 up=1 ")
    gateway.silent = True
    # A view is two seconds old at the most.
    wait_for("an alarm", lambda: operator.types("keepalivectl check").returncode == 2)
    told = operator.sees("check", code=2).splitlines()
    assert "group carriers: none is up" in told[0]
    assert re.search(rf"^{monitored} is down: no reply in \d+ ms$", told[1])
    operator.sees(f"maint {monitored}")
    assert operator.sees("check -g carriers").startswith("KEEPALIVE OK - 0 of 0 down | ")
    operator.sees("pause")
    assert "pings are paused" in operator.sees("check -g carriers", code=1)
    assert operator.sees("resume") == "paused -> pinging\n"
    operator.sees("check -g nobody", code=3)
    operator.sees("check --socket /nowhere", code=3)


def test_a_hostile_peer_reaches_no_terminal(operator: Operator, gateway: Gateway, monitored: str) -> None:
    """Whatever it answers, each command shows printable characters alone, and check no data of its."""
    gateway.code, gateway.reason = 500, HOSTILE
    operator.sees(f"wait {monitored} down --timeout 10")
    for line in ("list", f"show {monitored}", f"history {monitored}", "changes", "list --json"):
        shown = operator.types(f"keepalivectl {line}").stdout
        assert "500" in shown, line
        assert all(each.isprintable() for each in shown.split("\n")), line
    assert "AAA" in operator.types(f"keepalivectl ping -v {monitored}").stdout
    gateway.reason = "Busy | up=9 <b>"  # which may stand in a line, but for check
    wait_for("its reason", lambda: gateway.reason in operator.sees("list"))
    for line in (f"ping -v {monitored}", "check"):
        shown = operator.types(f"keepalivectl {line}").stdout
        assert all(each.isprintable() for each in shown.split("\n")), line
    assert "Busy" in shown
    assert shown.count("|") == 1
    assert "<" not in shown


def test_top_of_a_real_server(operator: Operator, monitored: str) -> None:
    """In a terminal the worst come first, drawn again and again until q is pressed."""
    operator.sees(f"add {NOBODY}")
    operator.sees(f"wait {NOBODY} down --timeout 10")
    terminal = Terminal([COMMAND, "top", "--interval", "100ms"], operator.environment)
    try:
        terminal.wait_for("q ends")
        assert terminal.shown.index(NOBODY) < terminal.shown.index(monitored)
        operator.sees(f"maint {monitored}")
        terminal.shown = ""
        terminal.wait_for("maint")
        terminal.press("q")
        assert terminal.end() == 0
        assert terminal.settings() == terminal.before
    finally:
        terminal.close()
        operator.sees(f"del {NOBODY}")


def shape(text: str) -> list[str]:
    """What of an output is the same the next time: its words, without numbers, times and columns' widths."""
    # A time of another day has its date: near midnight that is one in half an hour, too.
    plain = re.sub(r"(\d{4}-\d\d-\d\d )?\d+([.:-]\d+)*(ms|[smhd])?", "#", text)
    return [" ".join(line.split()) for line in plain.splitlines()]


def test_the_examples_of_the_document(operator: Operator, gateway: Gateway) -> None:
    """What docs/operating.md shows is what is written, line by line, on a server as it has."""
    name = os.uname().nodename
    operator.sees(f"add {gateway.uri} group=documented")
    operator.sees(f"add {NOBODY} group=documented")
    operator.sees(f"wait {gateway.uri} up --timeout 5")
    wait_for("one that is down", lambda: NOBODY in operator.sees("list --state down"))
    # Of the ping behind the first one no phrase is kept.
    wait_for("a second answer", lambda: "200 in" in operator.sees("list"))
    text = (ROOT / "docs" / "operating.md").read_text()
    here = {"sip:192.168.10.20": gateway.uri, "sip:192.168.10.21": NOBODY, "carriers": "documented"}
    examples = re.findall(r"```console\n(.*?)```", text, re.DOTALL)
    assert examples
    for example in examples:
        for there, mine in {**here, "sbc1": name, " by root ": f" by {ME} ", "root ": f"{ME} "}.items():
            example = example.replace(there, mine)
        for line, shown in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", example, re.MULTILINE):
            done = operator.types(line)
            assert (shape(done.stdout), done.stderr) == (shape(shown), ""), line
    operator.sees(f"del {gateway.uri} {NOBODY}")
