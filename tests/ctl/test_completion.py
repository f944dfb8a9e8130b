"""What bash offers when Tab is pressed, and that the manual names all of it."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from fake_cockpit import Cockpit, group, row, view
from keepalive_ctl import command_line
from keepalive_ctl.commands import COMMANDS
from places import ROOT

CTL = ROOT / "ctl"
COMMON = {"--json", "--socket", "--token-file", "--timeout", "--help"}
SHORT = {"--verbose", "--group", "--state", "--count", "--warning", "--critical"}
"""the manual has their letters"""
MANUAL = CTL / "keepalivectl.8"


@pytest.fixture
def offered(environment: dict[str, str]) -> object:
    """A function that returns what is offered behind a line that was typed."""
    environment["PATH"] = f"{CTL}:{environment['PATH']}"
    script = f"""
        compopt() {{ echo "compopt $*"; }}
        source {CTL}/keepalivectl.bash
        COMP_LINE=$1 COMP_POINT=${{#1}}
        _keepalivectl
        (( ${{#COMPREPLY[@]}} == 0 )) || printf '%s\\n' "${{COMPREPLY[@]}}"
    """

    def ask(line: str) -> list[str]:
        command = ["bash", "--norc", "-c", script, "bash", line]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=20)
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout.splitlines()

    return ask


def options_of(name: str) -> set[str]:
    """The long options that a command takes."""
    parser = command_line.parser_of(name)
    return {word for action in parser._actions for word in action.option_strings if word.startswith("--")}


def test_all_commands_and_options_are_offered(offered) -> None:
    """Each option of each command, and none that it does not take."""
    assert set(offered("keepalivectl ")) == COMMANDS.keys() | COMMON
    for name in COMMANDS:
        assert set(offered(f"keepalivectl {name} --")) == options_of(name) | COMMON, name


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("keepalivectl ma", ["maint"]),
        ("keepalivectl show ", ["sip:10.0.0.1", "sip:b\\;transport=tcp"]),
        ("keepalivectl --json show sip:1", ["10.0.0.1"]),
        ("keepalivectl drain --for 1h sip:b\\;tr", ["b\\;transport=tcp"]),
        ("keepalivectl maint sip:10.0.0.1 sip:b\\;transport=", ["tcp"]),
        ("keepalivectl list --group c", ["carriers"]),
        ("keepalivectl check -g ", ["carriers", "pstn"]),
        ("keepalivectl list --state d", ["down", "drain"]),
        ("keepalivectl maint sip:10.0.0.1 --for 1", ["1h", "1d"]),
        ("keepalivectl maint sip:10.0.0.1 --why ", []),
        ("keepalivectl wait ", ["sip:10.0.0.1", "sip:b\\;transport=tcp"]),
        ("keepalivectl wait sip:10.0.0.1 u", ["up", "unknown"]),
        ("keepalivectl --socket ", ["compopt -o default"]),
        ("keepalivectl drain sip:p.com#", ["p.com#192.0.2.1:5060", "p.com#192.0.2.1:5080"]),
        ("keepalivectl show sip:p.com#192.0.2.1:", ["5060", "5080"]),
    ],
)
def test_what_is_offered(line: str, words: list[str], offered, cockpit: Cockpit) -> None:
    """Names are the server's; of a URI what stands behind its last colon or equals sign."""
    cockpit.answers["view"] = view(row("sip:10.0.0.1"), row("sip:b;transport=tcp"))
    if "#" in line:
        targets = [{"target": f"sip:p.com#192.0.2.1:{port}"} for port in (5060, 5080)]
        cockpit.answers["view"] = view(row("sip:p.com", targets=targets))
    cockpit.answers["groups"] = [group(), group("pstn")]
    assert offered(line) == words


def test_the_socket_of_the_line_is_asked(offered, cockpit: Cockpit, environment: dict[str, str]) -> None:
    """And nothing is offered, nor said, if nobody answers."""
    cockpit.answers["view"] = view(row("sip:a"))
    environment["KEEPALIVE_SOCKET"] = "/nowhere"
    assert offered("keepalivectl show ") == []
    assert offered(f"keepalivectl --socket {cockpit.path} show ") == ["sip:a"]


def test_the_manual_names_all() -> None:
    """Each command with each of its options, and no other command."""
    text = MANUAL.read_text()
    entries = dict(re.findall(r"^\.It Cm (\w+)(.*)$", text, re.MULTILINE))
    assert entries.keys() == COMMANDS.keys()
    for name, rest in entries.items():
        for option in options_of(name) - {
            "--help",
            "--verbose",
            "--group",
            "--state",
            "--count",
            "--warning",
            "--critical",
        }:
            assert f"Fl -{option[2:]}" in rest, f"{name} {option}"
    for option in COMMON - {"--help"}:
        assert re.search(rf"^\.It (Fl t , )?Fl -{option[2:]}\b", text, re.MULTILINE), option


def test_the_manual_is_well_formed(tmp_path: Path) -> None:
    """Neither mandoc nor groff has a remark; make test installs the one."""
    linters = {"mandoc": ["-T", "lint", "-W", "warning"], "groff": ["-ww", "-z", "-mandoc", "-Tascii"]}
    there = [name for name in linters if shutil.which(name)]
    assert there, "neither mandoc nor groff is there"
    for name in there:
        done = subprocess.run([name, *linters[name], MANUAL], capture_output=True, text=True, env=os.environ)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", ""), name
