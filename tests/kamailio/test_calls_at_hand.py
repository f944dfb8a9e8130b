"""The call that a route has at hand."""

from types import ModuleType

import pytest

from conftest import FakeServer


@pytest.fixture
def calls_at_hand(keepalive: ModuleType) -> ModuleType:
    import keepalive_core.kamailio.calls_at_hand

    return keepalive_core.kamailio.calls_at_hand


def test_what_goes_with_a_call(calls_at_hand: ModuleType, server: FakeServer) -> None:
    """The last text alone, and no other call has it."""
    assert calls_at_hand.tried() == ""
    calls_at_hand.store_tried("one")
    calls_at_hand.store_tried("two")
    assert calls_at_hand.tried() == "two"
    assert server.ksr.values["keepalive_tried"] == ["two"]
    server.ksr.new_call()
    assert calls_at_hand.tried() == ""


def test_where_it_is_sent_to(calls_at_hand: ModuleType, server: FakeServer) -> None:
    """$du says that, whatever the request URI is."""
    calls_at_hand.send_to("sip:192.168.10.20:5060")
    assert server.ksr.du == "sip:192.168.10.20:5060"


def test_where_a_reply_came_from(
    calls_at_hand: ModuleType, keepalive: ModuleType, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only of a reply that is asked: a failure route has the caller's request."""
    assert calls_at_hand.came_from() == ""
    seen = []
    monkeypatch.setattr(
        server.ksr.handlers,
        "ksr_keepalive_reply",
        lambda _: seen.append(calls_at_hand.came_from()) or 1,
        raising=False,
    )
    server.ksr.reply(server.first_ping(keepalive, "sip:192.168.10.20"), 200, "OK")
    assert seen == ["192.168.10.20:5060"]
