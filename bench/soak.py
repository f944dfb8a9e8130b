"""Pings with replies, refusals and silence, additions and deletions, a million times: what grows?

    make soak               a million pings, five to ten minutes
    make soak PINGS=50000   fewer

Memory is compared at three times with nothing under way: after the first third, after the second, at the end.
What it is in between is drawn.
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import pictures
from contenders import Contender, this_module
from progress import Progress
from responder import Responder
from run import head, row

# So many destinations of each kind; the ones that come and go are besides.
ANSWERING = {"": 6000, "404": 1500, "503": 1500, "0": 300}
COMING_AND_GOING = 200


@dataclass
class Look:
    """What a server holds at one time, while nothing is under way."""

    pings: int
    shared: int
    """bytes"""
    private: dict[str, int]
    """kB, by process"""


def at_rest(server: Contender, pings: int) -> Look:
    """Pause the pings until no transaction is left, look, and go on."""
    server.rpc("cfg.seti", "keepalive", "enabled", 0)
    deadline = time.monotonic() + 60
    while server.transactions()["current"] != 0:
        assert time.monotonic() < deadline, f"transactions are left: {server.transactions()}"
        time.sleep(0.2)
    look = Look(pings, server.shared_memory(), server.private_memory())
    server.rpc("cfg.seti", "keepalive", "enabled", 1)
    return look


def draw(looks: list[Look], folder: Path) -> None:
    """Draw the memory by the number of pings."""
    series = {
        "shared memory": [(look.pings / 1000, look.shared / 1e6) for look in looks],
        "private memory of all processes": [
            (look.pings / 1000, sum(look.private.values()) / 1000) for look in looks
        ],
    }
    title = "Memory while destinations are pinged, added and deleted"
    pictures.over(folder, "soak", title, ("thousand pings", "MB"), series)


def main() -> int:
    """Soak; the exit code is 0 if nothing grew, nothing was left and nothing was logged as an error."""
    parser = argparse.ArgumentParser(description="Soaks this module.")
    parser.add_argument("--pings", type=int, default=1_000_000)
    parser.add_argument("--smallest", action="store_true", help="only to see that it works, some seconds")
    asked = parser.parse_args()
    pings, share, interval = (2_000, 50, 1) if asked.smallest else (asked.pings, 1, 2)
    responder = Responder()
    uris = [uri for user, number in ANSWERING.items() for uri in responder.uris(number // share, user)]
    server = this_module(
        uris, interval, memory=512, KEEPALIVE_PING_TIMEOUT=1000, KEEPALIVE_PING_REPLY_CODES="2xx,404"
    )
    began = time.monotonic()
    looks: list[Look] = []
    drawn: list[Look] = []
    turn = 0
    progress = Progress(pings, "pings")
    try:
        while len(looks) < 3:
            turn += 1
            server.ask("churn", f"c{turn % 50}", COMING_AND_GOING // share, responder.port, 1)
            server.ask("leave", f"c{turn % 50}", COMING_AND_GOING // share, responder.port)
            sent = sum(responder.arrivals(began, time.monotonic()))
            if not drawn or sent - drawn[-1].pings >= pings / 100:
                progress.done(sent - (drawn[-1].pings if drawn else 0))
                drawn.append(Look(sent, server.shared_memory(), server.private_memory()))
            if sent >= pings * (len(looks) + 1) / 3:
                looks.append(at_rest(server, sent))
            time.sleep(0.2)
        monitored, errors = server.ask("totals")["monitored"], server.errors
    finally:
        progress.close()
        server.stop()
        responder.close()
    draw(drawn, pictures.DOCUMENTS if pings >= 1_000_000 else pictures.DRAFTS)
    head("soak of this module", "pings", "shared memory", "private memory, all processes")
    for number, look in enumerate(looks, 1):
        row(
            f"part {number}",
            f"{look.pings:,}",
            f"{look.shared:,} bytes",
            f"{sum(look.private.values()):,} kB",
        )
    second, last = looks[1:]
    growth = {
        "shared memory": (last.shared - second.shared) / second.shared,
        "private memory": sum(last.private.values()) / sum(second.private.values()) - 1,
    }
    print(
        f"\n{time.monotonic() - began:.0f} s, {turn} rounds of additions and deletions, {len(errors)} errors"
    )
    print("last third against the second: " + ", ".join(f"{name} {by:+.2%}" for name, by in growth.items()))
    print(*errors[:5], sep="\n")
    # What is flat moves by a page here and there.
    flat = all(by < 0.02 for by in growth.values()) or asked.smallest
    return 0 if flat and not errors and monitored == len(uris) else 1


if __name__ == "__main__":
    sys.exit(main())
