"""What comes back of a ping: which replies count, and when a ping is judged."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conftest import FakeServer
from keepalive_core.rules.reply_codes import has_code, parse_codes
from ksr_facts import ENDS, SILENT

A = "sip:192.168.10.20"
NAME = "sip:gateways.example.com"
STRANGER = "0123456789abcdef@stranger"


@pytest.fixture
def two_processes(server: FakeServer) -> ModuleType:
    """A worker, and beside it tm's timer process."""
    server.process()
    server.ksr.timers_handlers = server.ksr.handlers
    return server.process()


# --- what tm tells --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("answers", "told"), ENDS)
def test_the_fake_tells_what_tm_tells(
    keepalive: ModuleType, server: FakeServer, answers: list[int], told: list[Any]
) -> None:
    """With DNS failover, the fake runs the functions in the order in which real servers do."""
    sent = server.first_ping(keepalive, NAME, targets=2)
    events: list[Any] = []
    ksr = server.ksr.module
    server.ksr.handlers.ksr_keepalive_reply = lambda msg: events.append(ksr.pv.get("$rs")) or 1
    server.ksr.handlers.ksr_keepalive_failure = lambda msg: (
        events.append(["end", ksr.tm.t_branch_timeout()]) or 1
    )
    for code in answers:
        if code == SILENT:
            server.ksr.time_out(sent)
        else:
            server.ksr.reply(sent, code)
    assert events == told


@pytest.mark.parametrize("code", [302, 404, 408, 500, 603])
def test_a_reply_that_a_route_took_is_no_failure(
    keepalive: ModuleType, server: FakeServer, code: int
) -> None:
    """tm's end tells that something came, but not what it was: a listed code may be among it."""
    sent = server.first_ping(keepalive, A, ping_reply_codes="2xx,300-699")
    server.ksr.handlers.ksr_own_reply = lambda msg: 1
    sent.on_reply = "ksr_own_reply"
    server.ksr.reply(sent, code)
    known = keepalive.info(A)
    assert (known["state"], known["failed"], known["last_result"]) == ("unknown", 0, "unheard")
    assert "replies do not come to keepalive" in known["last_reason"]


# --- the transaction is judged, not a branch --------------------------------------------------------------


@pytest.mark.parametrize(
    ("answers", "state", "reason"),
    [
        ([503, 200], 1, "200 Reason in "),
        ([503, 404], 2, "404 Reason in "),
        ([SILENT, 200], 1, "200 Reason in "),
        ([SILENT, 503], 2, "503 Reason in "),
        ([503, SILENT], 2, "no reply in "),
        ([SILENT, SILENT], 2, "no reply in "),
        ([404], 2, "404 Reason in "),
    ],
)
def test_the_last_target_has_the_last_word(
    two_processes: ModuleType, server: FakeServer, answers: list[int], state: int, reason: str
) -> None:
    """A name is judged when tm has no target left, and not before."""
    keepalive = two_processes
    sent = server.first_ping(keepalive, NAME, targets=2, ping_timeout=500)
    for number, code in enumerate(answers):
        assert keepalive.state(NAME) == 0, "judged before its end"
        server.now += 100_000
        if code == SILENT:
            server.now += 463_000
            server.ksr.time_out(sent)
        else:
            server.ksr.reply(sent, code, "Reason", branch=number)
    assert keepalive.state(NAME) == state
    assert keepalive.info(NAME)["last_reason"].startswith(reason)


def test_a_listed_code_counts_at_the_end_too(keepalive: ModuleType, server: FakeServer) -> None:
    """503 may be alive or a drain: of the first target it says nothing, of the last one it does."""
    for codes in ({"ping_reply_codes": "2xx,503"}, {"drain_codes": "503"}):
        sent = server.first_ping(keepalive, NAME, 2, **codes)
        server.ksr.reply(sent, 503)
        assert keepalive.state(NAME) == 0
        server.ksr.reply(sent, 503)
        known = keepalive.info(NAME)
        assert (known["ok"], known["drained"]) == ((1, 0) if "ping_reply_codes" in codes else (0, 1))
        assert keepalive.del_destination(NAME, "me") == 0
        server.ksr.sent.clear()
        server.tick(1)


