"""Faults of our own, and of trunks: what this module does, and what the C module keepalive does.

    make faults                 all of them, a quarter of an hour; docs/faults.md has the last ones
    make faults ONLY=clock      those whose names contain a word

Each fault hits both, one after the other, in the same run: the sample server with router.py, once on this
module, once on the C module. While it lasts, calls are made, and all destinations are looked at four times a
second.
"""

from __future__ import annotations

import argparse
import json
import platform
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import pictures
from contenders import Watched
from gateway import Gateway
from places import ROOT
from progress import Progress, say
from real.server import HERE, NATIVE, Launch, free_port
from real.uplinks import Uplink
from responder import Responder
from run import row

OURS = "this module"
THEIRS = "C keepalive"
INTERVAL = 5
CALLS_A_SECOND = 5
FAULTS = 10
"""So many there are."""

SAMPLE = (ROOT / "kamailio.cfg").read_text().replace('"kemi/keepalive.cfg"', f'"{ROOT}/kemi/keepalive.cfg"')


@dataclass
class Trunks:
    """What is monitored.

    Arguments: lines, each a URI with options for this module behind it; gateways, to which calls go;
    settings, of this module; sockets, of the server, besides its own.
    """

    lines: list[str]
    gateways: list[str]
    settings: Mapping[str, object] = field(default_factory=dict)
    sockets: list[str] = field(default_factory=list)


def start(who: str, trunks: Trunks, turned_clock: bool = False) -> Watched:
    """Start a server with the sample router, on one of the modules."""
    cfg = SAMPLE.replace('loadmodule "tm.so"', 'mhomed=1\nloadmodule "tm.so"')
    cfg = cfg.replace('KEEPALIVE_DIR "/router.py"', f'"{ROOT}/bench/faulty/router.py"')
    folder = Path(tempfile.mkdtemp(prefix="keepalive-"))
    watched = folder / "list"
    watched.write_text("".join(f"{line}\n" for line in trunks.lines))
    defines: dict[str, object] = {
        "WATCHED": watched,
        "KEEPALIVE_DESTINATIONS": " ".join(trunks.gateways),
    }
    if who == OURS:
        defines |= {
            "KEEPALIVE_LIST_FILE": watched,
            "KEEPALIVE_PING_INTERVAL": INTERVAL,
            "KEEPALIVE_PING_TIMEOUT": 1000,
            **trunks.settings,
        }
    else:
        uris = {line.split()[0] for line in trunks.lines} | set(trunks.gateways)
        theirs = "".join(f'modparam("keepalive", "destination", "{uri}")\n' for uri in sorted(uris))
        theirs += f'modparam("keepalive", "ping_interval", {INTERVAL})\nmodparam("tm", "fr_timer", 1000)\n'
        cfg = cfg.replace(f'include_file "{ROOT}/kemi/keepalive.cfg"', f'loadmodule "keepalive.so"\n{theirs}')
    options = [word for socket in trunks.sockets for word in ("-l", socket)]
    launch = Launch(files={"kamailio.cfg": cfg}, options=tuple(options), turned_clock=turned_clock)
    return Watched(NATIVE, "kamailio.cfg", defines, launch)


class Watch:
    """Looks at all destinations, four times a second, in a thread of its own."""

    def __init__(self, server: Watched) -> None:
        self._server = server
        self._over = threading.Event()
        self.looks: list[tuple[float, str]] = []
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def _look(self) -> None:
        while not self._over.wait(0.25):
            try:
                code, result = self._server.message("", seconds=1)
            except TimeoutError:
                continue
            if code == 200:
                self.looks.append((time.monotonic(), json.loads(result)))

    def stop(self) -> None:
        """End it."""
        self._over.set()
        self._thread.join()

    def fewest(self) -> int:
        """Return how many were alive at the least."""
        return min(look.count("1") for _, look in self.looks)

    def changes(self) -> int:
        """Return how often any of them changed."""
        looks = [look for _, look in self.looks]
        return sum(a != b for one, two in pairwise(looks) for a, b in zip(one, two, strict=True))

    def alive(self) -> pictures.Points:
        """Return how many percent were alive, by the seconds since the first look."""
        began = self.looks[0][0]
        return [(at - began, 100 * look.count("1") / len(look)) for at, look in self.looks]

    def lost(self) -> float:
        """Return for how many seconds, of all destinations together, one was not alive."""
        return sum(look.count("2") * (after - at) for (at, look), (after, _) in pairwise(self.looks))


