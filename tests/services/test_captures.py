"""A ping that is shown to whoever asked for it."""

import sys
from collections.abc import Callable, Generator
from typing import Any

import pytest

from conftest import FakeServer
from keepalive_testing.ksr import Transaction

A = "sip:192.168.10.20"
KEY = f"{A}:5060"
Answer = Callable[[Transaction], object]


class Operator:
    """Somebody who asks for a ping and waits for it, on a server whose one destination is up."""

    def __init__(self, server: FakeServer) -> None:
        server.define("cockpit", "1")
        self.server = server
        self.keepalive = server.process()
        server.ksr.reply(server.first_ping(self.keepalive, A, ping_interval=3600), 200)
        from keepalive_core.services import captures, change_log

        self.captures = captures
        self.log = change_log.ChangeLog()
        server.answer(200, 2)

    def read_the_feed(self) -> None:
        self.log.take()

    def wait(self, asked: Generator[None, None, dict[str, Any]], answer: Answer) -> dict[str, Any]:
        """Drive what waits for a ping, and answer each that leaves."""
        while True:
            try:
                next(asked)
            except StopIteration as end:
                found: dict[str, Any] = end.value
                return found
            before = len(self.server.ksr.sent)
            self.server.tick()
            for ping in self.server.ksr.sent[before:]:
                answer(ping)
            self.read_the_feed()

    def ping(self, answer: Answer) -> dict[str, Any]:
        return self.wait(self.captures.ping(KEY), answer)

    def order_as_another_leaves(self) -> tuple[Generator[None, None, dict[str, Any]], Transaction]:
        """Order a ping in the moment in which the prober sends another one.

        Returns: the order, and the other ping, which has no end yet.
        """
        tm = sys.modules["keepalive_core.kamailio.tm"]
        send = tm.send
        asked = self.captures.ping(KEY)

        def later(*ping: Any) -> Any:
            next(asked)
            self.server.now += 10
            return send(*ping)

        self.keepalive.ping_now(A)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(tm, "send", later)
            self.server.tick()
        return asked, self.server.ksr.sent[-1]


@pytest.fixture
def operator(server: FakeServer) -> Operator:
    return Operator(server)


def test_request_and_reply_are_shown(operator: Operator) -> None:
    """Both as they were on the wire, with code, reason and latency."""

    def answer(ping: Transaction) -> None:
        operator.server.now += 12_000
        operator.server.ksr.reply(ping, 200, "Fine")

    shown = operator.ping(answer)
    assert shown["request"].startswith(f"OPTIONS {A} SIP/2.0\r\n")
    assert shown["reply"].startswith("SIP/2.0 200 Fine\r\n")
    assert (shown["result"], shown["code"], shown["latency_ms"], shown["alive"]) == ("reply", 200, 12.0, True)


def test_a_failure_is_shown_and_judged(operator: Operator) -> None:
    """As of any ping: the destination is down by it."""
    shown = operator.ping(lambda ping: operator.server.ksr.reply(ping, 503, "Busy"))
    assert (shown["result"], shown["code"], shown["alive"]) == ("reply", 503, False)
    assert shown["reason"].startswith("503 Busy in ")
    assert shown["reply"].startswith("SIP/2.0 503 Busy\r\n")
    assert operator.keepalive.state(A) == operator.keepalive.DOWN


def test_silence_is_shown(operator: Operator) -> None:
    """The request stands there, and that nothing came."""
    shown = operator.ping(operator.server.ksr.time_out)
    assert (shown["result"], shown["code"], shown["reply"], shown["latency_ms"]) == ("timeout", 0, "", 0)
    assert shown["request"].startswith("OPTIONS")
    assert shown["reason"].startswith("no reply in ")
    assert shown["alive"] is False


def test_what_can_not_be_sent_says_so(operator: Operator) -> None:
    """With the reason that any ping has."""
    operator.server.has_descriptors = True
    operator.server.ksr.unresolvable.add(A)
    shown = operator.ping(lambda ping: None)
    assert shown["result"] in ("unsent", "send_failed")
    assert shown["reason"]
    assert shown["reply"] == ""


