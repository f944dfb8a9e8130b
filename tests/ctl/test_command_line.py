"""What is typed, and how it ends."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ctl.conftest import COMMAND, Keepalivectl
from fake_cockpit import Cockpit, row, view
from keepalive_ctl import command_line
from real.server import wait_for

ALL = {
    *(
        "summary",
        "list",
        "show",
        "add",
        "del",
        "drain",
        "maint",
        "ready",
        "self",
        "ping",
        "pause",
        "resume",
        "cluster",
        "reload",
    ),
    *(
        "reload",
        "wait",
        "watch",
        "top",
        "check",
        "history",
        "groups",
        "names",
        "orders",
        "changes",
        "settings",
        "rpc",
    ),
}


def test_help_names_all_commands(keepalivectl: Keepalivectl) -> None:
    """With a sentence for each; a command's help names its arguments."""
    done = keepalivectl("--help")
    assert done.returncode == 0
    assert command_line.COMMANDS.keys() == ALL
    for name in ALL:
        assert f"\n  {name} " in done.stdout
        assert command_line.parser_of(name).format_help().startswith(f"usage: keepalivectl {name} ")
    one = keepalivectl("wait", "--help")
    assert (one.returncode, one.stderr) == (0, "")
    assert "{up,down,unknown,drain,maint,ready}" in one.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), ""),
        (("lst",), "'lst' is no command: "),
        (("show",), "the following arguments are required: destination"),
        (("show", "a", "b"), "unrecognized arguments: b"),
        (("maint", "sip:x", "--for", "soon"), "'soon' is no time such as 30s, 5m, 1h or 2d"),
        (("maint", "sip:x", "--for", "0"), "'0' is no time"),
        (("wait", "sip:x", "upp"), "invalid choice: 'upp'"),
        (("list", "--count", "0"), "'0' is no number, 1 or more"),
        (("list", "--cou", "1"), "unrecognized arguments: --cou"),
        (("add", "sip:x", "rise"), "'rise' is no option: name=value is"),
        (("add", "sip:x", "rise=3", "rise=2"), "an option is given twice"),
        (("add", "sip:x", "=3"), "'' is no option: name=value is"),
        (
            ("rpc", "set_admin", "destination=sip:x", "maint"),
            "either all parameters have a name, or none has",
        ),
        (("--socket",), "expected one argument"),
        (("summary", "--token-file", "/nowhere"), "--token-file /nowhere: "),
        (("top",), "top needs a terminal"),
    ],
)
def test_misuse(words: tuple[str, ...], said: str, keepalivectl: Keepalivectl) -> None:
    """It ends with 2 and a line that names what is wrong, before anybody is asked."""
    done = keepalivectl(*words)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_an_option_may_be_called_as_a_command_is(keepalivectl: Keepalivectl) -> None:
    """What is asked for is the first word that belongs to no option."""
    done = keepalivectl("--socket", "list", "summary")
    assert (done.returncode, done.stderr[:36]) == (3, "keepalivectl: list is not there: Kam")


def test_of_a_token_file_no_more_is_read_than_a_token_has(
    cockpit: Cockpit, keepalivectl: Keepalivectl
) -> None:
    """A file that never ends is no token, and is said to be none."""
    done = keepalivectl("summary", "--token-file", "/dev/zero")
    assert (done.returncode, done.stderr) == (
        2,
        "keepalivectl: a token is printable ASCII without white space\n",
    )
    assert cockpit.asked == []


def test_words_without_quotation_marks_change_nothing(cockpit: Cockpit, keepalivectl: Keepalivectl) -> None:
    """A reason of two words that are not one argument is not taken for a destination."""
    done = keepalivectl("maint", "sip:x", "--why", "card", "swap", "--for", "1h")
    assert done.returncode == 2
    assert "unrecognized arguments: swap" in done.stderr
    assert cockpit.asked == []


