"""What comes from outside, and what it may cost: this version beside an earlier one, in one run.

    .venv/bin/python bench/bounds.py --before 50a593e

Both run on this machine's Kamailio, one after the other, each with the scenario of its own tests, against the
same peer.
"""

from __future__ import annotations

import argparse
import io
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "docker"), str(ROOT / "bench")]

from gateway import Gateway
from real.server import NATIVE, Kamailio
from run import head, row

UP, DOWN = 1, 2
# Changes of a destination's state, as many as its history keeps.
CHANGES = 10
RUDE = "\x01rude " * 8_000
IDLE_SECONDS = 5


def extract(commit: str, folder: Path) -> Path:
    """Write the files of a commit into a folder; return it."""
    archive = subprocess.run(["git", "-C", str(ROOT), "archive", commit], check=True, capture_output=True)
    with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as files:
        files.extractall(folder)
    return folder


def used_at_rest(server: Kamailio) -> int:
    """Return how many bytes of shared memory are in use while no ping is under way."""
    server.call("pause")
    time.sleep(7)  # until tm has freed the last transaction
    used: int = server.rpc("core.shmmem")["used"]
    server.call("resume")
    return used


def rude_peer(server: Kamailio) -> tuple[float, float]:
    """Return the kB of shared memory that a rude peer's words take, and the log's longest line."""
    gateway = Gateway()
    server.call("add_destination", gateway.uri, "bench")
    server.wait_for_state(gateway.uri, UP)
    before = used_at_rest(server)
    for change in range(CHANGES):
        gateway.code, gateway.reason = (200, "") if change % 2 else (503, RUDE)
        server.wait_for_state(gateway.uri, UP if change % 2 else DOWN)
    taken = used_at_rest(server) - before
    server.call("del_destination", gateway.uri, "bench")
    gateway.close()
    return taken / 1000, max(len(line) for line in server.log_lines("NOTICE"))


def idle_lines(server: Kamailio) -> float:
    """Return how many lines a second the server logs at debug level 3 with nothing to do."""
    server.rpc("cfg.seti", "core", "debug", 3)
    time.sleep(2)
    before = len(server.log.splitlines())
    time.sleep(IDLE_SECONDS)
    lines = len(server.log.splitlines()) - before
    server.rpc("cfg.seti", "core", "debug", 2)
    return lines / IDLE_SECONDS


def long_texts(server: Kamailio) -> float:
    """Return by how many kB a worker grows that is asked for 400 texts of 40 kB."""
    size = "int([line for line in open('/proc/self/status') if line.startswith('VmRSS')][0].split()[1])"
    ask = "[keepalive.is_alive('sip:' + str(number) + 'x' * 40_000) for number in range(400)]"
    return float(server.call("evaluate", f"-{size} + 0 * len({ask}) + {size}"))


def measure(root: Path) -> list[float]:
    """Return a version's figures."""
    defines = {"SCRIPT": root / "tests/real/scenario.py", "KEEPALIVE_PING_INTERVAL": '"0.5"'}
    with Kamailio(NATIVE, root / "tests/real/scenario.cfg", defines) as server:
        figures = [*rude_peer(server), idle_lines(server), long_texts(server)]
    server.forget()
    return figures


def main() -> int:
    """Measure both, and print a table."""
    parser = argparse.ArgumentParser(description="Compares what comes from outside with an earlier version.")
    parser.add_argument("--before", default="50a593e", help="a commit")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        before, after = measure(extract(asked.before, Path(folder))), measure(ROOT)
    head("what comes from outside", f"before ({asked.before})", "now")
    names = (
        "shared memory of a destination whose peer has reason phrases of 48 kB, kB",
        "the log's longest line about it, characters",
        "lines that an idle server logs in a second at debug level 3",
        "a worker that was asked for 400 texts of 40 kB grew by, kB",
    )
    for name, *figures in zip(names, before, after, strict=True):
        row(name, *(f"{figure:,.0f}" for figure in figures))
    return 0


if __name__ == "__main__":
    sys.exit(main())
