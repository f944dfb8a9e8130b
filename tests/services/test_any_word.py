"""Whatever scripts, operators and peers say: an answer of the right type, a short line, and all goes on."""

from __future__ import annotations

import os
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule

from conftest import ServerMachine
from keepalive_core.rules.parameters import PARAMETERS
from near_misses import anything, near_misses

LONGEST_LINE = 1500
"""characters, as docs/architecture.md says"""
KNOWN = "sip:192.168.10.20"
URIS = [
    KNOWN,
    "sips:user:secret@gateway.example.com:5061;transport=tls",
    "sip:[2001:db8::1]",
    "10.0.0.1:5070",
]
# Files are their owner's business: see tests/services/test_lists.py and test_state_file.py.
NAMES = [name for name in PARAMETERS if name not in ("list_file", "state_file")]
TEXTS = [
    "30",
    "500ms",
    "2s",
    "20%",
    "2xx,403",
    "sip:a@b",
    "X-A: 1|X-B: 2",
    "on",
    "up",
    "udp:192.168.10.1:5060",
    "",
]
# What the functions call their own arguments; a name given twice is Python's to refuse.
TAKEN = {"uri", "owner", "flags", "callback", "user_attr", "group", "priority", "weight", "name"}


def decoded(good: list[str]) -> st.SearchStrategy[str]:
    """Draw what Kamailio can hand on: no half of a character, and nothing behind a NUL."""
    return near_misses(good).map(lambda text: text.encode(errors="ignore").decode().partition("\0")[0])


uris = st.one_of(st.sampled_from(URIS), near_misses(URIS), anything)
names = st.one_of(st.sampled_from(["me", "g", ""]), near_misses(["owner of many", "g"]), anything)
options = st.dictionaries(
    st.one_of(st.sampled_from(NAMES), st.text()), st.one_of(near_misses(TEXTS), anything), max_size=2
)


class AnyWord(ServerMachine):
    """One destination is well all the time, and everybody says what comes to his mind."""

    @initialize()
    def begin(self) -> None:
        """The known destination, whose interval is its own."""
        self.server.define("ping_interval", "1")
        self.processes = [self.server.process() for _ in range(2)]
        own = {name: each.default for name, each in PARAMETERS.items() if each.whose.name == "DESTINATION"}
        own |= {"ping_interval": 1, "ping_interval_pending": 1, "ping_interval_down": 1, "ping_jitter": 0}
        assert self.processes[0].add_destination(KNOWN, "the owner", 0, None, None, **own) == 0
        self.go_on(2)

    def go_on(self, seconds: float) -> None:
        """Let time pass, in which the known one answers."""
        for _ in range(round(seconds * 20)):
            sent = len(self.ksr.sent)
            self.server.tick()
            for ping in self.ksr.sent[sent:]:
                if ping.uri == KNOWN:
                    self.ksr.reply(ping, 200)
        self.server.run_callbacks()

    # --- what is said ---

    @rule(uri=uris, owner=names, flags=anything, callback=anything, attr=anything, group=names, said=options)
    def a_script_adds(self, said: dict[str, Any], uri: Any, owner: Any, group: Any, **others: Any) -> None:
        """Whatever it takes for a destination, an owner, a callback, and an option; it may be a good one."""
        said = {name: value for name, value in said.items() if name not in TAKEN}
        add = self.processes[0].add_destination
        if owner != "the owner":
            arguments = (others["flags"], others["callback"], others["attr"])
            assert add(uri, owner, *arguments, group=group, **said) in (0, -1)

    @rule(uri=uris, owner=names, mode=anything, until=anything, by=anything, why=anything, code=anything)
    def a_script_says(self, uri: Any, owner: Any, code: Any, **mode: Any) -> None:
        """Of anybody but the known one, whom it would take out."""
        api = self.processes[1]
        if isinstance(uri, str) and "192.168.10.20" in uri:
            return
        assert api.del_destination(uri, owner) in (0, -1)
        assert api.set_admin(uri, mode["mode"], mode["until"], mode["by"], mode["why"]) in (0, -1)
        assert api.report_reply(uri, code) in (0, -1)
        assert api.report_failure(uri, mode["why"]) in (0, -1)
        assert api.report_success(uri, mode["why"]) in (0, -1)
        assert api.ping_now(uri) in (0, -1)
        assert api.is_alive(uri) in (1, 2, -1)
        assert api.state(uri) in (0, 1, 2, -1)
        assert isinstance(api.info(uri), dict)
        assert isinstance(api.alive(owner), list)
        assert api.is_group_alive(owner) in (1, 2, -1)

    @rule(name=names, said=options)
    def a_script_configures(self, name: Any, said: dict[str, Any]) -> None:
        """A group, or the server."""
        said = {option: value for option, value in said.items() if option not in TAKEN}
        assert self.processes[0].configure_group(name, **said) in (0, -1)
        assert self.processes[0].register_callback(name, said) in (0, -1)

    @rule(name=st.sampled_from([*NAMES, "destination"]), text=decoded([*TEXTS, *URIS]))
    def an_operator_sets(self, name: str, text: str) -> None:
        """What kamcmd takes for text or a number; then takes it back, as it is not about the known one."""
        before = self.ksr.settings[name]
        self.ksr.settings[name] = text
        self.go_on(1.2)
        self.ksr.settings[name] = before
        self.go_on(1.2)

    @rule(
        retry_after=decoded(["5", "120;duration=3600", "5 (soon)"]),
        call_id=decoded(["0123456789abcdef0123456789abcdef"]),
        reason=decoded(["OK", "Service Unavailable", "two\nlines"]),
        code=st.sampled_from([200, 480, 503, 0, -1, 199, 700, 10**9]),
    )
    def a_peer_says(self, retry_after: str, call_id: str, reason: str, code: int) -> None:
        """In the reply to a ping of another destination."""
        self.processes[0].add_destination("sip:10.9.9.9", "me")
        self.ksr.reply_headers = {"Retry-After": retry_after}
        for ping in [ping for ping in self.ksr.sent[-20:] if ping.uri != KNOWN]:
            self.ksr.reply(ping, code, reason, call_id=call_id)
            self.ksr.reply(ping, code, reason)
        self.ksr.reply_headers = {}

    # --- what is true at any time ---

    @invariant()
    def the_known_one_is_well(self) -> None:
        """It is asked, and it is up, whatever was said."""
        if self.processes:
            sent = len(self.ksr.sent)
            self.go_on(2.5)
            assert KNOWN in {ping.uri for ping in self.ksr.sent[sent:]}
            assert self.processes[1].is_alive(KNOWN) == 1

    def teardown(self) -> None:
        """No line is long, none has a traceback, and KSR was used as it has to be."""
        self.patch.undo()
        assert self.ksr.violations == []
        for level in ("err", "warn", "notice", "info"):
            for line in self.ksr.lines(level):
                assert len(line) <= LONGEST_LINE + 50, line[:200]
                assert "Traceback" not in line
                assert line.isprintable()


AnyWord.TestCase.settings = settings(
    max_examples=int(os.environ.get("ANY_WORD", "15")), stateful_step_count=15, deadline=None
)
TestAnyWord = AnyWord.TestCase
