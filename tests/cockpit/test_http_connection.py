"""A connection: what is handed on to aiohttp, and what ends it. Here asyncio and aiohttp are fakes."""

import asyncio
from typing import Any

import pytest

from keepalive_core.cockpit.http_connection import MOST_SECONDS, Connection
from keepalive_core.rules.http_heads import MOST_BODY, MOST_HEAD

GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


def post(size: int, body: bytes = b"") -> bytes:
    return b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % size + body


CHUNKED = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"


class Transport:
    """Asyncio's side: what is written, and whether it is read and open."""

    def __init__(self, peer: object = ("192.0.2.1", 5060)) -> None:
        self.peer = peer
        self.written = b""
        self.unsent = 0
        self.is_read = True
        self.is_open = True
        self.is_aborted = False

    def get_extra_info(self, name: str) -> object:
        return {"peername": self.peer}[name]

    def write(self, data: bytes) -> None:
        self.written += data

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        self.written += b"EOF"

    def get_write_buffer_size(self) -> int:
        return self.unsent

    def pause_reading(self) -> None:
        self.is_read = False

    def resume_reading(self) -> None:
        self.is_read = True

    def close(self) -> None:
        self.is_open = False

    def abort(self) -> None:
        self.is_open = False
        self.is_aborted = True


class Inner(asyncio.Protocol):
    """Aiohttp's side: what it was given."""

    def __init__(self) -> None:
        self.came: list[bytes] = []
        self.said: list[str] = []

    def connection_made(self, transport: object) -> None:
        self.said.append("made")

    def data_received(self, data: bytes) -> None:
        self.came.append(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self.said.append("lost")

    def pause_writing(self) -> None:
        self.said.append("pause")

    def resume_writing(self) -> None:
        self.said.append("resume")


class Others:
    """The other connections, which have room or not; and the clock."""

    def __init__(self, has_room: bool = True) -> None:
        self.now = 0.0
        self.has_room = has_room
        self.removed = 0
        self.looks = 0

    def clock(self) -> float:
        return self.now

    def add(self, new: Connection) -> bool:
        return self.has_room

    def put_last(self, connection: Connection) -> None: ...

    def remove(self, connection: Connection) -> None:
        self.removed += 1

    def spare_memory(self) -> None:
        self.looks += 1


class Case:
    """One connection between its fakes; turn() lets the loop do what was put off."""

    def __init__(self, **given: Any) -> None:
        self.others = Others(**given)
        self.inner = Inner()
        self.made = 0
        self.transport = Transport()
        self.connection = Connection(self.others, self._make)
        self.connection.connection_made(self.transport)

    def _make(self) -> asyncio.Protocol:
        self.made += 1
        return self.inner

    def send(self, *parts: bytes) -> None:
        for part in parts:
            self.connection.data_received(part)

    def answer(self) -> None:
        """Let a handler run and end, and the loop turn."""

        async def answered() -> None:
            self.connection.begin()
            self.connection.finish()
            await asyncio.sleep(0)

        asyncio.run(answered())

    def pass_time(self, seconds: float) -> None:
        self.others.now += seconds
        self.connection.end_if_overdue(self.others.now)

    @property
    def came(self) -> bytes:
        return b"".join(self.inner.came)

    @property
    def status(self) -> int:
        return int(self.transport.written.split(b" ", 2)[1]) if self.transport.written else 0


def test_where_it_comes_from() -> None:
    """Over the UNIX socket there is no address."""
    assert Case().connection.peer == "192.0.2.1"
    for name in ("", b"", None):
        connection = Connection(Others(), Inner)
        connection.connection_made(Transport(name))
        assert connection.peer == ""


def test_a_request_in_any_pieces() -> None:
    """It is handed on when its head has come, and its body as it comes; before, nobody has to do with it."""
    data = post(4, b"body")
    for size in (1, 7, len(data)):
        case = Case()
        for at in range(0, len(data), size):
            assert case.made == (1 if case.came else 0)
            case.send(data[at : at + size])
        assert case.came == data
        assert case.inner.said == ["made"]


def test_one_request_at_a_time() -> None:
    """The next one is handed on when the last one is answered, however many have come (pipelining)."""
    case = Case()
    case.send(GET + post(1, b"x") + GET + b"\r\n" + GET[:5])
    assert case.came == GET
    case.answer()
    assert case.came == GET + post(1, b"x")
    case.answer()
    assert case.came == GET + post(1, b"x") + GET
    case.answer()
    case.send(GET[5:])
    assert case.came == GET + post(1, b"x") + GET + GET
    assert case.made == 1


def test_who_asks_faster_than_is_answered_has_to_wait() -> None:
    """No more is read than one head may have; the rest stays with the client."""
    case = Case()
    case.send(GET * (MOST_HEAD // len(GET)))
    assert case.transport.is_read
    case.send(GET * 2)
    assert not case.transport.is_read
    case.answer()
    assert case.transport.is_read
    assert case.came == GET * 2


def test_a_body_that_was_not_read_is_no_request() -> None:
    """Its bytes are the body's, even if the handler has answered before they come."""
    case = Case()
    case.send(post(len(GET) + 1))
    case.answer()
    case.send(GET)
    assert case.came == post(len(GET) + 1) + GET
    case.send(b"x" + GET)
    assert case.came == post(len(GET) + 1) + GET + b"x" + GET


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"\0", 400),
        (b"PRI * HTTP/2.0\r\n\r\n", 505),
        (post(MOST_BODY + 1), 413),
        (post(-1), 400),
        (b"GET / HTTP/1.1\r\nX: " + b"x" * MOST_HEAD, 431),
    ],
)
def test_what_is_no_request_gets_an_answer_that_is_the_last(data: bytes, status: int) -> None:
    """What comes behind it is read for a little while, so that the answer is, and handed on to nobody."""
    case = Case()
    case.send(data, GET)
    assert case.status == status
    assert case.transport.written.endswith(b"\nEOF")
    assert (case.made, case.transport.is_open) == (0, True)
    case.pass_time(1.9)
    assert case.transport.is_open
    case.pass_time(0.2)
    assert case.transport.is_aborted