@pytest.mark.parametrize(
    "line",
    ["--json list", "list --json", "list --state up --json", "list --json --state up"],
)
def test_json_anywhere(line: str, cockpit: Cockpit, keepalivectl: Keepalivectl) -> None:
    """Options that all commands know may stand before the command, behind it, and among its own."""
    cockpit.answers["view"] = view(row("sip:x"))
    done = keepalivectl(*line.split())
    assert done.returncode == 0
    assert done.stdout.startswith("[\n  {\n")


def test_what_is_behind_two_dashes_is_no_option(cockpit: Cockpit, keepalivectl: Keepalivectl) -> None:
    """A parameter may look like an option."""
    cockpit.answers["report_failure"] = "Ok."
    assert keepalivectl("rpc", "report_failure", "--", "sip:x", "--json").returncode == 0
    assert cockpit.asked == [("report_failure", ["sip:x", "--json"])]


def test_a_closed_pipe(cockpit: Cockpit, environment: dict[str, str]) -> None:
    """`| head` ends it as it ends other commands: by the signal, and without a word."""
    # More than a pipe holds.
    cockpit.answers["view"] = view(*(row(f"sip:{'a' * 200}{number}") for number in range(1000)))
    process = subprocess.Popen(
        [sys.executable, COMMAND, "list", "--names"],
        env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout
    assert process.stdout.readline().startswith(b"sip:")
    process.stdout.close()
    assert process.wait(10) == -signal.SIGPIPE
    assert process.stderr
    assert process.stderr.read() == b""


@pytest.mark.parametrize(
    ("line", "code", "err"),
    [
        (
            "summary >/dev/full",
            1,
            "keepalivectl: what was to be shown can't be written: No space left on device\n",
        ),
        (
            "check >/dev/full",
            1,
            "keepalivectl: what was to be shown can't be written: No space left on device\n",
        ),
        ("summary >&-", 0, ""),
        ("list nonsense >&- 2>&-", 2, ""),
        ("top <&-", 2, "keepalivectl: top needs a terminal; list --sort worst needs none\n"),
        ("lst 2>&1 | true", 0, ""),
        ("--help | true", 0, ""),
    ],
)
def test_files_that_take_nothing(
    line: str, code: int, err: str, cockpit: Cockpit, environment: dict[str, str]
) -> None:
    """A full disk is told in a line, a closed file is nobody's wish to hear; no traceback in any case."""
    cockpit.answers["view"] = view(row("sip:x"))
    command = ["bash", "-c", f"{sys.executable} -I {COMMAND} {line}"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=20)
    assert (done.returncode, done.stderr) == (code, err)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.usefixtures("silent")
def test_a_signal(number: signal.Signals, environment: dict[str, str]) -> None:
    """Ctrl-C ends it at once, without a word, and the shell can see by what."""
    process = subprocess.Popen(
        [sys.executable, COMMAND, "summary"], env=environment, stderr=subprocess.PIPE, stdout=subprocess.PIPE
    )
    # Its handlers are there, and it sleeps, when it waits for the server.
    wait_for("a sleeping process", lambda: _handles(process.pid) and _state(process.pid) == "S")
    process.send_signal(number)
    out, err = process.communicate(timeout=10)
    assert (process.returncode, out, err) == (-number, b"", b"")


def _handles(pid: int) -> bool:
    """Whether a process has a handler of its own for SIGTERM, which Python has not."""
    [line] = [line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if "SigCgt" in line]
    return bool(int(line.split()[1], 16) >> (signal.SIGTERM - 1) & 1)


def _state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("--socket check list", 3),
        ("--token-file check list", 2),
        ("--frob check", 3),
        ("--timeout x check", 3),
    ],
)
def test_whose_words_a_failure_has(line: str, code: int, keepalivectl: Keepalivectl, tmp_path: Path) -> None:
    """A plugin's, if check was called, and not if an option has a value of that name."""
    done = keepalivectl(*line.split(), KEEPALIVE_SOCKET=str(tmp_path / "none"))
    is_check = "list" not in line
    assert (done.returncode, done.stdout.startswith("KEEPALIVE UNKNOWN")) == (code, is_check)
