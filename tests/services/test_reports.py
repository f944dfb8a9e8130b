"""What a script reports counts, with or without a group, and what is no report is refused."""

from types import ModuleType

from conftest import FakeServer

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
