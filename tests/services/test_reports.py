"""What a script reports counts, with or without a group, and what is no report is refused."""

from types import ModuleType

import pytest

from conftest import FakeServer
from keepalive_testing.names import resolve

A = "sip:192.168.10.20"
B = "sip:192.168.10.21"


def test_reports_count_as_pings_do(keepalive: ModuleType, server: FakeServer) -> None:
    """Three reports take a destination with fall 3 down at once; a success in between starts anew."""
    keepalive.add_destination(A, "me", fall=3, rise=2)
    server.answer(200, 35)
    for report in (keepalive.report_failure, keepalive.report_failure, keepalive.report_success):
        assert report(A, "seen") == 0
    keepalive.report_failure(A, "seen")
    keepalive.report_failure(A, "seen")
    assert keepalive.is_alive(A) == 1
    keepalive.report_failure(A, "INVITE timed out")
    assert keepalive.is_alive(A) == 2
    assert server.ksr.lines("notice")[-1].endswith("up -> down: reported failing: INVITE timed out")
    assert keepalive.report_failure(B, "seen") == -1


def test_a_report_brings_the_next_ping_forward_once_a_second(
    keepalive: ModuleType, server: FakeServer
) -> None:
    """However many reports come, one ping a second leaves for them, and brings the destination back."""
    keepalive.add_destination(A, "me", ping_interval=60)
    server.answer(200, 65)
    before = len(server.ksr.sent)
    for _ in range(30):
        keepalive.report_failure(A, "seen")
        server.answer(200, 0.1)
    assert 2 <= len(server.ksr.sent) - before <= 4
    server.answer(200, 2)
    assert keepalive.is_alive(A) == 1, "the ping's answer brought it back"


def test_reports_of_two_workers_are_all_counted(keepalive: ModuleType, server: FakeServer) -> None:
    """Each report is one more in the count, whichever process reports."""
    keepalive.add_destination(A, "me", fall=1000)
    server.answer(200, 2)
    other = server.process()
    for _ in range(20):
        keepalive.report_failure(A, "one")
        other.report_failure(A, "two")
    assert keepalive.info(A)["consecutive"] == -40


def test_a_reported_call_goes_by_the_settings_of_now(server: FakeServer) -> None:
    """passive_mode, for one destination or for all, and a deletion, hold for the next report anywhere."""
    reporting, other = server.process(), server.process()
    other.add_destination(A, "me", passive_min=1, ping_interval=3600)
    server.answer(200, 2)
    assert reporting.report_reply(A, 200) == 0
    assert reporting.info(A)["ok"] == 2
    other.add_destination(A, "me", passive_min=1, ping_interval=3600, passive_mode="off")
    assert reporting.report_reply(A, 200) == reporting.report_reply(A, 503) == 0
    assert (reporting.info(A)["ok"], reporting.state(A)) == (2, 1)
    other.add_destination(A, "me", passive_min=1, ping_interval=3600)
    server.ksr.settings["passive_mode"] = "off"
    server.tick(2)
    assert reporting.report_reply(A, 503) == 0
    assert reporting.state(A) == 1
    other.del_destination(A, "me")
    assert reporting.report_reply(A, 200) == -1


NAME = "sip:provider.com"
ELSEWHERE = "sip:192.168.10.30"
ONE, TWO = "sip:192.168.10.20:5060", "sip:192.168.10.21:5060;transport=tcp"


@pytest.fixture
def name(keepalive: ModuleType, server: FakeServer) -> ModuleType:
    """A name with two targets that are up."""
    keepalive.add_destination(NAME, "me", dns_expand=1, ping_interval=60, passive_min=1)
    resolve(NAME, [ONE, TWO])
    server.answer(200, 3)
    assert len(keepalive.targets(NAME)) == 2
    return keepalive


@pytest.mark.parametrize(
    "spelling", [TWO, "192.168.10.21;transport=TCP", f"{NAME}#192.168.10.21;transport=tcp"]
)
def test_a_report_of_a_target(name: ModuleType, spelling: str) -> None:
    """It is told by its URI, or by its key, in any spelling."""
    assert name.report_failure(NAME, "seen", target=spelling) == 0
    assert name.targets(NAME) == [ONE]
    assert name.report_success(NAME, "seen", target=spelling) == 0
    assert len(name.targets(NAME)) == 2
    assert name.report_reply(NAME, 503, target=spelling) == 0
    assert name.targets(NAME) == [ONE]
    assert name.is_alive(NAME) == 1


def test_a_report_of_a_target_alone(name: ModuleType) -> None:
    """Its key is a destination as any other, too."""
    assert name.report_failure(f"{NAME}#192.168.10.20:5060", "seen") == 0
    assert name.targets(NAME) == [TWO]


@pytest.mark.parametrize(
    "target", ["sip:192.168.10.22", "sip:192.168.10.21", NAME, "sip:x#1.2.3.4", "a b", 5]
)
def test_a_report_of_a_target_of_nobody(name: ModuleType, server: FakeServer, target: str) -> None:
    """It counts for nothing; what is malformed is logged."""
    assert name.report_failure(NAME, "seen", target=target) == -1
    assert name.report_success(NAME, "seen", target=target) == -1
    assert name.report_reply(NAME, 503, target=target) == -1
    assert len(name.targets(NAME)) == 2
    assert bool(server.ksr.lines("err")) is (target in ("a b", 5))


