"""What kamailio.cfg defines."""

from types import ModuleType

import pytest

from conftest import FakeServer


@pytest.fixture
def variables(keepalive: ModuleType) -> ModuleType:
    import keepalive_core.kamailio.variables

    return keepalive_core.kamailio.variables


@pytest.mark.parametrize(
    ("text", "probers"), [("1", 1), ("8", 8), ("9", 8), ("0", 1), ("-3", 1), ("two", 1), ("", 1)]
)
def test_the_number_of_probers(variables: ModuleType, server: FakeServer, text: str, probers: int) -> None:
    """Within what there are queues for; what is no number is Kamailio's to refuse."""
    server.define("probers", text)
    variables.probers.cache_clear()
    assert variables.probers() == probers


@pytest.mark.parametrize(("text", "size"), [("14", 14), ("99", 31), ("-1", 0), ("x", 0)])
def test_the_size_of_the_tables(variables: ModuleType, server: FakeServer, text: str, size: int) -> None:
    """An exponent of 2, as htable has it."""
    server.define("table_size", text)
    variables.table_size.cache_clear()
    assert variables.table_size() == size


def test_a_define_may_stand_for_another_one(variables: ModuleType, server: FakeServer) -> None:
    """But not in a circle, and a text that is no name is the text."""
    server.ksr.defines |= {"KEEPALIVE_RISE": "MY_RISE", "MY_RISE": "MORE", "MORE": "3"}
    assert variables.defined("rise") == "3"
    server.ksr.defines["MORE"] = "MY_RISE"
    assert variables.defined("rise") in ("MORE", "MY_RISE")
    server.ksr.defines["KEEPALIVE_RISE"] = '"2 3"'
    assert variables.defined("rise") == "2 3"


@pytest.mark.parametrize(("setting", "waits"), [(0, True), (1, False), (None, False)])
def test_who_waits_for_a_connection(
    variables: ModuleType, server: FakeServer, setting: int | None, waits: bool
) -> None:
    """tcp_async=no; where Kamailio does not say, nobody does."""
    if setting is not None:
        server.ksr.settings["async"] = setting
    assert variables.waits_for_connections() is waits


def test_nobody_waits_if_nobody_can_say(variables: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """A setting that can't be read is no reason to deal otherwise."""

    def fails(name: str) -> None:
        raise variables.Unreadable(name)

    monkeypatch.setattr(variables, "_read", fails)
    assert not variables.waits_for_connections()


def test_what_can_not_be_read_is_defined(
    variables: ModuleType, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether there is a define does not hang on its text."""
    server.define("http", "")
    assert [variables.is_defined(name) for name in ("http", "webhook")] == [True, False]

    def fail(name: str) -> object:
        raise variables.Unreadable(name)

    monkeypatch.setattr(variables, "_read", fail)
    assert variables.is_defined("http")
