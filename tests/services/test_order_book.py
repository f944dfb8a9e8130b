"""What operators have changed is told, and kept."""

import json
import sys
import time
import zlib
from pathlib import Path
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


# --- over a restart ---------------------------------------------------------------------------------------


@pytest.fixture
def file(server: FakeServer, tmp_path: Path) -> Path:
    """Where a server has its state file."""
    server.define("state_file", str(tmp_path / "keepalive.state"))
    server.define("destinations", "sip:a")
    return tmp_path / "keepalive.state"


def start(server: FakeServer) -> ModuleType:
    """Start the server with nothing in its memory; its order book."""
    for rows in server.ksr.tables.values():
        rows.clear()
    server.process().state("sip:a")
    import keepalive_core.services.order_book

    return keepalive_core.services.order_book


def write(server: FakeServer) -> None:
    sys.modules["keepalive_core.services.state_writer"].the_writer._not_before = 0
    server.ksr.handlers.ksr_keepalive_state_file(None, "rtimer")


def test_the_last_hundred_outlive_a_restart(server: FakeServer, file: Path) -> None:
    """In their order, with all they say; then new ones come behind them."""
    order_book = start(server)
    for number in range(150):
        order_book.note(ANNA, f"sip:{number}", "ready", "drain (\u00fc)")
    known = order_book.orders()
    write(server)
    again = start(server)
    assert again.orders() == known
    again.note(ANNA, "sip:new")
    assert [each["what"] for each in again.orders(2)] == ["sip:new", "sip:149"]
    assert len(again.orders()) == 100
    assert server.ksr.lines("warn") == server.ksr.lines("err") == []


def test_without_a_state_file_they_are_lost(server: FakeServer) -> None:
    """With the server."""
    start(server).note(ANNA, "sip:a", "ready", "drain")
    assert start(server).orders() == []


def test_a_file_of_an_earlier_version_has_none(server: FakeServer, file: Path) -> None:
    """It is read as ever; a line that says nonsense of an order is left out."""
    lines = ['["keepalive-state-4"]']
    for fields in (
        {
            "destination": "sip:a:5060",
            "admin": {"mode": "drain", "until": 0, "by": "", "why": "", "since": 7},
        },
        {"end": 1, "order": [7, "anna"]},
        {"end": 1, "order": {"at": 7}},
        {"end": 1, "order": [7, "an\nna", "x", "y", "", ""]},
        {"end": 1, "order": 5},
        {"end": 1, "order": [7, "anna", "kamcmd", "sip:a", "ready", "drain"]},
        {"end": 1},
    ):
        text = json.dumps(fields)
        lines.append(f"{zlib.crc32(text.encode()):08x} {text}")
    file.write_text("\n".join(lines) + "\n")
    assert [each["what"] for each in start(server).orders()] == ["sip:a"]
    assert sys.modules["keepalive"].is_alive("sip:a") == 2
    assert server.ksr.lines("warn") == server.ksr.lines("err") == []


def test_an_earlier_version_passes_over_them(server: FakeServer, file: Path) -> None:
    """To it each of their lines is the last one, with the true number of destinations."""
    order_book = start(server)
    order_book.note(ANNA, "sip:a", "ready", "drain")
    write(server)
    lines = [json.loads(line.split(" ", 1)[1]) for line in file.read_text().splitlines()[1:]]
    assert [fields.get("end") for fields in lines if "destination" not in fields] == [1] * (len(lines) - 1)
    assert any("order" in fields for fields in lines)
    assert lines[-1] == {"end": 1}


def test_a_file_that_is_read_late_has_older_ones(server: FakeServer, file: Path) -> None:
    """What was ordered meanwhile comes behind them."""
    order_book = start(server)
    order_book.note(ANNA, "sip:old")
    write(server)
    file.rename(file.with_name("elsewhere"))
    file.mkdir()
    again = start(server)
    again.note(ANNA, "sip:new")
    file.rmdir()
    file.with_name("elsewhere").rename(file)
    write(server)
    assert [each["what"] for each in again.orders()] == ["sip:new", "sip:old"]


def test_without_memory_for_those_of_before(server: FakeServer, file: Path) -> None:
    """The start goes on, and one line says so."""
    order_book = start(server)
    order_book.note(ANNA, "sip:old")
    write(server)
    server.ksr.room_left = 0
    order_book.restarted([{"order": [7, "anna", "kamcmd", f"sip:{number}", "", ""]} for number in range(9)])
    assert "the last orders from before the start are not all shown" in server.ksr.lines("warn")[-1]
