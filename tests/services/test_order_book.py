"""What operators have changed is told, and kept."""

import time
from types import ModuleType

import pytest

from conftest import FakeServer
from keepalive_core.rules.operator import Operator

ANNA = Operator("anna", "unix socket")


@pytest.fixture
def order_book(keepalive: ModuleType) -> ModuleType:
    import keepalive_core.services.order_book

    return keepalive_core.services.order_book


def test_an_order_is_one_line_and_kept(order_book: ModuleType, server: FakeServer) -> None:
    """The log has it as a NOTICE line; who asks for the last ones gets it from any process."""
    before = int(time.time())
    order_book.note(ANNA, "sip:10.0.0.9", "ready", "maint until 14:00 (card swap)")
    order_book.note(Operator("bob", "127.0.0.1"), "ping sip:10.0.0.9")
    assert server.ksr.lines("notice") == [
        "keepalive: anna (unix socket): sip:10.0.0.9 ready -> maint until 14:00 (card swap)",
        "keepalive: bob (127.0.0.1): ping sip:10.0.0.9",
    ]
    server.process()
    import keepalive_core.services.order_book as of_another_process

    newest, oldest = of_another_process.orders()
    assert before <= oldest.pop("at") <= newest["at"] <= time.time()
    assert oldest == {
        "by": "anna",
        "from": "unix socket",
        "what": "sip:10.0.0.9",
        "before": "ready",
        "after": "maint until 14:00 (card swap)",
    }
    assert of_another_process.orders(1) == [newest]


def test_without_memory_the_log_has_it(order_book: ModuleType, server: FakeServer) -> None:
    """What was ordered is done already: that it is not kept is no error of the order."""
    server.ksr.room_left = 0
    order_book.note(ANNA, "sip:10.0.0.9", "ready", "drain")
    assert len(server.ksr.lines("notice")) == 1
    assert "the order stands in the log only: shared memory refused" in server.ksr.lines("warn")[-1]
    assert order_book.orders() == []