def test_what_takes_long_to_fail_is_not_waited_for_longer(
    operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a name that DNS is slow to refuse, if that is heard of before the ping is judged."""
    tm = sys.modules["keepalive_core.kamailio.tm"]
    send = tm.send_shown

    def slow(*ping: Any) -> Any:
        found = send(*ping)
        operator.server.now += 100_000
        return found

    monkeypatch.setattr(tm, "send_shown", slow)
    operator.server.ksr.unresolvable.add(A)
    asked = operator.server.now
    shown = operator.ping(lambda ping: None)
    assert shown["result"] in ("unsent", "send_failed")
    assert operator.server.now - asked < 1_000_000


@pytest.mark.parametrize(
    ("because", "word"),
    [({"paused"}, "paused"), ({"maint"}, "maintenance"), ({"maint", "memory"}, "memory is short")],
)
def test_where_no_ping_leaves_nobody_waits(operator: Operator, because: set[str], word: str) -> None:
    """The answer comes at once, with the widest of the reasons."""
    if "paused" in because:
        operator.keepalive.pause()
    if "maint" in because:
        operator.keepalive.set_admin(A, "maint")
    if "memory" in because:
        operator.server.ksr.memory["free_size"] = 0
    shown = operator.ping(lambda ping: pytest.fail("pinged"))
    assert (shown["result"], shown["reason"]) == ("unsent", f"no ping is sent: {word}")


def test_a_ping_without_an_end_is_not_waited_for_longer(operator: Operator) -> None:
    """It waits still, as its time limit is longer."""
    operator.keepalive.add_destination(A, "me", ping_interval=3600, ping_timeout=30_000)
    operator.server.tick(1)
    shown = operator.ping(lambda ping: None)
    assert (shown["result"], shown["alive"]) == ("waiting", None)
    assert shown["reason"] == "no reply in 10 s, and its time is not over"
    assert shown["request"].startswith("OPTIONS")


def test_one_that_left_late_is_said_to_be_waited_for_since_then(operator: Operator) -> None:
    """The ping before it was silent for 6 s, and it was waited for in the 4 that were left."""
    operator.keepalive.add_destination(A, "me", ping_interval=3600, ping_timeout=30_000)
    operator.server.tick(1)
    asked, another = operator.order_as_another_leaves()
    for _ in range(120):
        next(asked)
        operator.server.tick()
    operator.server.ksr.time_out(another)
    shown = operator.wait(asked, lambda ping: None)
    assert (shown["result"], shown["reason"]) == ("waiting", "no reply in 4 s, and its time is not over")


def test_a_destination_that_goes_meanwhile(operator: Operator) -> None:
    """It is monitored no more."""
    asked = operator.captures.ping(KEY)
    next(asked)
    operator.keepalive.del_destination(A, "me")
    assert operator.wait(asked, lambda ping: None)["reason"] == "it is monitored no more"


def test_as_many_wait_as_may(operator: Operator) -> None:
    """One more is refused; who is served makes room."""
    asked = [operator.captures.ping(KEY) for _ in range(operator.captures.MOST_WAITING)]
    for each in asked:
        next(each)
    refused = sys.modules["keepalive_core.rules.checks"].Refused
    with pytest.raises(refused, match="16 pings are waited for already"):
        next(operator.captures.ping(KEY))
    asked.pop().close()
    next(operator.captures.ping(KEY))


def test_other_pings_bear_no_mark(operator: Operator) -> None:
    """Neither request nor reply of a ping that nobody asked for is kept."""
    operator.read_the_feed()
    operator.keepalive.ping_now(A)
    operator.server.tick(0.1)
    operator.server.ksr.reply(operator.server.ksr.sent[-1], 200)
    assert not operator.server.ksr.queues["keepalive_feed"]
    assert "shown" not in operator.server.ksr.sent[-1].avps["keepalive"]


def test_a_reply_in_any_encoding(operator: Operator) -> None:
    """What is no UTF-8 is replaced, and the reply is not lost."""
    shown = operator.ping(lambda ping: operator.server.ksr.reply(ping, 200, "L\udcff"))
    assert (shown["result"], shown["code"]) == ("reply", 200)
    assert shown["reply"].startswith("SIP/2.0 200 L\ufffd\r\n")


def test_parts_of_another_ping_do_not_count(operator: Operator) -> None:
    """One that left before the order, or behind the one that is shown."""
    asked = operator.captures.ping(KEY)
    next(asked)
    now = operator.server.now
    for sent_us, request in ((now - 1, "old"), (now + 10, "right"), (now + 20, "late")):
        part = {"event": "keepalive.capture", "key": KEY, "sent_us": sent_us, "request": request}
        assert operator.captures.take(part)
    assert operator.captures._waiting[0].request == "right"
    assert not operator.captures.take({"event": "keepalive.change"})


END_OF_ANOTHER: list[Callable[[Operator, Transaction], None]] = [
    lambda operator, ping: operator.server.ksr.reply(ping, 200, "Other"),
    lambda operator, ping: operator.server.ksr.reply(ping, 503, "Other"),
    lambda operator, ping: operator.server.ksr.time_out(ping),
]


@pytest.mark.parametrize("end", END_OF_ANOTHER)
def test_a_ping_that_leaves_just_before_is_not_taken_for_it(
    operator: Operator, end: Callable[[Operator, Transaction], None]
) -> None:
    """The one that was ordered comes a second later, and is shown with its request and its reply."""
    asked, another = operator.order_as_another_leaves()
    ordered_at = operator.server.now
    end(operator, another)
    shown = operator.wait(asked, lambda ping: operator.server.ksr.reply(ping, 200, "Ordered"))
    assert (shown["result"], shown["code"], shown["alive"]) == ("reply", 200, True)
    assert shown["request"].startswith("OPTIONS")
    assert shown["reply"].startswith("SIP/2.0 200 Ordered\r\n")
    assert shown["reason"].startswith("200 ")
    assert operator.server.now - ordered_at < 1_300_000


def test_a_silent_ping_that_leaves_just_before_is_waited_for(operator: Operator) -> None:
    """The one that was ordered leaves when that has its end, and has its own."""
    asked, another = operator.order_as_another_leaves()
    for _ in range(60):
        next(asked)
        operator.server.tick()
    operator.server.ksr.time_out(another)
    shown = operator.wait(asked, operator.server.ksr.time_out)
    assert operator.server.ksr.sent[-1] is not another
    assert (shown["result"], shown["alive"]) == ("timeout", False)
    assert shown["request"].startswith("OPTIONS")


@pytest.mark.parametrize(("code", "alive"), [(200, True), (503, False)])
def test_where_the_ordered_ping_is_not_heard_of_another_one_is_told(
    operator: Operator, code: int, alive: bool
) -> None:
    """What is known of that is better than nothing, and stands there after two seconds."""
    asked = operator.captures.ping(KEY)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(operator.captures.queues, "announce_change", lambda *_: None)
        next(asked)
    ordered_at = operator.server.now
    operator.keepalive.ping_now(A)
    shown = operator.wait(asked, lambda ping: operator.server.ksr.reply(ping, code, "Other"))
    assert (shown["result"], shown["alive"]) == ("reply", alive)
    assert shown["reason"].startswith(f"{code} ")
    assert (shown["request"], shown["reply"]) == ("", "")
    assert 2_000_000 < operator.server.now - ordered_at < 2_300_000


def test_what_keeps_it_from_leaving_behind_the_order_is_told_at_once(operator: Operator) -> None:
    """Nothing is heard of such a ping but its end, and none comes a second later either."""
    asked = operator.captures.ping(KEY)
    next(asked)
    ordered_at = operator.server.now
    operator.server.ksr.memory["free_size"] = 0
    shown = operator.wait(asked, lambda ping: pytest.fail("pinged"))
    assert shown["result"] == "unsent"
    assert "memory is short" in shown["reason"]
    assert operator.server.now - ordered_at < 200_000


def test_a_reply_that_is_faster_than_its_request(operator: Operator, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker may have the reply before the prober has told what it sent: that is waited for."""
    tm = sys.modules["keepalive_core.kamailio.tm"]
    send = tm.send_shown
    asked = operator.captures.ping(KEY)

    def overtaken(*ping: Any) -> Any:
        found = send(*ping)
        operator.server.ksr.reply(operator.server.ksr.sent[-1], 200, "Fast")
        operator.read_the_feed()
        for _ in range(3):
            next(asked)
        return found

    monkeypatch.setattr(tm, "send_shown", overtaken)
    shown = operator.wait(asked, lambda ping: None)
    assert shown["request"].startswith("OPTIONS")
    assert shown["reply"].startswith("SIP/2.0 200 Fast\r\n")


def test_who_asks_while_a_ping_is_shown_to_another_gets_one_more(operator: Operator) -> None:
    """That one left before it was asked for: each gets the request and the reply of a ping of its own."""
    first = operator.captures.ping(KEY)
    next(first)
    operator.server.tick()
    shown_to_first = operator.server.ksr.sent[-1]
    operator.server.now += 10
    second = operator.captures.ping(KEY)
    next(second)
    operator.server.ksr.reply(shown_to_first, 200, "First")
    operator.read_the_feed()
    seen = operator.wait(first, lambda ping: pytest.fail("not asked for by the first one"))
    assert seen["reply"].startswith("SIP/2.0 200 First\r\n")
    seen = operator.wait(second, lambda ping: operator.server.ksr.reply(ping, 200, "Second"))
    assert seen["request"].startswith("OPTIONS")
    assert seen["reply"].startswith("SIP/2.0 200 Second\r\n")


def test_two_who_ask_before_it_leaves_get_the_same_ping(operator: Operator) -> None:
    """One ping is enough for both."""
    asked = [operator.captures.ping(KEY) for _ in range(2)]
    for each in asked:
        next(each)
        operator.server.now += 10_000
    operator.server.tick()
    operator.server.ksr.reply(operator.server.ksr.sent[-1], 200, "Both")
    operator.read_the_feed()
    seen = [operator.wait(each, lambda ping: pytest.fail("one more")) for each in asked]
    assert seen[0] == seen[1]
    assert seen[0]["request"].startswith("OPTIONS")
    assert seen[0]["reply"].startswith("SIP/2.0 200 Both\r\n")


def test_the_end_of_a_later_ping_is_not_taken_for_it(operator: Operator) -> None:
    """Who looks late finds what came back of the ping that was asked for."""
    asked = operator.captures.ping(KEY)
    next(asked)
    operator.server.tick()
    operator.server.now += 2_000
    operator.server.ksr.reply(operator.server.ksr.sent[-1], 200, "Mine")
    operator.keepalive.ping_now(A)
    operator.server.tick(1.2)
    operator.server.ksr.time_out(operator.server.ksr.sent[-1])
    assert operator.keepalive.state(A) == operator.keepalive.DOWN
    operator.read_the_feed()
    shown = operator.wait(asked, lambda ping: None)
    assert (shown["result"], shown["code"], shown["alive"], shown["reason"]) == (
        *("reply", 200, True),
        "200 in 2.0 ms",
    )
    assert shown["reply"].startswith("SIP/2.0 200 Mine\r\n")
