"""A courier brings notices to one webhook: one after the other, in a thread of its own.

So one receiver's trouble is nobody else's: neither a name that DNS is slow to find, nor a handshake keeps
others waiting. OpenSSL, too, keeps by thread what it works with, and that of a process's first thread may be
shared with all of Kamailio's processes, if tls.so is loaded. Only the first thread may use KSR and the log.
"""

import asyncio
import os
import signal
import ssl
import threading
import time
from collections import deque
from collections.abc import Iterable
from typing import Final, NamedTuple

import aiohttp

from .. import VERSION
from ..rules import webhook
from ..rules.quoting import one_line
from ..rules.webhook import Receiver
from ..services.change_log import Numbered
from ..services.files import NotRegular, open_regular

# The bytes of an answer that are read; its status is what counts.
_MOST_READ: Final = 4096


class Means(NamedTuple):
    """What a courier needs besides its receiver."""

    secret_file: str = ""
    """"" for no signature"""
    ca_file: str = ""
    """"" for the certificates that the system trusts"""


class Failures(NamedTuple):
    """What went wrong since the start."""

    tries: int = 0
    given_up: int = 0
    """notices of which each try failed"""
    left_out: int = 0
    """notices that went, the oldest ones, as too many waited"""
    reason: str = ""
    """of the last one"""


class Courier:
    """Brings notices to one receiver, in a thread of its own: whatever keeps that, no more than some wait.

    Arguments: receiver; means.
    """

    def __init__(self, receiver: Receiver, means: Means) -> None:
        self.receiver = receiver
        self.failures = Failures()
        self._means = means
        self._server = os.uname().nodename
        # Of what waits, of what is counted, and of whether the courier is told already that there is more.
        self._lock = threading.Lock()
        self._waiting: deque[Numbered] = deque()
        self._is_told = False
        self._loop = asyncio.new_event_loop()
        self._news = asyncio.Event()
        self._context: ssl.SSLContext | None = None
        threading.Thread(target=self._run, daemon=True).start()

    def bring(self, news: Iterable[Numbered]) -> None:
        """Have notices brought, behind those that wait; it does not wait itself."""
        with self._lock:
            self._waiting += news
            too_many = max(0, len(self._waiting) - webhook.MOST_WAITING)
            for _ in range(too_many):
                self._waiting.popleft()
            is_told, self._is_told = self._is_told, True
        self._count(left_out=too_many)
        if not is_told:
            self._loop.call_soon_threadsafe(self._news.set)

    def _count(self, reason: str = "", tries: int = 0, given_up: int = 0, left_out: int = 0) -> None:
        """Count what went wrong. Arguments: as in Failures, how many more."""
        with self._lock:
            before = self.failures
            self.failures = Failures(
                before.tries + tries,
                before.given_up + given_up,
                before.left_out + left_out,
                reason or before.reason,
            )

    # --- in the courier's thread --------------------------------------------------------------------------

    def _run(self) -> None:
        # Kamailio's signals are for its own thread.
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        self._loop.run_until_complete(self._work())

    def _next(self) -> Numbered | None:
        """Take what has waited longest; None if nothing waits, and then more is told of."""
        with self._lock:
            if self._waiting:
                return self._waiting.popleft()
            self._is_told = False
            self._news.clear()
            return None

    async def _work(self) -> None:
        # A connection for each: one that is kept may be closed in the moment in which it is used.
        connector = aiohttp.TCPConnector(force_close=True, use_dns_cache=False)
        async with aiohttp.ClientSession(
            connector=connector,
            timeout=aiohttp.ClientTimeout(total=webhook.TIMEOUT),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"Content-Type": "application/json", "User-Agent": f"kamailio-kemi-keepalive/{VERSION}"},
            auto_decompress=False,
        ) as session:
            while True:
                while numbered := self._next():
                    try:
                        await self._bring(session, numbered)
                    except Exception as error:  # of one that can't be told, the others are
                        self._count(one_line(repr(error)), given_up=1)
                await self._news.wait()

    async def _bring(self, session: aiohttp.ClientSession, numbered: Numbered) -> None:
        """Bring one notice, or give it up when each try has failed."""
        body = webhook.body(*numbered, self._server)
        event = str(numbered.notice["event"])
        for pause in (*webhook.PAUSES, None):
            reason = await self._try(session, event, body)
            if not reason:
                return
            self._count(reason, tries=1)
            if pause is not None:
                await asyncio.sleep(pause)
        self._count(given_up=1)

    async def _try(self, session: aiohttp.ClientSession, event: str, body: bytes) -> str:
        """Send a notice; return why it did not arrive, "" if it did."""
        try:
            async with session.post(
                self.receiver.url,
                data=body,
                headers={"X-Keepalive-Event": event, **self._signed(body)},
                allow_redirects=False,
                ssl=self._trusting() if self.receiver.is_secure else False,
            ) as answer:
                await answer.content.read(_MOST_READ)
                return webhook.refusal(answer.status, answer.reason or "")
        except TimeoutError:
            return f"no answer in {webhook.TIMEOUT:.0f} s"
        except Exception as error:
            text = f"{error}" or type(error).__name__
            return one_line(text.replace(self.receiver.url, self.receiver.shown))

    def _signed(self, body: bytes) -> dict[str, str]:
        if not self._means.secret_file:
            return {}
        return {"X-Keepalive-Signature": webhook.signature(self._secret(), int(time.time()), body)}

    def _secret(self) -> bytes:
        # Read each time, so that it can be changed; a FIFO would be waited for by this thread, for ever.
        try:
            with open_regular(self._means.secret_file) as file:
                secret = file.read(webhook.MOST_SECRET + 1).strip()
        except NotRegular as error:
            raise ValueError(f"KEEPALIVE_WEBHOOK_SECRET_FILE: {error}") from None
        if not webhook.LEAST_SECRET <= len(secret) <= webhook.MOST_SECRET:
            bytes_wanted = f"{webhook.LEAST_SECRET} to {webhook.MOST_SECRET} bytes"
            raise ValueError(f"KEEPALIVE_WEBHOOK_SECRET_FILE has no secret of {bytes_wanted}")
        return secret

    def _trusting(self) -> ssl.SSLContext:
        if self._context is None:
            self._context = ssl.create_default_context(cafile=self._means.ca_file or None)
        return self._context
