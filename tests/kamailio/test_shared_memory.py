"""Shared memory: what is written by one process is read by all, and a refusal is never overlooked."""

from collections.abc import Callable
from types import ModuleType

import pytest

from conftest import FakeServer
from keepalive_core.rules.rows import Owner, Registration
from keepalive_core.rules.schedule import Wish


@pytest.fixture
def memory(keepalive: ModuleType) -> ModuleType:
    import keepalive_core.kamailio.shared_memory

    return keepalive_core.kamailio.shared_memory


def test_rows_come_back_as_they_were(memory: ModuleType) -> None:
    """A registration and a health are read as they were written."""
    from keepalive_core.rules.health import Health

    registered = Registration(3, "sip:a", {"me": Owner(0, "m:f", {"x": [1, None, "ü"]})})
    memory.store_registration("sip:a:5060", registered)
    memory.store_health("sip:a:5060", Health(3, 2, 12345))
    memory.store_shown("sip:a:5060", 2)
    assert memory.registration("sip:a:5060") == registered
    assert memory.health("sip:a:5060") == Health(3, 2, 12345)
    assert memory.shown("sip:a:5060") == 2
    assert memory.monitored_keys() == ["sip:a:5060"]
    memory.remove("sip:a:5060")
    assert (
        memory.registration("sip:a:5060") is memory.health("sip:a:5060") is memory.shown("sip:a:5060") is None
    )
    assert memory.monitored_keys() == []


def test_generations_are_never_given_twice(memory: ModuleType, server: FakeServer) -> None:
    """Each generation is new, in whichever process it is asked for."""
    first = [memory.next_generation() for _ in range(3)]
    server.process()
    import keepalive_core.kamailio.shared_memory as other

    assert other is not memory
    assert other.next_generation() not in first


def test_before_the_tables_exist_there_is_no_generation(memory: ModuleType, server: FakeServer) -> None:
    """Before htable is initialised the answer is 0, without a word in the log and without a crash."""
    server.ksr.tables_exist = False
    assert memory.next_generation() == 0
    assert memory.revision() is None
    assert server.ksr.logged == []


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        ("store_registration", ("sip:a:5060", ())),
        ("publish_settings", ({},)),
        ("remove", ("sip:a:5060",)),
    ],
)
def test_what_is_remembered_is_revised_behind_the_change(
    memory: ModuleType, server: FakeServer, mocker, function: str, arguments: tuple[object, ...]
) -> None:
    """There is a new revision, and who reads it finds the change there already."""
    before = memory.revision()
    table = server.ksr.module.htable
    written = []

    def watched(real: Callable[..., object]) -> Callable[..., object]:
        return lambda *args: written.append(memory.revision()) or real(*args)

    for name in ("sht_seti", "sht_sets", "sht_rm"):
        mocker.patch.object(table, name, watched(getattr(table, name)))
    getattr(memory, function)(*arguments)
    assert set(written) == {before}
    assert memory.revision() not in (before, None)


def test_full_memory_is_said(memory: ModuleType, server: FakeServer) -> None:
    """What shared memory refuses raises, naming what and why; nothing is half-written."""
    server.ksr.room_left = 0
    with pytest.raises(
        memory.SharedMemoryFull, match="shared memory refused 'sip:a:5060' in table keepalive_state"
    ):
        memory.store_shown("sip:a:5060", 1)
    with pytest.raises(memory.SharedMemoryFull, match="an entry of queue keepalive_changes"):
        memory.announce_change("sip:a:5060")
    assert memory.shown("sip:a:5060") is None


def test_a_lock_is_released_whatever_happens(memory: ModuleType, server: FakeServer) -> None:
    """An exception inside of a locked block releases the lock."""
    with pytest.raises(RuntimeError), memory.locked("sip:a:5060"):
        assert server.ksr.locks == [("keepalive_health", "sip:a:5060")]
        raise RuntimeError
    assert server.ksr.locks == []


def test_queues_give_each_entry_once(memory: ModuleType) -> None:
    """Entries come in their order, each to one taker."""
    for key in ("a", "b"):
        memory.announce_change(key)
    assert list(memory.announced_changes(0)) == [("a", Wish.REGULARLY), ("b", Wish.REGULARLY)]
    assert list(memory.announced_changes(0)) == []


def test_a_server_without_the_modules_is_told_what_to_do(
    server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without keepalive.cfg the import fails and says what is missing."""
    monkeypatch.delattr(server.ksr.module, "mqueue")
    monkeypatch.setattr(type(server.ksr.module), "__getattr__", _missing)
    with pytest.raises(ImportError, match=r"module mqueue: include keepalive\.cfg"):
        server.process()


def _missing(module: ModuleType, name: str) -> None:
    raise AttributeError(name)