def test_who_sends_on_and_on_is_not_listened_to() -> None:
    """A gigabyte behind a refused head costs a few megabytes of reading."""
    case = Case()
    case.send(post(10**9))
    sent = 0
    while case.transport.is_open:
        case.send(b"x" * 65536)
        sent += 65536
    assert case.status == 413
    assert 4 * 2**20 <= sent <= 5 * 2**20


def test_a_body_in_chunks() -> None:
    """It ends where they say; what is behind it is the next request."""
    body = b"5\r\nhello\r\n0\r\n\r\n"
    for size in (1, 1000):
        case = Case()
        data = CHUNKED + body + GET
        for at in range(0, len(data), size):
            case.send(data[at : at + size])
        assert case.came == CHUNKED + body
        case.answer()
        assert case.came == data


def test_what_it_keeps() -> None:
    """The request until it is answered, and what is behind it; a long one has all look at what they keep."""
    case = Case()
    case.send(post(4, b"body") + GET)
    assert case.connection.received == len(post(4, b"body") + GET)
    case.answer()
    assert case.connection.received == len(GET)
    case = Case()
    case.send(post(100_000))
    looks = []
    for _ in range(100):
        case.send(b"x" * 1000)
        looks.append(case.others.looks)
    assert looks.index(1) == 65
    assert looks[-1] == 1


def test_chunks_that_are_none() -> None:
    """The request is answered while its handler waits for the rest; that ends with the connection."""
    case = Case()
    case.send(CHUNKED)
    case.connection.begin()
    case.send(b"1\r\nx\r\n", b"nonsense\r\n")
    assert (case.status, case.came) == (400, CHUNKED + b"1\r\nx\r\n")
    case.pass_time(2.1)
    assert case.transport.is_aborted


def test_chunks_without_end() -> None:
    """No more of them is handed on, and little more read, than a body may have."""
    case = Case()
    case.send(CHUNKED)
    sent = 0
    while case.transport.is_open:
        case.send(b"10000\r\n" + b"x" * 65536 + b"\r\n")
        sent += 65536
    assert case.status == 413
    assert len(case.came) <= MOST_BODY + 1000
    assert sent <= 5 * 2**20


def test_chunks_that_are_none_behind_an_answer() -> None:
    """There is no second answer to one request."""
    case = Case()
    case.send(CHUNKED)
    case.answer()
    case.send(b"nonsense\r\n")
    assert (case.status, case.transport.is_aborted) == (0, True)


def test_a_handshake_of_tls_gets_nothing() -> None:
    """Its client could not read it."""
    case = Case()
    case.send(b"\x16\x03\x01")
    assert (case.transport.written, case.transport.is_aborted) == (b"", True)


def test_no_room() -> None:
    """One more is told so and gone, and what it sends is nobody's."""
    case = Case(has_room=False)
    case.send(GET)
    assert (case.status, case.transport.is_open, case.made) == (503, False, 0)


def test_an_idle_connection_ends() -> None:
    """Before the first request, and as long after the last one."""
    case = Case()
    case.pass_time(MOST_SECONDS)
    case.send(GET)
    case.answer()
    case.pass_time(MOST_SECONDS)
    assert case.transport.is_open
    case.pass_time(0.1)
    assert case.transport.is_aborted
    assert case.transport.written == b""


def test_a_head_that_does_not_come_ends() -> None:
    """However slowly its bytes drop in (slowloris), it has its seconds in all."""
    case = Case()
    for byte in GET[:14]:
        case.send(bytes([byte]))
        case.pass_time(1)
    assert case.transport.written == b""
    case.pass_time(1.1)
    assert case.status == 408
    case.pass_time(2.1)
    assert case.transport.is_aborted


