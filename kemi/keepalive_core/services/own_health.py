"""How this server says whether it can take calls: its answer to the OPTIONS of peers, and its drain."""

import logging
import time
from typing import Final

from ..kamailio import clock, group_rows, requests, server_rows, tables
from ..kamailio.kamailio_log import about
from ..rules import modes, own_answer, roster_text
from ..rules.cache import Cache
from ..rules.checks import Refused
from ..rules.minutely import Minutely
from ..rules.modes import Admin
from ..rules.own_answer import Answer, Others
from ..rules.quoting import quoted
from ..rules.roster_text import Head, Records
from ..rules.uris import address_in
from . import configuration, startup
from .refusals import never_raises

log = logging.getLogger("keepalive")

_ANSWERED, _ERROR = 1, -1
_minutely: Final = Minutely()

# Of each page of a roster, by its number, the lines of the members at each address. One takes some 10 kB.
_lines: Cache[str, dict[str, list[int]]] = Cache(8 << 20, lambda _, found: 1000 + 200 * len(found))


@never_raises(_ERROR)
def answer_options(group: str = "") -> int:
    """Answer an OPTIONS to this server itself, as peers send it to see whether it can take calls.

    For the request route. It is answered 200; or 503 with a Retry-After while this server is drained, see
    set_self(), or while fewer than ``answer_min_up`` members of the group are up, or the state file is not
    read yet. The peer that asks is no member, by its address.

    Arguments: group, "" for none.
    Returns: 1 answered; -1 not an OPTIONS, or one to somebody else or with a user in its URI.
    """
    if not requests.is_options_to_us():
        return _ERROR
    values = configuration.values()
    if not startup.start() and values["state_file"]:
        found = own_answer.STARTING
    else:
        now = time.time()
        drain = own_answer.drain_at(server_rows.drain(), now)
        others = Others() if drain or not group else _others(group, requests.sender())
        found = own_answer.answer(drain, others, int(values["answer_min_up"]), now)
    return _ANSWERED if _reply(found) else _ERROR


def _reply(answer: Answer) -> bool:
    header = f"Retry-After: {answer.retry_after}" if answer.retry_after else ""
    if header and not requests.can_add_headers():
        header = ""
        if _minutely.may_tell("no header", clock.now()):
            log.error("answer_options: a 503 without Retry-After, which takes this server down: load textops")
    return requests.reply(answer.code, answer.reason, header)


def _others(name: object, peer: str) -> Others:
    """Return how many members of a group there are, and how many are up, without a peer."""
    try:
        return _count_others(str(name), peer)
    except roster_text.NONSENSE:
        pass  # members came or went meanwhile
    try:
        with tables.locked(str(name), tables.GROUP):
            return _count_others(str(name), peer)
    except roster_text.NONSENSE:
        if _minutely.may_tell("no group", clock.now()):
            log.error("answer_options: there is no group %s, and this server answers 200", quoted(name))
        return Others()


def _count_others(name: str, peer: str) -> Others:
    """Count the members without a peer; raises one of NONSENSE if the group or a page is missing."""
    text = group_rows.roster(name)
    if not text:
        raise LookupError(name)
    head, records = Head.of(text), Records(text)
    up, members = head.answering, head.members
    for page, number in enumerate(roster_text.pages_of(text)):
        for line in _lines_of(number).get(peer, ()):
            mark = records.marks(page)[line]
            up -= mark in roster_text.ANSWERING
            members -= mark != roster_text.VACANT
    return Others(up, members)


def _lines_of(number: str) -> dict[str, list[int]]:
    """Return the lines of a page of a roster by the addresses of their members; names are at none."""
    known = _lines.answers.get(number)
    if known is not None:
        return known
    text = group_rows.page(number)
    if text is None:
        raise LookupError(number)
    found: dict[str, list[int]] = {}
    for at, line in enumerate(text.split("\n")):
        address = address_in(roster_text.Member.of(line).key).rpartition(":")[0]
        found.setdefault(address, []).append(at)
    return _lines.remember(number, found)


# --- the drain of this server -------------------------------------------------------------------------------


@never_raises(_ERROR)
def set_self(mode: str, until: float = 0, by: str = "", why: str = "") -> int:
    """Have answer_options() say that this server takes no calls, or that it does again; kept over a restart.

    Arguments: mode, "drain" or "ready"; until, seconds from now after which it is ready again, 0 for no end,
    ten years at the most; by and why, for the log, up to 255 bytes.
    Returns: 0, or -1 with a log line.
    """
    order(mode, until, by, why)
    return 0


def order(mode: object, until: object, by: object, why: object) -> None:
    """Drain this server, or make it ready. Raises: Refused, SharedMemoryFull; then nothing has changed."""
    if startup.is_early():
        raise Refused("this server can't be drained in mod_init yet: the state file keeps what was said")
    said = own_answer.order(mode, until, by, why, int(time.time()))
    server_rows.store_drain(said or modes.ready(int(time.time())))
    log.info("this server is set to %s", own_answer.told(said), extra=about("self"))


def drain() -> Admin | None:
    """Return the drain of this server that holds now."""
    return own_answer.drain_at(server_rows.drain(), time.time())