def test_a_listed_code_with_retry_after_is_a_drain(keepalive: ModuleType, server: FakeServer) -> None:
    """Alive or not, who asks for no calls gets none, at tm's end as at once."""
    for stranger in (False, True):
        sent = server.first_ping(keepalive, A, ping_reply_codes="2xx,503", ping_interval=3600)
        server.now += 5000
        server.ksr.reply(sent, 200)
        assert keepalive.ping_now(A) == 0
        while server.ksr.sent[-1] is sent:
            server.tick()
        if stranger:
            server.ksr.reply(server.ksr.sent[-1], 200, call_id=STRANGER)
        server.ksr.reply_headers = {"Retry-After": "60"}
        server.ksr.reply(server.ksr.sent[-1], 503)
        server.ksr.reply_headers = {}
        assert keepalive.info(A)["drained"] == 1
        assert keepalive.del_destination(A, "me") == 0
        server.tick(2)
        server.ksr.sent.clear()


def test_another_pings_reply_is_not_the_last_word(keepalive: ModuleType, server: FakeServer) -> None:
    """What a process keeps of one ping says nothing of another that ends there."""
    first = server.first_ping(keepalive, NAME, 2)
    second = server.first_ping(keepalive, A)
    server.ksr.reply(first, 503)
    server.tick(2)
    server.ksr.time_out(second)
    assert keepalive.info(A)["last_reason"].startswith("no reply in ")
    assert keepalive.state(NAME) == 0


def test_latency_is_that_of_the_reply(keepalive: ModuleType, server: FakeServer) -> None:
    """A reply that is judged at tm's end is as old as it was when it came."""
    sent = server.first_ping(keepalive, A, ping_reply_codes="404")
    handlers = server.ksr.handlers
    failure = handlers.ksr_keepalive_failure

    def later(msg: object) -> int:
        server.now += 30_000
        answer: int = failure(msg)
        return answer

    handlers.ksr_keepalive_failure = later
    left = int(sent.avps["keepalive"].split(" ")[1])
    server.now = left + 7_000
    server.ksr.reply(sent, 404)
    assert keepalive.info(A)["latency_ms"]["last"] == 7


def test_a_name_has_time_for_all_its_targets(keepalive: ModuleType, server: FakeServer) -> None:
    """Our own deadline does not cut off tm's going on; meanwhile no second ping leaves."""
    sent = server.first_ping(keepalive, NAME, 9, ping_interval=1, ping_timeout=500)
    for _ in range(8):
        server.tick(0.6)
        server.ksr.time_out(sent)
        assert keepalive.state(NAME) == 0
    assert len(server.ksr.sent) == 1
    server.ksr.reply(sent, 200)
    assert keepalive.state(NAME) == 1
    server.tick(0.3)
    assert len(server.ksr.sent) == 2, "the next one leaves at once"


def test_no_route_is_a_failure_at_once(keepalive: ModuleType, server: FakeServer) -> None:
    """If tm can't send a ping again it tells so without a reply and without a timeout."""
    sent = server.first_ping(keepalive, A)
    server.ksr.can_not_resend(sent)
    assert keepalive.state(A) == 2
    assert keepalive.info(A)["last_reason"] == "the ping could not be sent"


# --- a reply counts only from the conversation it belongs to ----------------------------------------------


def deadline(server: FakeServer) -> None:
    """Let the ping that is under way be given up: 3 s and a second of grace."""
    server.tick(4.2)


@pytest.mark.parametrize("forged", [200, 404, 503, 603])
@pytest.mark.parametrize(
    ("true", "codes", "state"), [(200, "2xx", 1), (404, "2xx", 2), (503, "2xx,503", 1), (404, "2xx,404", 1)]
)
def test_the_true_reply_behind_a_strangers_is_judged(
    keepalive: ModuleType, server: FakeServer, forged: int, true: int, codes: str, state: int
) -> None:
    """Whatever a stranger sends first, and whatever tm makes of it, the peer's reply decides."""
    sent = server.first_ping(keepalive, A, ping_reply_codes=codes)
    server.ksr.reply(sent, forged, call_id=STRANGER)
    assert keepalive.state(A) == 0
    server.ksr.reply(sent, true)
    assert keepalive.state(A) == state
    assert keepalive.info(A)["last_code"] == true
    assert keepalive.info(A)["mismatched"] == 1
    deadline(server)
    assert keepalive.info(A)["ok"] + keepalive.info(A)["failed"] == 1, "one ping, one verdict"


