"""Kamailio's processes: what it calls them, and which sockets they have open."""

import os
import re
import time
from pathlib import Path
from typing import Final

from . import rpc

_SOCKET: Final = re.compile(r"socket:\[(\d+)\]")


def described() -> list[tuple[int, str]]:
    """Return Kamailio's processes, their numbers and what it calls them; none if it does not say."""
    try:
        return [(each["PID"], each["DSC"]) for each in rpc.ask("core.psx")]
    except (rpc.Unanswered, TypeError, KeyError):
        return []


def began() -> float:
    """Return when this process began, in epoch seconds: one of a timer begins with its server."""
    try:
        # Behind the name, which may have anything in it; the 22nd field of all, in ticks since the boot.
        ticks = int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19])
    except (OSError, ValueError, IndexError):
        return time.time()
    ago = time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")
    return time.time() - max(0.0, ago)


def open_sockets() -> set[str] | None:
    """Return the kernel's numbers of all sockets that Kamailio has open; None if nobody tells.

    A connection is open in the process that made it, in those that use it, and in the one that has them all.
    """
    found: set[str] = set()
    numbers = [number for number, _ in described()]
    try:
        for number in numbers:
            with os.scandir(f"/proc/{number}/fd") as files:
                found.update(*(_SOCKET.findall(_link(file.path)) for file in files))
    except OSError:  # a process that is gone, or whose files are a secret
        return None
    return found if numbers else None


def _link(path: str) -> str:
    try:
        return os.readlink(path)
    except FileNotFoundError:  # closed in this moment
        return ""
