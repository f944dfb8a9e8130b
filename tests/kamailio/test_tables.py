"""Shared tables: what is written by one process is read by all, and a refusal is never overlooked."""

import ast
import importlib
import re
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

import keepalive_core
from conftest import FakeServer
from keepalive_testing.server import QUEUES, TABLES


@pytest.fixture
def tables(keepalive: ModuleType) -> ModuleType:
    import keepalive_core.kamailio.tables

    return keepalive_core.kamailio.tables


def test_generations_are_never_given_twice(tables: ModuleType, server: FakeServer) -> None:
    """Each generation is new, in whichever process it is asked for."""
    first = [tables.next_generation() for _ in range(3)]
    server.process()
    import keepalive_core.kamailio.tables as other

    assert other is not tables
    assert other.next_generation() not in first


def test_before_the_tables_exist_there_is_no_generation(tables: ModuleType, server: FakeServer) -> None:
    """Before htable is initialised the answer is 0, without a word in the log and without a crash."""
    server.ksr.tables_exist = False
    assert tables.next_generation() == 0
    assert tables.revision() is None
    assert server.ksr.logged == []


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        ("destination_rows.store_registration", ("sip:a:5060", (1, "sip:a", {}, None))),
        ("destination_rows.store_admin", ("sip:a:5060", ("maint", 0, "", "", 0))),
        ("destination_rows.store_admin", ("sip:a:5060", None)),
        ("server_rows.publish_settings", ({},)),
        ("destination_rows.remove", ("sip:a:5060",)),
    ],
)
def test_what_is_remembered_is_revised_behind_the_change(
    tables: ModuleType, server: FakeServer, mocker, function: str, arguments: tuple[object, ...]
) -> None:
    """There is a new revision, and who reads it finds the change there already."""
    before = tables.revision()
    table = server.ksr.module.htable
    written = []

    def watched(real: Callable[..., object]) -> Callable[..., object]:
        return lambda *args: written.append(tables.revision()) or real(*args)

    for name in ("sht_seti", "sht_sets", "sht_rm"):
        mocker.patch.object(table, name, watched(getattr(table, name)))
    module, _, name = function.partition(".")
    store = getattr(importlib.import_module(f"keepalive_core.kamailio.{module}"), name)
    with tables.locked("sip:a:5060"):
        store(*arguments)
    assert set(written) == {before}
    assert tables.revision() not in (before, None)


def test_full_memory_is_said(tables: ModuleType, server: FakeServer) -> None:
    """What shared memory refuses raises, naming what and why; nothing is half-written."""
    server.ksr.room_left = 0
    with pytest.raises(
        tables.SharedMemoryFull, match="shared memory refused 'sip:a:5060' in table keepalive_state"
    ):
        tables.store(tables.STATE, "sip:a:5060", 1)
    assert tables.number(tables.STATE, "sip:a:5060") is None


def test_a_lock_is_released_whatever_happens(tables: ModuleType, server: FakeServer) -> None:
    """An exception inside of a locked block releases the lock."""
    with pytest.raises(RuntimeError), tables.locked("sip:a:5060"):
        assert server.ksr.locks == [("keepalive_health", "sip:a:5060")]
        raise RuntimeError
    assert server.ksr.locks == []


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


# --- the names of tables and queues, and the rows that docstrings list -------------------------------------


KAMAILIO = Path(keepalive_core.__file__).parent / "kamailio"
NAMES = re.compile(r"^[A-Z_]+$")


def listed(file: Path) -> set[tuple[str, str]]:
    """Return table and key of each row that a module's docstring lists."""
    docstring = ast.get_docstring(ast.parse(file.read_text())) or ""
    rows = re.findall(r"^(?:table )?``(keepalive\w*)``(?: to)?  +(\S.*?)  +\S", docstring, re.MULTILINE)
    return {(table, key.strip("`")) for table, key in rows}


ROWS = set().union(*(listed(file) for file in KAMAILIO.glob("*.py")))


def test_the_tables_have_the_names_that_the_cfg_gives_them(tables: ModuleType) -> None:
    """Each table of keepalive-settings.cfg has its constant, and there is no other."""
    constants = [
        value for name, value in vars(tables).items() if NAMES.match(name) and isinstance(value, str)
    ]
    assert sorted(constants) == sorted(TABLES)


def test_the_queues_have_the_names_that_the_cfg_gives_them(keepalive: ModuleType) -> None:
    """Each queue of keepalive-settings.cfg has its constant, and there is no other."""
    from keepalive_core.kamailio import cluster_queue, dmq, queues, tracked_rows

    names = (*queues.CHANGES, queues.EVENTS, queues.NAMES, queues.FEED, queues.OWN, *tracked_rows.SHOWN)
    names += (dmq.HEARD, cluster_queue.SAID)
    assert sorted(names) == sorted(QUEUES)


def test_each_table_is_listed_where_its_rows_are_read_and_written() -> None:
    """The modules' docstrings have all tables, and none that the cfg does not make."""
    queues = {name for name in QUEUES if not re.search(r"_[1-6]$", name)}
    last = {"keepalive_changes_7", "keepalive_tracked_7"}
    assert {table for table, _ in ROWS} | last == set(TABLES) | queues
    assert len(ROWS) == sum(len(listed(file)) for file in KAMAILIO.glob("*.py")), "a row is listed twice"


def test_each_row_of_the_common_table_is_listed(keepalive: ModuleType, server: FakeServer) -> None:
    """Whatever a server has written into it after a while, a docstring says what it is."""
    server.define("mass_failure", "50")
    assert keepalive.register_callback(max) == 0
    assert keepalive.add_destination("sip:192.168.10.20", "me", group="g") == 0
    server.answer(200, 5)
    server.answer(503, 40)
    for _ in range(50):
        keepalive.Handlers().ksr_keepalive_watch(None, "rtimer")
        server.now += 100_000
    assert keepalive.pause() == keepalive.resume() == 0
    keys = {key for table, key in ROWS if table == "keepalive"}
    words = {key.split(" ")[0].strip("`") for key in keys if " and a " in key}
    found = server.ksr.tables["keepalive"]
    unknown = [key for key in found if key not in keys and key.split(" ")[0] not in words]
    assert unknown == []
    assert len(found) > 12