@pytest.mark.parametrize("forged", [100, 200, 404, 503, 603, 999])
@pytest.mark.parametrize("hands_on", [True, False])
def test_a_strangers_reply_alone_is_silence(
    keepalive: ModuleType, server: FakeServer, forged: int, hands_on: bool
) -> None:
    """If nothing else comes the ping is open until its deadline, and then it is a failure."""
    server.ksr.hands_on_late_replies = hands_on
    sent = server.first_ping(keepalive, A)
    server.ksr.reply(sent, forged, call_id=STRANGER)
    if not hands_on and forged >= 200:
        server.ksr.reply(sent, 200)
    assert keepalive.state(A) == 0
    deadline(server)
    assert keepalive.state(A) == 2
    assert keepalive.info(A)["last_reason"].startswith("no reply in ")


def test_a_stranger_between_two_targets(two_processes: ModuleType, server: FakeServer) -> None:
    """A stranger's 503 makes tm go on; the second target's word, or its silence, is judged as ever."""
    keepalive = two_processes
    for true, state in ((200, 1), (404, 2), (SILENT, 2)):
        sent = server.first_ping(keepalive, NAME, 2)
        server.ksr.reply(sent, 503, call_id=STRANGER)
        if true == SILENT:
            server.now += 3_000_000
            server.ksr.time_out(sent)
        else:
            server.ksr.reply(sent, true)
        assert keepalive.state(NAME) == state
        assert keepalive.del_destination(NAME, "me") == 0
        server.ksr.sent.clear()
        server.tick(1)


def test_a_stranger_behind_a_true_503(keepalive: ModuleType, server: FakeServer) -> None:
    """The end that a stranger brings is none, although the first target has said something."""
    sent = server.first_ping(keepalive, NAME, 2)
    server.ksr.reply(sent, 503)
    server.ksr.reply(sent, 404, call_id=STRANGER)
    assert keepalive.state(NAME) == 0
    server.ksr.reply(sent, 200)
    assert keepalive.state(NAME) == 1


@pytest.mark.parametrize("call_id", ["", "Gr\udcff", "x" * 60_000, "{}@192.168.10.20", "{},x", "X{}"])
def test_what_else_a_call_id_may_be(keepalive: ModuleType, server: FakeServer, call_id: str) -> None:
    """Of whatever length and encoding it is: it is the ping's own, or the reply does not count."""
    sent = server.first_ping(keepalive, A)
    server.ksr.reply(sent, 200, call_id=call_id.format(sent.call_id) or " ")
    assert keepalive.state(A) == 0
    assert keepalive.info(A)["mismatched"] == 1
    [line] = server.ksr.lines("warn")
    assert len(line) < 300


@pytest.mark.parametrize("behind", [" ", "\t ", "   "])
def test_white_space_behind_a_call_id_is_none_of_it(
    keepalive: ModuleType, server: FakeServer, behind: str
) -> None:
    """RFC 3261 section 7.3.1: a peer may write it, and Kamailio leaves it there."""
    sent = server.first_ping(keepalive, A)
    server.ksr.reply(sent, 200, call_id=sent.call_id + behind)
    assert keepalive.state(A) == 1
    assert keepalive.info(A)["mismatched"] == 0


def test_a_call_id_of_another_ping_does_not_count(keepalive: ModuleType, server: FakeServer) -> None:
    """A reply to the ping before, sent with the Via of the present one, is a stranger's too."""
    first = server.first_ping(keepalive, A, ping_interval=10)
    server.ksr.reply(first, 200)
    server.tick(10)
    second = server.ksr.sent[-1]
    assert second is not first
    server.ksr.reply(second, 200, call_id=first.call_id)
    deadline(server)
    assert keepalive.state(A) == 2


