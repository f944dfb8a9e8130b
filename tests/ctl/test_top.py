"""The command top, in a terminal."""

import re
import signal
from collections.abc import Iterator

import pytest

from ctl.conftest import COMMAND
from fake_cockpit import Cockpit, group, row, view
from terminal import Terminal


@pytest.fixture
def terminal(cockpit: Cockpit, environment: dict[str, str]) -> Iterator[Terminal]:
    """One in which top shows a view."""
    rows = (row("sip:10.0.0.7", "down", reason="no reply in 3062 ms"), row("sip:b"))
    cockpit.answers["view"] = view(*rows, groups=(group(up=1, down=1),))
    opened = Terminal(
        [COMMAND, "top", "--interval", "50ms", "--group", "carriers"], {**environment, "NO_COLOR": ""}
    )
    opened.wait_for("q ends")
    yield opened
    opened.close()


def test_the_worst_first(terminal: Terminal, cockpit: Cockpit) -> None:
    """Counts, groups with trouble, and as many rows as there is room for, as the server sorts them."""
    assert cockpit.asked[0] == (
        "view",
        {"sort": "worst", "count": 6, "group": "carriers", "state": "", "partial": True},
    )
    assert (
        "sbc1  1970-01-01 00:17:40  1 up, 1 down, 0 unknown, 0 drain, 0 maint; pings go o" in terminal.shown
    )
    assert "groups with trouble: carriers 1 of 2" in terminal.shown
    assert terminal.shown.index("sip:10.0.0.7") < terminal.shown.index("sip:b")
    assert "\x1b[31mdown" in terminal.shown
    assert "▁x█" in terminal.shown
    assert "2 of 2, the worst first; q ends" in terminal.shown


def test_it_redraws(terminal: Terminal, cockpit: Cockpit) -> None:
    """Again and again, in place."""
    cockpit.answers["view"] = view(row("sip:c", "maint", by="anna", why="swap"))
    terminal.wait_for("sip:c")
    terminal.wait_for("anna: swap")
    assert terminal.shown.count("\x1b[H") > 1


def test_a_part_is_not_shown_as_all(terminal: Terminal, cockpit: Cockpit) -> None:
    """While the server reads its destinations nobody knows how many are down."""
    cockpit.answers["view"] = {**view(row("sip:c")), "complete": False}
    terminal.wait_for("still reading: 1 up")


@pytest.mark.parametrize("how", ["q", "signal"])
def test_the_terminal_is_given_back(how: str, terminal: Terminal) -> None:
    """As it was: the screen of before, a cursor, keys with an echo; however it ends."""
    assert "\x1b[?1049h" in terminal.shown
    assert terminal.settings() != terminal.before
    if how == "q":
        terminal.press("q")
        assert terminal.end() == 0
    else:
        terminal.process.send_signal(signal.SIGTERM)
        assert terminal.end() == -signal.SIGTERM
    assert terminal.shown.endswith("\x1b[?25h\x1b[?1049l")
    assert terminal.settings() == terminal.before


def test_ctrl_c(terminal: Terminal) -> None:
    """It is the terminal's own key, and ends it as it ends others."""
    terminal.press("\x03")
    # Without a controlling terminal the key comes as a character; in a shell it is a signal.
    terminal.process.send_signal(signal.SIGINT)
    assert terminal.end() == -signal.SIGINT
    assert terminal.settings() == terminal.before
    assert "Traceback" not in terminal.shown


def test_a_server_that_goes(terminal: Terminal, cockpit: Cockpit) -> None:
    """What was seen last stays, with a line that says why it is old; then it goes on."""
    cockpit.raw = 502, b"gone"
    terminal.wait_for("the answer is no JSON: HTTP 502, gone")
    last = terminal.shown.rsplit("\x1b[H")[-1]
    assert "sip:10.0.0.7" in last
    cockpit.raw = None
    terminal.shown = ""
    terminal.wait_for("q ends\x1b[K\r\n\x1b[J")


def test_no_line_is_wider_than_the_terminal(cockpit: Cockpit, environment: dict[str, str]) -> None:
    """Nor are there more lines than it has, whatever is shown."""
    hostile = "忙" * 200 + "\x1b[2J\n"
    rows = [row(f"sip:{number}", "down", reason=hostile, groups=[hostile]) for number in range(50)]
    cockpit.answers["view"] = view(*rows, groups=(group(hostile, down=1),), server=hostile)
    opened = Terminal([COMMAND, "top", "--interval", "50ms"], environment)
    try:
        opened.wait_for("\x1b[J")
        picture = opened.shown.split("\x1b[H")[1].split("\x1b[J")[0]
        lines = re.sub(r"\x1b\[[0-9]*[mK]", "", picture).split("\r\n")
        assert len(lines) <= 12
        assert all(len(line) + line.count("忙") <= 80 for line in lines)
        assert "\x1b[2J" not in picture
    finally:
        opened.close()


def test_no_colours(cockpit: Cockpit, environment: dict[str, str]) -> None:
    """None if NO_COLOR says so; on a terminal, and with it empty, there are some."""
    cockpit.answers["view"] = view(row("sip:x", "down"))
    for variables, painted in (({"NO_COLOR": "1"}, False), ({"NO_COLOR": ""}, True)):
        opened = Terminal([COMMAND, "list"], {**environment, **variables})
        try:
            opened.wait_for("200 OK")
            assert ("\x1b[31mdown" in opened.shown) == painted
        finally:
            opened.close()
