"""Which callbacks there are, and which of them runs."""

from types import ModuleType

import pytest

from conftest import FakeServer
from keepalive_core.rules.rows import RunningCallback


@pytest.fixture
def callback_rows(keepalive: ModuleType) -> ModuleType:
    import keepalive_core.kamailio.callback_rows

    return keepalive_core.kamailio.callback_rows


def test_callbacks_for_all_changes(callback_rows: ModuleType) -> None:
    """They are told in the order in which they came; one that comes again has the new user_attr."""
    assert callback_rows.callbacks() == []
    for name, attr in (("m:f", 1), ("m:g", None), ("m:f", {"a": [2]})):
        callback_rows.store_callback(name, attr)
    assert callback_rows.callbacks() == [("m:f", {"a": [2]}), ("m:g", None)]


def test_the_callback_that_runs_needs_no_memory(callback_rows: ModuleType, server: FakeServer) -> None:
    """Its row has one length."""
    callback_rows.store_running_callback(RunningCallback())
    server.ksr.room_left = 0
    assert callback_rows.running_callback() == RunningCallback()
    callback_rows.store_running_callback(RunningCallback(7, "m:f for sip:a"))
    assert callback_rows.running_callback() == RunningCallback(7, "m:f for sip:a")


def test_untold_news_are_taken_once(callback_rows: ModuleType) -> None:
    """Who takes note that there are any looks for all of them."""
    assert not callback_rows.take_untold()
    callback_rows.note_untold()
    assert [callback_rows.take_untold(), callback_rows.take_untold()] == [True, False]