@pytest.mark.parametrize(
    ("uri", "options", "address", "port", "counts"),
    [
        ("sip:192.168.10.20", {}, "192.168.10.20", 5060, True),
        ("sip:192.168.10.20", {}, "192.168.10.20", 5061, False),
        ("sip:192.168.10.20", {}, "192.168.10.21", 5060, False),
        ("sip:192.168.10.20:5070", {}, "192.168.10.20", 5070, True),
        ("sip:user@192.168.10.20;transport=tcp", {}, "192.168.10.20", 33333, True),
        ("sip:192.168.10.20;transport=tcp", {}, "192.168.10.21", 5060, False),
        ("sip:[2001:DB8::1]", {}, "2001:db8:0:0:0:0:0:1", 5060, True),
        ("sip:[2001:DB8::1]", {}, "2001:db8:0:0:0:0:0:2", 5060, False),
        ("sips:[2001:DB8::1]", {}, "2001:db8:0:0:0:0:0:1", 40000, True),
        ("sip:192.168.10.20", {"outbound_proxy": "sip:192.168.10.1:5080"}, "192.168.10.1", 5080, True),
        ("sip:192.168.10.20", {"outbound_proxy": "sip:192.168.10.1:5080"}, "192.168.10.20", 5060, False),
        # tm sends to the host, whatever maddr says.
        ("sip:192.168.10.20;maddr=192.168.10.9", {}, "192.168.10.20", 5060, True),
        # What a name stood for is not known.
        ("sip:gateway.example.com", {}, "198.51.100.7", 1234, True),
        ("sip:192.168.10.20", {"outbound_proxy": "sip:proxy.example.com"}, "198.51.100.7", 1234, True),
        ("sip:192.168.10.20", {"ping_check_source": 0}, "198.51.100.7", 1234, True),
    ],
)
def test_ping_check_source(
    keepalive: ModuleType,
    server: FakeServer,
    uri: str,
    options: dict[str, Any],
    address: str,
    port: int,
    counts: bool,
) -> None:
    """The reply comes from where the ping went to: the address, and the port if there is no connection."""
    sent = server.first_ping(keepalive, uri, **{"ping_check_source": 1, **options})
    server.ksr.reply(sent, 200, address=address, port=port)
    assert keepalive.state(uri) == int(counts)
    assert keepalive.info(uri)["mismatched"] == int(not counts)
    assert counts or "(ping_check_source)" in server.ksr.lines("warn")[0]


def test_ping_check_source_can_be_set_at_run_time(keepalive: ModuleType, server: FakeServer) -> None:
    """The pings that leave from then on have it."""
    sent = server.first_ping(keepalive, A, ping_interval=10)
    server.ksr.reply(sent, 200, address="198.51.100.7")
    assert keepalive.state(A) == 1
    server.ksr.settings["ping_check_source"] = "1"
    server.tick(10)
    server.ksr.reply(server.ksr.sent[-1], 200, address="198.51.100.7")
    assert keepalive.info(A)["mismatched"] == 1


# --- whatever else reaches the two functions --------------------------------------------------------------


def test_a_reason_that_is_no_utf_8_is_empty(keepalive: ModuleType, server: FakeServer) -> None:
    """A reason phrase that Python can't read does not lose the reply."""
    sent = server.first_ping(keepalive, A, ping_interval=3600)
    server.ksr.reply(sent, 404, "Gr\udcff")
    assert keepalive.info(A)["last_reason"].startswith("404 in ")


def test_a_reason_has_a_bound(keepalive: ModuleType, server: FakeServer) -> None:
    """A peer can't fill the record or the log with its reason phrase."""
    server.ksr.reply(server.first_ping(keepalive, A), 404, "x" * 60_000)
    assert 100 < len(keepalive.info(A)["last_reason"]) < 300


