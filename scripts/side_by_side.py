#!/usr/bin/env python3
"""Run the tests on real Kamailios, on several of them at the same time: they wait most of it.

.venv/bin/python scripts/side_by_side.py [arguments of pytest]

Each line of progress says whose it is; what failed is shown when a server's tests are over.
"""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "docker")]

from real.conftest import servers

PYTEST = [sys.executable, "-u", "-m", "pytest", "tests/real", *sys.argv[1:]]
# Two take half of a core, but for some seconds now and then.
AT_A_TIME = 2 * (os.cpu_count() or 1)


def run(kind: str) -> int:
    """Run one server's tests; return pytest's exit code."""
    name = kind.rpartition(":")[2]
    process = subprocess.Popen(
        [*PYTEST, "--no-header", "--server", kind],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    report = ""
    for line in process.stdout or ():
        # Behind the progress come the failures and the summary: to be read in one piece.
        if report or (line.startswith("===") and "test session starts" not in line):
            report += line
        elif line.strip() and not line.startswith("==="):
            print(f"{name:8} {line}", end="", flush=True)
    print(f"\n--- {kind}\n{report}", flush=True)
    return process.wait()


def main() -> int:
    """Return 0 if all tests passed on all servers."""
    kinds = servers()
    if len(kinds) < 2:
        return subprocess.run(PYTEST, cwd=ROOT, check=False).returncode
    print(f"On {len(kinds)} servers side by side: {', '.join(kinds)}", flush=True)
    with ThreadPoolExecutor(AT_A_TIME) as runs:
        return max(runs.map(run, kinds))


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:  # which each pytest gets too, and stops its servers
        sys.exit(130)
