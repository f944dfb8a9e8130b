"""The command check, for Nagios and its kin."""

from __future__ import annotations

import argparse
import math
import re
from collections.abc import Iterable, Iterator
from typing import Any, Final, NamedTuple

from .commands import GROUP, STATES, argument, command
from .failures import Failure, Refused
from .looking import pinging
from .screen import Screen
from .server import Server
from .texts import clean

OK, WARNING, CRITICAL, UNKNOWN = range(4)
_LEVELS: Final = ("OK", "WARNING", "CRITICAL", "UNKNOWN")


class Threshold(NamedTuple):
    """From how many on it is an alarm."""

    number: float
    is_percent: bool

    def of(self, total: int) -> int:
        """Return the number of destinations of so many from which on it is an alarm, 1 at the least."""
        return max(math.ceil(self.number * total / 100 if self.is_percent else self.number), 1)


def threshold(text: str) -> Threshold:
    """Return the threshold that a text such as 10 or 5% means."""
    found = re.fullmatch(r"([0-9]{1,9}(?:\.[0-9]{1,3})?)(%?)", text)
    if not found or not 0 < float(found[1]) <= (100 if found[2] else math.inf):
        raise argparse.ArgumentTypeError(f"{clean(text, 40)!r} is no number from 1 on, and no percentage")
    return Threshold(float(found[1]), bool(found[2]))


def _plugin_text(text: object) -> str:
    """Return a text that is neither performance data nor markup to who shows it."""
    return re.sub(r"[|<>]", lambda found: f"\\x{ord(found[0]):02x}", clean(text))


def _say_unknown(failure: Failure) -> int:
    print(f"KEEPALIVE UNKNOWN - {_plugin_text(failure)}")
    return UNKNOWN


def _serving(counts: dict[str, Any]) -> int:
    """Return how many ought to be up: those in maintenance or drained are asked for nothing."""
    return int(counts["up"] + counts["down"] + counts["unknown"])


def _findings(counts: dict[str, Any], given: argparse.Namespace) -> Iterator[tuple[int, str]]:
    """Yield what is wrong with some destinations."""
    total = _serving(counts)
    text = f"{counts['down']} of {total} down"
    if not total + counts["drain"] + counts["maint"]:
        yield UNKNOWN, "there are no destinations"
    for level, limit in ((CRITICAL, given.critical), (WARNING, given.warning)):
        if counts["down"] >= limit.of(total):
            yield level, text
            return
    yield OK, text


def _dead_groups(groups: Iterable[dict[str, Any]]) -> Iterator[tuple[int, str]]:
    """Yield the groups of which none is up, but those in which nobody ought to be."""
    for group in groups:
        if group["down"] and not group["up"] + group["unknown"]:
            yield CRITICAL, f"group {group['name']}: none is up"


@command(
    "check",
    GROUP,
    argument(
        "-w",
        "--warning",
        type=threshold,
        default=Threshold(1, False),
        metavar="NUMBER",
        help="that are down, such as 10 or 5%%; 1",
    ),
    argument(
        "-c",
        "--critical",
        type=threshold,
        default=Threshold(50, True),
        metavar="NUMBER",
        help="the same; 50%%",
    ),
    argument("--paused-ok", action="store_true", help="it is no alarm if pings are paused, as on a standby"),
    fail=_say_unknown,
)
def check(server: Server, given: argparse.Namespace, screen: Screen) -> int:
    """Answer as a Nagios plugin does: from how many on that are down it warns, or is critical."""
    view = server.call("view", sort="worst", count=5, state="down", group=given.group)
    known = view["groups"]
    if given.group:
        known = [group for group in server.call("groups") if group["name"] == given.group]
    if given.group and not known:
        raise Refused(f"there is no group {given.group}")
    counts = known[0] if given.group else view["counts"]
    findings = [*_findings(counts, given), *_dead_groups(known)]
    if not view["enabled"] or (view["paused"] and not given.paused_ok):
        findings.append((WARNING, pinging(view)))
    level = max((each for each, _ in findings), key=(OK, UNKNOWN, WARNING, CRITICAL).index)
    texts = [text for each, text in findings if each or len(findings) == 1]
    if screen.wrote(
        {"status": _LEVELS[level], "findings": texts, "counts": {name: counts[name] for name in STATES}}
    ):
        return level
    total = sum(counts[name] for name in STATES)
    limits = ";".join(str(limit.of(_serving(counts))) for limit in (given.warning, given.critical))
    figures = " ".join(f"{name}={counts[name]}" for name in STATES if name != "down")
    shown = _plugin_text("; ".join(texts[:6]))
    screen.line(
        f"KEEPALIVE {_LEVELS[level]} - {shown} | down={counts['down']};{limits};0;{total} {figures}",
        most=2000,
    )
    for row in view["rows"]:
        screen.line(_plugin_text(f"{row['uri']} is down: {row['reason']}"))
    return level
