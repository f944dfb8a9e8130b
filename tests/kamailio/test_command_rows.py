"""Commands of operators, and the answers."""

from types import ModuleType

import pytest

from conftest import FakeServer


@pytest.fixture
def command_rows(keepalive: ModuleType) -> ModuleType:
    import keepalive_core.kamailio.command_rows

    return keepalive_core.kamailio.command_rows


def test_a_command_is_taken_once(command_rows: ModuleType, server: FakeServer) -> None:
    """With it goes what was answered under its key before, so that nobody takes it for the new answer."""
    commands, answers = (server.ksr.tables[f"keepalive_{name}"] for name in ("commands", "answers"))
    commands |= {"anna": "summary", "bob": "list"}
    command_rows.store_answer("anna", "old")
    command_rows.store_answer("bob", "older")
    assert sorted(command_rows.waiting()) == ["anna", "bob"]
    assert command_rows.take("anna") == "summary"
    assert command_rows.take("anna") is None
    assert command_rows.waiting() == ["bob"]
    assert answers == {"bob": "older"}


def test_a_number_is_no_command(command_rows: ModuleType, server: FakeServer) -> None:
    """As htable.seti writes it; it is taken all the same."""
    server.ksr.tables["keepalive_commands"]["a"] = 5
    assert command_rows.take("a") is None
    assert command_rows.waiting() == []