@contextmanager
def calling(server: Watched, seconds: float) -> Iterator[dict[str, int]]:
    """Make calls for so many seconds; the counts are there when it is over."""
    counts: dict[str, int] = {}
    command = ["sipp", f"127.0.0.1:{server.port}", "-sf", str(HERE / "invite.xml"), "-nostdin"]
    command += ["-m", str(int(seconds * CALLS_A_SECOND)), "-r", str(CALLS_A_SECOND), "-i", "127.0.0.1"]
    command += ["-p", str(free_port()), "-recv_timeout", "8000"]
    # Into a file: sipp draws its screen each second, and a pipe that nobody reads yet would hold it up.
    with tempfile.TemporaryFile("w+") as screen:
        caller = subprocess.Popen(command, stdout=screen, stderr=subprocess.DEVNULL, cwd="/tmp")
        try:
            yield counts
            caller.wait(60)
        finally:
            caller.kill()
        screen.seek(0)
        said = screen.read()
    for name in ("Successful", "Failed"):
        counts[name] = int(re.findall(rf"{name} call +\| +\d+ +\| +(\d+)", said)[-1])


def wait(seconds: float) -> None:
    """Let a fault last so long."""
    time.sleep(seconds)


class Trials:
    """Faults that happen to both modules, and what was seen.

    Arguments: only, a word; faults whose names do not contain it are left out.
    """

    def __init__(self, only: str = "") -> None:
        self._only = only
        self._progress = Progress(0 if only else 2 * FAULTS, "trials")
        self.seen: dict[str, dict[str, pictures.Points]] = {}
        """how many percent were alive, by fault and module"""
        self.answered: list[int] = []
        """how many calls were, for each fault and module"""

    def close(self) -> None:
        """End it."""
        self._progress.close()

    def trial(
        self,
        fault: str,
        trunks: Trunks,
        happens: Callable[[Watched, str], None],
        seconds: float,
        turned_clock: bool = False,
    ) -> None:
        """Print what a fault does to each of the two."""
        if self._only not in fault:
            return
        for who in (OURS, THEIRS):
            self._progress.at(f"{fault}: {who}")
            server = start(who, trunks, turned_clock)
            # All are pinged within an interval; the C module's first ping comes behind one.
            wait(2 * INTERVAL + 3)
            watch = Watch(server)
            began = len(server.log.splitlines())
            with calling(server, seconds) as counts:
                happens(server, who)
            watch.stop()
            lines = [line for line in server.log.splitlines()[began:] if "keepalive: " in line]
            server.stop()
            server.forget()
            noted = [
                line.split("keepalive: ")[1] for line in lines if " WARNING: " in line or "ERROR" in line
            ]
            noted += [
                line.split("keepalive: ")[1]
                for line in lines
                if "flapping:" in line or "calls failed" in line
            ]
            row(
                fault,
                who,
                f"{watch.fewest()} of {len(trunks.lines)}",
                watch.changes(),
                f"{watch.lost():.0f} s",
                f"{counts['Successful']} of {counts['Successful'] + counts['Failed']}",
                " / ".join(dict.fromkeys(noted)) or ("nothing" if who == OURS else ""),
            )
            self.seen.setdefault(fault, {})[who] = watch.alive()
            self.answered.append(counts["Successful"])
            self._progress.done()


PROBER = {OURS: "timer=keepalive_tick", THEIRS: "slow timer"}
"""The processes that ping, by what is in their descriptions."""
WORKERS = dict.fromkeys(PROBER, "udp receiver")
WHOLE = dict.fromkeys(PROBER, "")


def stops(what: dict[str, str], seconds: float, times: int = 1) -> Callable[[Watched, str], None]:
    """Return the fault that processes stand still for a time, once or again and again."""

    def happens(server: Watched, who: str) -> None:
        stopped, timers = server.process_numbers(what[who]), server.process_numbers("timer")
        for _ in range(times):
            # No multiple of the interval: the C module sends all its pings at one moment of it.
            wait(4.3)
            server.signal("STOP", *stopped)
            wait(seconds)
            server.signal("CONT", *timers)
            wait(0.5)
            server.signal("CONT", *stopped)
        wait(11)

    return happens


def cut(seconds: float, uplink: Uplink) -> Callable[[Watched, str], None]:
    """Return the fault that an uplink is cut for a time."""

    def happens(server: Watched, who: str) -> None:
        wait(3)
        uplink.cut()
        wait(seconds)
        uplink.mend()
        wait(12)

    return happens


