"""The command check, for Nagios and its kin."""

from __future__ import annotations

import argparse
import math
import re
from collections.abc import Iterable, Iterator
from typing import Any, Final, NamedTuple

from .commands import GROUP, STATES, argument, command
from .failures import Failure, Misused, Refused
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


def _of_names(view: dict[str, Any], given: argparse.Namespace) -> Iterator[tuple[int, str]]:
    """Yield what is wrong with names that are up all the same: dead targets, and DNS."""
    names, targets = view.get("names"), view.get("targets", {})
    if not names:  # a server of before knows of none
        return
    total = _serving(targets)
    if total and targets["down"] >= given.warning.of(total):
        yield WARNING, f"{targets['down']} of {total} targets of {names['dead']} names down"
    if names["failing"]:
        yield WARNING, f"DNS fails for {names['failing']} of {names['total']} names"


@command(
    "check",
    argument("destination", nargs="?", default="", help="this one alone, a name by its targets"),
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
    if given.destination:
        if given.group:
            raise Misused("a destination or a group is checked, and not both")
        return _check_one(server, given, screen)
    view = server.call("view", sort="worst", count=5, state="down", group=given.group)
    known = view["groups"]
    if given.group:
        known = [group for group in server.call("groups") if group["name"] == given.group]
    if given.group and not known:
        raise Refused(f"there is no group {given.group}")
    counts = known[0] if given.group else view["counts"]
    findings = [*_findings(counts, given), *_dead_groups(known)]
    if not given.group:
        findings += _of_names(view, given)
        findings += [(WARNING, each) for each in (view.get("cluster") or {}).get("trouble", ())]
    if not view["enabled"] or (view["paused"] and not given.paused_ok):
        findings.append((WARNING, pinging(view)))
    worst = [f"{row['uri']} is down: {row['reason']}" for row in view["rows"]]
    texts = [text for each, text in findings if each] or [findings[0][1]]
    return _answer(screen, given, (_level_of(findings), texts), counts, worst)


def _level_of(findings: Iterable[tuple[int, str]]) -> int:
    return max((each for each, _ in findings), key=(OK, UNKNOWN, WARNING, CRITICAL).index)


def _answer(
    screen: Screen,
    given: argparse.Namespace,
    found: tuple[int, list[str]],
    counts: dict[str, Any],
    worst: list[str],
) -> int:
    """Say what was found, with the counts as performance data, then the worst, a line each."""
    level, texts = found
    told = {"status": _LEVELS[level], "findings": texts, "counts": {name: counts[name] for name in STATES}}
    if screen.wrote(told):
        return level
    total = sum(counts[name] for name in STATES)
    limits = ";".join(str(limit.of(_serving(counts))) for limit in (given.warning, given.critical))
    figures = " ".join(f"{name}={counts[name]}" for name in STATES if name != "down")
    shown = _plugin_text("; ".join(texts[:6]))
    screen.line(
        f"KEEPALIVE {_LEVELS[level]} - {shown} | down={counts['down']};{limits};0;{total} {figures}",
        most=2000,
    )
    for line in worst:
        screen.line(_plugin_text(line))
    return level


# --- one destination ----------------------------------------------------------------------------------------

_LEVEL_OF: Final = {"down": CRITICAL, "unknown": UNKNOWN}
_MOST_NAMED: Final = 5


def _check_one(server: Server, given: argparse.Namespace, screen: Screen) -> int:
    """Check a destination: of a name the targets are counted, of any other it alone."""
    info = server.call("info", destination=given.destination)
    name = info["destination"] if info.get("target_of") else info["uri"]
    mode = info["admin"]["mode"]
    if mode == "ready" and info["drained_until"]:
        mode = "drain"  # at its own wish
    targets = info.get("targets", [])
    alive = f"{sum(each['alive'] for each in targets)} of {len(targets)} targets alive"
    said = alive if targets else info["last_reason"]
    shown = info["state"] if mode == "ready" else f"{mode}, {info['state']}"
    level = _LEVEL_OF.get(info["state"], OK) if mode == "ready" else OK
    findings = [(level, f"{name} is {shown}{': ' if said else ''}{said}")]
    classes = [each["shown"] for each in targets] or [info["state"] if mode == "ready" else mode]
    counts = {state: classes.count(state) for state in STATES}
    # One that is drained as some of its targets are may have no other that is up.
    if targets and info["admin"]["mode"] == "ready":
        findings += [each for each in _findings(counts, given) if each[0] in (WARNING, CRITICAL)]
        if fault := info["resolution"]["fault"]:
            findings.append((WARNING, f"DNS: {fault}"))
    if info["not_pinged_because"] == "disabled" or (
        info["not_pinged_because"] == "paused" and not given.paused_ok
    ):
        findings.append((WARNING, f"pings are {info['not_pinged_because']}"))
    down = [f"{each['target']} is down: {each['reason']}" for each in targets if each["shown"] == "down"]
    # The first one says how it is, whatever else is wrong.
    texts = [text for _, text in findings]
    return _answer(screen, given, (_level_of(findings), texts), counts, down[:_MOST_NAMED])
