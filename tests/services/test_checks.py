"""What users say is checked: whatever it is, a refusal is one short line, and nothing has changed."""

from __future__ import annotations

import copy
from types import ModuleType
from typing import Any

import pytest

from conftest import FakeServer
from keepalive_core.rules.quoting import MOST_REMEMBERED

A = "sip:192.168.10.20"


class Unspeakable:
    """An object whose repr fails."""

    def __repr__(self) -> str:
        raise RuntimeError("no words")


def deep(levels: int) -> Any:
    """A list in a list in a list."""
    made: Any = []
    for _ in range(levels):
        made = [made]
    return made


NO_TEXT = [None, 7, 10**5000, float("nan"), b"text", [], {}, deep(100_000), Unspeakable(), "\udcff", "a\0b"]
NO_NAME = [*NO_TEXT, "x" * 10**6, "two\nlines", "ü" * 200]
NO_NUMBER = [
    "1",
    None,
    1.0,
    True,
    10**5000,
    -(10**5000),
    2**31,
    float("inf"),
    float("nan"),
    [],
    Unspeakable(),
]
NO_URI = [*NO_TEXT, "sip:" + "x" * 10**6, "", "sip:a b", "sip:a:0"]
NO_ATTR = [float("nan"), {1, 2}, b"x", 10**5000, "x" * 10**6, deep(100_000), deep(5000), Unspeakable()]
NO_TIME = [-1, -0.1, 1e17, 10**5000, 315_360_001, float("inf"), float("nan"), "1", None, True, Unspeakable()]

REFUSED = [
    *[("add_destination", (uri, "me"), {}) for uri in NO_URI],
    *[("add_destination", (A, owner), {}) for owner in ["", *NO_NAME]],
    *[("add_destination", (A, "me", flags), {}) for flags in NO_NUMBER],
    *[("add_destination", (A, "me", 0, callback), {}) for callback in [7, "len", Unspeakable(), lambda: 0]],
    *[("add_destination", (A, "me", 0, None, attr), {}) for attr in NO_ATTR],
    *[("add_destination", (A, "me"), {"group": group}) for group in NO_NAME],
    *[("add_destination", (A, "me"), {name: 10**5000}) for name in ("priority", "weight", "rise", "fall")],
    *[("add_destination", (A, "me"), {"priority": number}) for number in NO_NUMBER],
    ("add_destination", (A, "me"), {"x" * 10**6: 1}),
    ("add_destination", (A, "me"), {"ping_headers": "X-A: 1|" * 10**5}),
    ("add_destination", (A, "me"), {"ping_reply_codes": "2xx," * 10**5 + "200"}),
    *[("del_destination", (uri, "me"), {}) for uri in NO_URI],
    *[("del_destination", (A, owner), {}) for owner in ["", *NO_NAME]],
    *[("register_callback", (len, attr), {}) for attr in NO_ATTR],
    *[("modparam", (name, 1), {}) for name in [*NO_TEXT, "x" * 10**6]],
    # A text of digits is a number there.
    *[("modparam", ("rise", value), {}) for value in NO_NUMBER if value != "1"],
    *[("modparam", ("ping_interval", value), {}) for value in NO_TIME if value != "1"],
    *[("modparam", ("ping_interval", value), {}) for value in ["s", "1w", "9" * 10**6, "1" + "h" * 10**6]],
    *[("modparam", ("ping_from", value), {}) for value in NO_URI],
    *[("modparam", ("list_file", value), {}) for value in [*NO_TEXT, "x", "/" + "x" * 10**6]],
    *[("set_admin", (A, "maint", until), {}) for until in NO_TIME],
    *[("set_admin", (A, mode), {}) for mode in [*NO_TEXT, "x" * 10**6]],
    *[("set_admin", (A, "maint", 0, by), {}) for by in NO_NAME],
    *[("set_admin", (A, "maint", 0, "", why), {}) for why in NO_NAME],
    *[("report_reply", (A, code), {}) for code in [*NO_NUMBER, 99, 700, "x" * 10**6]],
    *[("report_failure", (A, reason), {}) for reason in (None, 7, 10**5000, b"x", Unspeakable())],
]  # fmt: skip


@pytest.mark.parametrize("function", sorted({function for function, _, _ in REFUSED}))
def test_a_refusal_is_one_short_line_and_changes_nothing(
    keepalive: ModuleType, server: FakeServer, function: str
) -> None:
    """Numbers without end, texts of a megabyte, objects without words: -1, one line, and all is as it was."""
    keepalive.add_destination(A, "me", group="g")
    server.tick(0.1)
    before = copy.deepcopy(server.ksr.tables)
    handler = keepalive.log.handlers[0]
    for at, (name, arguments, options) in enumerate(REFUSED):
        if name != function:
            continue
        server.ksr.logged.clear()
        # Of a kind only a limited number is told a minute.
        handler._written.clear()
        assert getattr(keepalive, function)(*arguments, **options) == -1, f"REFUSED[{at}]"
        before["keepalive"]["generation"] = server.ksr.tables["keepalive"]["generation"]
        assert server.ksr.tables == before, f"REFUSED[{at}]"
        [line] = server.ksr.lines("err")
        assert f"keepalive: {function}: " in line or line.startswith("keepalive: bad destination ")
        assert len(line) < 1200
        assert "Traceback" not in line


@pytest.mark.parametrize("ask", ["is_alive", "state", "info", "ping_now", "alive", "is_group_alive"])
def test_a_question_has_an_answer(keepalive: ModuleType, server: FakeServer, ask: str) -> None:
    """Whatever is asked for, the answer is that there is no such thing, and no traceback is in the log."""
    for what in NO_URI:
        assert getattr(keepalive, ask)(what) in (-1, [], {})
    assert all(len(line) < 300 and "Traceback" not in line for line in server.ksr.lines("err"))


def test_a_long_reason_is_cut(keepalive: ModuleType, server: FakeServer) -> None:
    """A report counts, however long its reason is, and the first part of that is remembered."""
    keepalive.add_destination(A, "me")
    assert keepalive.report_failure(A, "busy " * 10**6) == 0
    known = keepalive.info(A)
    assert known["state"] == "down"
    assert known["last_reason"].startswith("reported failing: busy busy ")
    assert len(known["last_reason"]) <= len("reported failing: ") + MOST_REMEMBERED


def test_a_log_entry_has_an_end(keepalive: ModuleType, server: FakeServer) -> None:
    """An exception's text of a megabyte, in a thousand lines, is cut."""
    try:
        raise RuntimeError(("x" * 10_000 + "\n") * 1000)
    except RuntimeError:
        keepalive.log.exception("it failed")
    assert len(server.ksr.lines("err")) == 61
    assert all(len(line) < 1600 for line in server.ksr.lines("err"))