def flaps(gateway: Gateway, seconds: float) -> Callable[[Watched, str], None]:
    """Return the fault that a trunk is silent for three seconds of six."""

    def happens(server: Watched, who: str) -> None:
        for _ in range(int(seconds / 6)):
            gateway.silent = True
            wait(3)
            gateway.silent = False
            wait(3)

    return happens


def clock_jumps(server: Watched, who: str) -> None:
    """The clock jumps an hour ahead, two hours back, and to where it was."""
    for hours in (1, -1, 0):
        wait(2)
        server.turn_clock(3600 * hours)
        wait(10)


def main() -> None:
    """Run what the arguments say."""
    parser = argparse.ArgumentParser(description="Shows what faults do to this module and to keepalive.")
    parser.add_argument("--smallest", action="store_true", help="only to see that it works, half a minute")
    parser.add_argument("--only", default="", help="faults whose names contain this")
    asked = parser.parse_args()
    version = subprocess.run(["kamailio", "-v"], capture_output=True, text=True).stdout.splitlines()[0]
    trials = Trials(asked.only or ("OPTIONS" if asked.smallest else ""))
    say(f"{version}, Python {platform.python_version()}, pings every {INTERVAL} s, time limit 1 s\n")
    row("fault", "module", "fewest alive", "changes", "not alive, all together", "calls answered", "log")
    row(*["---"] * 7)
    carriers = [Gateway() for _ in range(3)]
    gateways = [carrier.uri for carrier in carriers]
    if asked.smallest:
        carriers[0].invite_code = 503
        settings = {"KEEPALIVE_PASSIVE_WINDOW": 20}
        trials.trial("OPTIONS 200, INVITE 503", Trunks(gateways, gateways, settings), lambda *_: wait(3), 3)
        assert all(trials.answered), "one of the two takes no calls"
        finish(trials, pictures.DRAFTS)
        return
    slow = Responder(delay=0.4)
    thousand = Trunks(slow.uris(1000), gateways)
    trials.trial("the prober stands still for 20 s", thousand, stops(PROBER, 20), 36)
    trials.trial("the whole server stands still for 20 s", thousand, stops(WHOLE, 20), 36)
    trials.trial("the whole server stands still for 2 s, ten times", thousand, stops(WHOLE, 2, 10), 80)
    trials.trial("all SIP workers wait for 7 s, as for a database", thousand, stops(WORKERS, 7), 24)
    trials.trial("the clock jumps +1 h, -2 h, +1 h", thousand, clock_jumps, 36, turned_clock=True)
    slow.close()
    near, far = Uplink(), Uplink()
    port = free_port()
    sockets = {uplink: f"udp:{uplink.ours}:{port}" for uplink in (near, far)}
    lines = [f"{uri} ping_socket={sockets[link]}" for link in (near, far) for uri in link.destinations(50)]
    behind = Trunks(lines, gateways, {"KEEPALIVE_MASS_FAILURE": 20}, list(sockets.values()))
    trials.trial("one uplink of two is cut for 4 s", behind, cut(4, near), 20)
    trials.trial("one uplink of two is cut for 20 s", behind, cut(20, near), 36)
    for uplink in (near, far):
        uplink.close()
    flapping = Gateway()
    damping = {"KEEPALIVE_FLAP_LIMIT": 4, "KEEPALIVE_PING_INTERVAL": 1, "KEEPALIVE_PING_TIMEOUT": 500}
    trunk = Trunks([flapping.uri], gateways, damping)
    trials.trial("a trunk is silent 3 s of 6, for 2 minutes", trunk, flaps(flapping, 120), 120)
    carriers[0].invite_code = 503
    settings = {"KEEPALIVE_PASSIVE_WINDOW": 60}
    trials.trial(
        "OPTIONS 200, INVITE 503, for 30 s", Trunks(gateways, gateways, settings), lambda *_: wait(30), 30
    )
    for carrier in carriers:
        carrier.code, carrier.invite_code = 503, 200
    keeping = {"KEEPALIVE_GROUP_MIN_ALIVE": 1}
    trials.trial(
        "all pings fail, calls would go well", Trunks(gateways, gateways, keeping), lambda *_: wait(15), 15
    )
    for carrier in carriers:
        carrier.close()
    flapping.close()
    if not asked.only:
        assert len(trials.seen) == FAULTS
    finish(trials, pictures.DRAFTS if asked.only else pictures.DOCUMENTS)


def finish(trials: Trials, folder: Path) -> None:
    """Draw what was seen."""
    trials.close()
    pictures.alive_through(folder, "faults", trials.seen)


if __name__ == "__main__":
    main()