def test_a_request_that_nobody_takes_ends() -> None:
    """What aiohttp refuses by itself, without a handler, keeps no connection open."""
    case = Case()
    case.send(GET)
    case.pass_time(MOST_SECONDS + 0.1)
    assert case.transport.is_aborted


def test_a_handler_has_its_own_limits() -> None:
    """As events are sent for hours."""
    case = Case()
    case.send(GET)
    case.connection.begin()
    assert not case.connection.is_waiting
    case.pass_time(10_000)
    assert case.transport.is_open


def test_an_answer_that_nobody_reads_ends() -> None:
    """As long as it gets shorter it goes on; but not for ever."""
    case = Case()
    case.send(GET)
    case.connection.begin()
    case.transport.unsent = 100_000
    case.connection.pause_writing()
    for _ in range(10):
        case.pass_time(10)
        case.transport.unsent -= 1
    assert case.transport.is_open
    assert not case.connection.is_waiting
    case.connection.resume_writing()
    for _ in range(2):  # what is written on is a new answer
        case.pass_time(10)
    assert case.transport.is_open
    case.pass_time(10)
    assert case.transport.is_aborted
    assert case.inner.said == ["made", "pause", "resume"]


def test_the_slowest_reader() -> None:
    """A byte each ten seconds is no reader."""
    case = Case()
    case.send(GET)
    case.connection.begin()
    case.transport.unsent = 100_000
    seconds = 0
    while case.transport.is_open:
        case.pass_time(10)
        case.transport.unsent -= 1
        seconds += 10
    assert seconds == 140


def test_the_last_words_of_a_client() -> None:
    """It may shut its side when it has asked: the answer comes, and then the end."""
    case = Case()
    case.send(GET)
    assert case.connection.eof_received()
    assert case.transport.is_open
    case.answer()
    assert not case.transport.is_open
    assert not case.transport.is_aborted
    assert not Case().connection.eof_received()


@pytest.mark.parametrize("begun", [post(4, b"bod"), CHUNKED + b"5\r\nhello\r\n"])
def test_a_body_whose_end_is_missing(begun: bytes) -> None:
    """Its client is waited for, so that others may have its place; if nothing more comes that is the end."""
    case = Case()
    case.send(begun)
    case.connection.begin()
    assert case.connection.is_waiting
    assert not case.connection.eof_received()
    case.send(b"y" if begun.startswith(post(4)) else b"0\r\n\r\n")
    assert not case.connection.is_waiting


def test_its_end() -> None:
    """aiohttp learns of it if it knows of the connection at all."""
    case = Case()
    case.connection.connection_lost(None)
    assert (case.inner.said, case.others.removed) == ([], 1)
    case = Case()
    case.send(GET)
    case.connection.connection_lost(None)
    assert case.inner.said == ["made", "lost"]


def test_writing_before_anybody_asked() -> None:
    """Asyncio may pause it at any time."""
    case = Case()
    case.connection.pause_writing()
    case.connection.resume_writing()
    assert case.inner.said == []


# --- turns ------------------------------------------------------------------------------------------------


def test_who_waits_for_his_reader_gives_his_turn_back() -> None:
    """He goes on when he has another one."""

    async def run() -> None:
        turns = asyncio.Semaphore(1)
        case = Case()
        case.send(GET)
        async with case.connection.in_turn(turns):
            assert turns.locked()
            case.connection.pause_writing()
            assert not turns.locked()
            await turns.acquire()
            case.connection.resume_writing()
            await asyncio.sleep(0)
            assert case.inner.said == ["made", "pause"]
            turns.release()
            await asyncio.sleep(0.01)
            assert turns.locked()
            assert case.inner.said == ["made", "pause", "resume"]
        assert not turns.locked()

    asyncio.run(run())


@pytest.mark.parametrize("ends", [True, False])
def test_who_waits_for_another_turn_needs_it_no_more(ends: bool) -> None:
    """His answer is whole, which aiohttp has to know; or his reader has stopped again."""

    async def run() -> None:
        turns = asyncio.Semaphore(1)
        case = Case()
        case.send(GET)
        async with case.connection.in_turn(turns):
            case.connection.pause_writing()
            await turns.acquire()
            case.connection.resume_writing()
            await asyncio.sleep(0)
            if not ends:
                case.connection.pause_writing()
                turns.release()
                await asyncio.sleep(0.01)
                assert not turns.locked()
                assert case.inner.said == ["made", "pause", "pause"]
                return
        assert case.inner.said == ["made", "pause", "resume"]
        turns.release()
        await asyncio.sleep(0.01)
        assert not turns.locked()

    asyncio.run(run())
