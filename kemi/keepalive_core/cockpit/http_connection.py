"""A connection of HTTP, and what bounds it whichever version aiohttp is of.

It lies between asyncio and aiohttp, which gets one request at a time, whose head was found to be one. What a
client could do for ever ends in its time: a head that does not come, an answer that is not read.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Final, Protocol

from ..rules.http_access import Refusal
from ..rules.http_answers import last_answer
from ..rules.http_chunks import Chunks
from ..rules.http_heads import MOST_HEAD, SILENCE, Head, head_of
from .handler_turn import Turn, held

MOST_SECONDS: Final = 15.0
"""that a head, or a body, may take; as long a connection may be idle"""
# An answer that nobody reads: as long as nothing of it leaves, and in all.
_MOST_STALLED: Final = 15.0
_MOST_WRITING: Final = 120.0
# A client that is still sending when it is refused is listened to for a little while, so that it reads why.
_LINGER: Final = 2.0
_MOST_IGNORED: Final = 4 * 1024 * 1024
LARGE: Final = 65_536
"""bytes of a body, or of an answer that is not read, which are worth a look at all of them"""
_CRLF: Final = b"\r\n"


class Others(Protocol):
    """The open connections of its kind, as one of them sees them."""

    clock: Callable[[], float]
    """in seconds"""

    def add(self, new: "Connection") -> bool: ...
    def put_last(self, connection: "Connection") -> None: ...
    def remove(self, connection: "Connection") -> None: ...
    def spare_memory(self) -> None: ...


class Connection(asyncio.Protocol):
    """One connection: what comes of it is handed on a request at a time.

    Arguments: others, of its kind; make, makes what it is handed to.
    """

    def __init__(self, others: Others, make: Callable[[], asyncio.Protocol]) -> None:
        self.peer = ""
        """the address that it comes from; "" over the UNIX socket"""
        self._others = others
        self._make = make
        self._inner: asyncio.Protocol | None = None
        """what it is handed to, since it asked something; those who never do cost little"""
        self._transport: Any = None
        self._waiting_since = others.clock()
        self._held = bytearray()
        """what has come, and is not handed on yet"""
        self._to_come = 0
        """bytes of the body of the request that was handed on last"""
        self._chunks: Chunks | None = None
        """of that request, if they tell where it ends"""
        self._body = 0
        """bytes of that request that have come, as long as it is not answered"""
        self._is_busy = False
        """whether a request was handed on and is not answered yet"""
        self._is_begun = False
        """whether its handler runs, which has its own time limits"""
        self._is_at_end = False
        """whether nothing more comes"""
        self._ignored: int | None = None
        """bytes that have come since it was refused"""
        self._stalled: tuple[float, float, int] | None = None
        """since when an answer waits for its reader, since when nothing of it left, bytes that are left"""
        self._turn: Turn | None = None
        """of the handler that runs, if those are counted"""
        self._resuming: asyncio.Task[None] | None = None
        """waits for another turn of it"""

    # --- asyncio ------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin; asyncio calls it."""
        self._transport = transport
        name = transport.get_extra_info("peername")
        self.peer = str(name[0]) if isinstance(name, tuple) else ""
        if self._others.add(self):
            return
        self._ignored = 0
        self._transport.write(last_answer(Refusal(503, "there are too many connections")))
        self._transport.close()

    def data_received(self, data: bytes) -> None:
        """Take what has come; asyncio calls it."""
        if self._ignored is not None:
            self._ignored += len(data)
            if self._ignored > _MOST_IGNORED:
                self.abort()
            return
        self._held += data
        self._hand_on()

    def eof_received(self) -> bool:
        """Answer a client that sends nothing more, if it asked anything; asyncio calls it."""
        self._is_at_end = True
        return (self._is_busy and not self._lacks_body) or self._ignored is not None

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it; asyncio calls it."""
        self._others.remove(self)
        self._held.clear()
        if self._inner is not None:
            self._inner.connection_lost(exc)

    def pause_writing(self) -> None:
        """Have the handler wait for the reader of its answer; asyncio calls it."""
        now = self._others.clock()
        self._stalled = now, now, self.unsent
        if self._turn is not None:
            self._stop_resuming()
            self._turn.give()
        if self._inner is not None:
            self._inner.pause_writing()

    def resume_writing(self) -> None:
        """Have the handler go on; asyncio calls it."""
        self._stalled = None
        if self._turn is None:
            self._resume()
        else:
            self._resuming = asyncio.get_running_loop().create_task(self._resume_in_turn(self._turn))

    def _resume(self) -> None:
        if self._inner is not None:
            self._inner.resume_writing()

    async def _resume_in_turn(self, turn: Turn) -> None:
        await turn.take()
        self._resuming = None
        self._resume()

    def _stop_resuming(self) -> bool:
        """Wait for no turn; say whether one was waited for."""
        task, self._resuming = self._resuming, None
        return task is not None and task.cancel()

    # --- requests -----------------------------------------------------------------------------------------

    @property
    def is_waiting(self) -> bool:
        """Whether it waits for its client to ask something, all of it."""
        return (not self._is_begun or self._lacks_body) and not self.unsent

    @property
    def _lacks_body(self) -> bool:
        return self._to_come > 0 or self._chunks is not None

    @property
    def unsent(self) -> int:
        """Bytes of answers that wait to be sent."""
        return int(self._transport.get_write_buffer_size())

    @property
    def received(self) -> int:
        """Bytes that are kept of what has come: of a request, and of what is behind it."""
        return len(self._held) + self._body

    def begin(self) -> None:
        """Note that the handler of a request runs."""
        self._is_begun = True

    @asynccontextmanager
    async def in_turn(self, turns: asyncio.Semaphore) -> AsyncIterator[None]:
        """Do something in turn with others, but for as long as the reader of an answer is waited for."""
        turn = Turn(turns)
        try:
            async with held(turn):
                self._turn = turn
                yield
        finally:
            self._turn = None
            if self._stop_resuming():
                self._resume()

    def finish(self) -> None:
        """Note that a request is answered; the next one may be handed on when the loop has its next turn."""
        self._is_begun = self._is_busy = False
        self._body = 0
        self._waiting_since = self._others.clock()
        self._others.put_last(self)
        if self._ignored is None:
            self._transport.resume_reading()
            asyncio.get_running_loop().call_soon(self._go_on)

    def end_if_overdue(self, now: float) -> None:
        """End it if it has taken too long for something."""
        if self.unsent:
            self._end_if_unread(now)
            return
        self._stalled = None
        waited = now - self._waiting_since
        if self._ignored is not None:
            if waited > _LINGER:
                self.abort()
        elif waited > MOST_SECONDS and not self._is_begun:
            if self._held and not self._is_busy:
                self._refuse(Refusal(408, "the head of a request did not come"))
            else:
                self.abort()

    def _end_if_unread(self, now: float) -> None:
        begun, moved, left = self._stalled or (now, now, self.unsent)
        self._stalled = begun, now if self.unsent < left else moved, self.unsent
        if now - self._stalled[1] > _MOST_STALLED or now - begun > _MOST_WRITING:
            self.abort()

    def abort(self) -> None:
        """End it, whatever it does."""
        self._transport.abort()
        self._others.remove(self)

    def _go_on(self) -> None:
        """Read the next request, or end with the last one of a client that sends nothing more."""
        self._hand_on()
        if self._is_at_end and not self._is_busy:
            self._transport.close()

    def _hand_on(self) -> None:
        """Hand on what belongs to the request that is read, or the next one if that is answered."""
        while self._held and self._ignored is None:
            if self._chunks is not None:
                self._hand_on_chunks(self._chunks)
            elif self._to_come:
                self._hand_on_bytes(self._to_come)
            elif self._is_busy:
                if len(self._held) > MOST_HEAD:
                    self._transport.pause_reading()
                return
            elif self._held.startswith(_CRLF):
                del self._held[: len(_CRLF)]  # some clients send them behind a body (RFC 9112 section 2.2)
            elif not self._begins_request():
                return

    def _begins_request(self) -> bool:
        """Hand the head of a request on if it has come; say whether it has."""
        head = head_of(bytes(self._held[: MOST_HEAD + 1]))
        if isinstance(head, Refusal):
            self._refuse(head)
        elif head is not None:
            self._is_busy = True
            self._others.put_last(self)
            self._waiting_since = self._others.clock()
            self._to_come = head.size + (head.body or 0)
            self._hand_on_bytes(self._to_come)
            self._chunks = Chunks() if head.body is None else None
        return isinstance(head, Head)

    def _hand_on_bytes(self, most: int) -> None:
        part = bytes(self._held[:most])
        del self._held[:most]
        self._to_come -= len(part)
        self._give(part)

    def _hand_on_chunks(self, chunks: Chunks) -> None:
        taken = chunks.take(bytes(self._held))
        if isinstance(taken, Refusal):
            self._refuse(taken)
            return
        part = bytes(self._held[:taken])
        del self._held[:taken]
        if chunks.is_over:
            self._chunks = None
        self._give(part)

    def _give(self, part: bytes) -> None:
        if self._inner is None:
            self._inner = self._make()
            self._inner.connection_made(self._transport)
        before, self._body = self._body, self._body + len(part)
        self._inner.data_received(part)
        if before // LARGE != self._body // LARGE:
            self._others.spare_memory()

    def _refuse(self, refusal: Refusal) -> None:
        """Say why nothing more is read of it, and end it soon."""
        is_answered = self._to_come == 0 and self._chunks is not None and not self._is_busy
        self._ignored = 0
        self._held.clear()
        self._waiting_since = self._others.clock()
        if refusal == SILENCE or is_answered:
            self.abort()
            return
        self._transport.write(last_answer(refusal))
        if self._transport.can_write_eof():
            self._transport.write_eof()