@pytest.mark.parametrize("code", [700, 999])
def test_a_code_that_is_none_is_a_failure(keepalive: ModuleType, server: FakeServer, code: int) -> None:
    """tm takes any three digits; the largest list of codes has none of these."""
    server.ksr.reply(server.first_ping(keepalive, A, ping_reply_codes="any"), code)
    assert keepalive.state(A) == 2


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120),
        ("18000;duration=3600", 300),
        ("120 (I'm in a meeting)", 120),
        ("soon", 0),
        ("-5", 0),
        ("", 0),
    ],
)
def test_retry_after_is_read_from_a_refusal(
    keepalive: ModuleType, server: FakeServer, header: str, seconds: int
) -> None:
    """RFC 3261 section 20.33: seconds, perhaps with parameters or a comment; anything else is no wish."""
    sent = server.first_ping(keepalive, A, ping_timeout=50)
    server.ksr.reply_headers = {"Retry-After": header}
    server.ksr.reply(sent, 503, "Busy")
    until = keepalive.info(A)["drained_until"]
    assert bool(until) == bool(seconds)
    assert keepalive.info(A)["drained"] == bool(seconds)


def test_a_worker_keeps_pieces_of_memory_free(keepalive: ModuleType, server: FakeServer) -> None:
    """Before its first reply a process frees every other piece of some, as before its first ping."""
    sent = server.first_ping(keepalive, A)
    made = dict(server.ksr.variables)
    server.ksr.variables.clear()
    server.process()
    server.ksr.reply(sent, 200)
    assert server.ksr.variables == made


# --- any sequence of it -----------------------------------------------------------------------------------

REPLY, STRANGER_S, COPY, SILENCE = "reply", "stranger's", "of the first target", "silence"


class Expected:
    """What a ping has to end with, worked out in the plainest way: of its targets, and of what came."""

    def __init__(self, targets: int) -> None:
        self._left = targets
        self._is_over = False
        self._by_stranger = False
        self.verdict: int | None = None

    def judge(self, code: int) -> None:
        """Take the first verdict; a later one is stale."""
        if self.verdict is None:
            self.verdict = code

    def takes(self, what: str, code: int) -> None:
        """Follow an event."""
        if what != SILENCE and code < 200:
            return
        if what != STRANGER_S and what != SILENCE and (code < 300 or self._by_stranger):
            self.judge(code)
        if self._is_over or (what == COPY and code >= 300):
            return
        ends = what != SILENCE and code < 300
        goes_on = what == SILENCE or code == 503
        self._left -= 1
        if ends or not goes_on or not self._left:
            self._is_over = True
            self._by_stranger = what == STRANGER_S
            if not self._by_stranger:
                self.judge(SILENT if what == SILENCE else code)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(
            st.sampled_from([REPLY, REPLY, STRANGER_S, COPY, SILENCE]),
            st.sampled_from([100, 180, 200, 202, 301, 404, 408, 503, 503, 603, 700]),
        ),
        max_size=7,
    ),
    st.integers(1, 3),
    st.sampled_from(["2xx", "2xx,404", "any", "200,503"]),
)
def test_any_sequence_of_replies(
    two_processes: ModuleType,
    server: FakeServer,
    events: list[tuple[str, int]],
    targets: int,
    codes: str,
) -> None:
    """A ping has one verdict: that of the first 2xx, or of the last target's word, or of its silence."""
    keepalive = two_processes
    keepalive.del_destination(NAME, "me")
    server.tick(1)
    server.ksr.sent.clear()
    sent = server.first_ping(keepalive, NAME, targets, ping_reply_codes=codes, ping_interval=3600)
    expected = Expected(targets)
    strangers = 0
    server.tick(3)
    for what, code in events:
        # Before the first target's branch has ended a copy of its reply is its reply.
        what = REPLY if what == COPY and not sent.codes else what
        expected.takes(what, code)
        strangers += what == STRANGER_S and code >= 200
        if what == SILENCE:
            server.ksr.time_out(sent)
        else:
            call_id = STRANGER if what == STRANGER_S else ""
            server.ksr.reply(sent, code, call_id=call_id, branch=0 if what == COPY else None)
    server.tick(33.2)
    known = keepalive.info(NAME)
    assert known["ok"] + known["failed"] == 1
    assert known["mismatched"] == strangers
    verdict = SILENT if expected.verdict is None else expected.verdict
    assert known["last_code"] == (0 if verdict == SILENT else verdict)
    assert keepalive.state(NAME) == (1 if verdict != SILENT and has_code(parse_codes(codes), verdict) else 2)