def test_a_report_of_a_target_of_an_address(keepalive: ModuleType, server: FakeServer) -> None:
    """An address is its own target, and so is its proxy."""
    keepalive.add_destination(A, "me", outbound_proxy="sip:192.168.10.1")
    server.answer(200, 2)
    assert keepalive.report_failure(A, "seen", target="sip:192.168.10.2") == -1
    assert keepalive.report_failure(A, "seen", target="sip:192.168.10.1:5060") == 0
    assert keepalive.report_success(A, "seen", target="192.168.10.20") == 0
    assert keepalive.report_reply(A, 486, target=None) == 0
    assert keepalive.report_failure(B, "seen", target=B) == -1


def test_a_report_of_the_target_that_was_chosen(name: ModuleType, server: FakeServer) -> None:
    """Without a target it is the one that next_target() chose last in this call."""
    assert name.next_target(NAME) == 1
    chosen = server.ksr.du
    assert name.report_failure(NAME, "seen") == 0
    assert name.targets(NAME) == [hop for hop in (ONE, TWO) if hop != chosen]
    assert name.next_target(NAME) == 1
    assert name.report_failure(NAME, "seen") == 0
    assert name.targets(NAME) == []


def test_a_late_reply_is_not_the_next_targets(
    name: ModuleType, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of several tries it is the one from whose address it comes; of none of them it says nothing."""
    from keepalive_core.kamailio import calls_at_hand

    assert name.next_target(NAME) == name.next_target(NAME) == 1
    first = next(hop for hop in (ONE, TWO) if hop != server.ksr.du)
    came_from = first.removeprefix("sip:").partition(";")[0]
    monkeypatch.setattr(calls_at_hand, "came_from", lambda: "192.168.10.99:5060")
    assert name.report_reply(NAME, 503) == 0
    assert len(name.targets(NAME)) == 2
    monkeypatch.setattr(calls_at_hand, "came_from", lambda: came_from)
    assert name.report_reply(NAME, 503) == 0
    assert name.targets(NAME) == [server.ksr.du]


def test_a_late_reply_is_not_the_next_destinations(
    keepalive: ModuleType, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is of the one from whose address it comes, whichever the script has at hand."""
    from keepalive_core.kamailio import calls_at_hand

    for uri in (A, B):
        keepalive.add_destination(uri, "me", passive_min=1)
    server.answer(200, 2)
    assert keepalive.next_target(A) == keepalive.next_target(B) == 1
    monkeypatch.setattr(calls_at_hand, "came_from", lambda: "192.168.10.20:5060")
    assert keepalive.report_reply(B, 503) == 0
    assert (keepalive.is_alive(A), keepalive.is_alive(B)) == (2, 1)
    monkeypatch.setattr(calls_at_hand, "came_from", lambda: "192.168.10.77:5060")
    assert keepalive.report_reply(B, 503) == 0
    assert keepalive.is_alive(B) == 2


def test_a_report_of_what_the_call_was_not_sent_to(
    keepalive: ModuleType, name: ModuleType, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is of whom the script says, whoever has sent the reply at hand."""
    from keepalive_core.kamailio import calls_at_hand

    keepalive.add_destination(ELSEWHERE, "me", passive_min=1)
    server.answer(200, 2)
    assert name.next_target(NAME) == name.next_target(NAME) == 1
    last = server.ksr.du.removeprefix("sip:").partition(";")[0]
    monkeypatch.setattr(calls_at_hand, "came_from", lambda: last)
    assert keepalive.report_failure(ELSEWHERE, "seen") == keepalive.report_reply(ELSEWHERE, 503) == 0
    assert keepalive.is_alive(ELSEWHERE) == 2
    other = next(hop for hop in (ONE, TWO) if hop != server.ksr.du)
    assert name.report_failure(f"{NAME}#{other.removeprefix('sip:')}", "seen") == 0
    assert name.targets(NAME) == [server.ksr.du]


def test_a_report_of_a_target_that_dns_no_longer_says(name: ModuleType, server: FakeServer) -> None:
    """It counts for nothing, and no other target is meant."""
    assert name.next_target(NAME) == 1
    left = next(hop for hop in (ONE, TWO) if hop != server.ksr.du)
    resolve(NAME, [left, "sip:192.168.10.23:5060"])
    assert name.report_failure(NAME, "seen") == name.report_failure(NAME, "seen", target=server.ksr.du) == -1


def test_a_report_of_a_whole_name(name: ModuleType, server: FakeServer) -> None:
    """A failure has all targets asked soon, once a second at the most; a success says nothing of any."""
    server.tick(2)
    sent = len(server.ksr.sent)
    assert name.report_success(NAME) == name.report_reply(NAME, 200) == 0
    server.tick(0.5)
    assert len(server.ksr.sent) == sent
    for _ in range(5):
        assert name.report_failure(NAME) == name.report_reply(NAME, 503) == 0
    server.tick(0.5)
    assert len(server.ksr.sent) == sent + 2
    assert name.is_alive(NAME) == 1
    assert len(name.targets(NAME)) == 2


def test_a_report_of_a_name_with_one_target(name: ModuleType, server: FakeServer) -> None:
    """Whatever is said of the name is said of that."""
    resolve(NAME, [ONE])
    assert name.report_failure(NAME, "seen") == 0
    assert name.targets(NAME) == []
    server.tick(0.2)
    assert name.is_alive(NAME) == 2


def test_a_report_of_a_name_that_was_never_resolved(keepalive: ModuleType, server: FakeServer) -> None:
    """There is nothing yet that it could be of."""
    keepalive.add_destination("sip:new.com", "me", dns_expand=1)
    assert keepalive.report_failure("sip:new.com") == keepalive.report_reply("sip:new.com", 503) == 0
    assert keepalive.state("sip:new.com") == keepalive.UNKNOWN
