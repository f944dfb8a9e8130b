#!/usr/bin/env python3
"""Does what the README's first lines tell a newcomer, see docker/bare.sh.

Runs `make run` until a gateway went and came, ends it by Ctrl-C, then runs `make test` to its end.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RUN_SECONDS = 300
"""for the packages and a minute of watching"""


def watch(command: list[str]) -> None:
    """Run the sample server until a gateway went and came; fail if that, or the end by Ctrl-C, is missing."""
    began = time.monotonic()
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )
    assert process.stdout is not None
    signal.signal(signal.SIGALRM, lambda *_: os.killpg(process.pid, signal.SIGKILL))
    signal.alarm(RUN_SECONDS)
    gone: list[str] = []
    came: list[str] = []
    for line in process.stdout:
        print(f"{time.monotonic() - began:5.1f} s  {line}", end="", flush=True)
        gone += re.findall(r"(\S+) up -> down", line)
        came += [uri for uri in re.findall(r"(\S+) down -> up", line) if uri in gone]
        if came:
            # As the terminal does it: to all that run there.
            os.killpg(process.pid, signal.SIGINT)
            signal.alarm(30)
            break
    print(process.stdout.read(), end="", flush=True)
    killed = process.wait() == -signal.SIGKILL
    signal.alarm(0)
    assert came, f"{' '.join(command)}: no gateway went and came within {RUN_SECONDS} s"
    assert not killed, f"{' '.join(command)}: Ctrl-C did not end it"
    print(f"Ctrl-C ended it, {time.monotonic() - began:.0f} s after its start.", flush=True)


def main() -> int:
    """Return what the last command returned."""
    readme = (ROOT / "README.md").read_text()
    commands = [line.split() for line in re.findall(r"^    (make .*?) *#", readme, re.MULTILINE)]
    assert commands == [["make", "run"], ["make", "test"]], f"the README says: {commands}"
    watch(commands[0])
    return subprocess.run(commands[1], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
