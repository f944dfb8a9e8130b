"""A DNS server of its own for a Kamailio of the tests, and for nothing else on the machine."""

from __future__ import annotations

import os
import socket
import subprocess
from functools import cache
from pathlib import Path

_FILE = Path("/etc/resolv.conf")
_CONTAINER = [Path("/.dockerenv"), Path("/run/.containerenv")]
"""files that engines put into their containers"""

# What the file had before a server without a namespace got it; meanwhile no other process may have it.
_former: list[str] = []
_ours: list[socket.socket] = []


@cache
def no_namespaces() -> str:
    """Return why network and mount namespaces can't be made here; "" if they can."""
    made = subprocess.run(["unshare", "--net", "--mount", "true"], capture_output=True, text=True)
    if not made.returncode:
        return ""
    return f"namespaces can't be made here (a container without --privileged?): {made.stderr.strip()}"


def hindrance() -> str:
    """Return why no Kamailio of this machine itself can have a DNS server of its own; "" if it can."""
    if not no_namespaces():
        return ""
    # All of the machine loses its DNS with it: that is done to a container that has nothing else to do.
    if any(file.exists() for file in _CONTAINER) and os.access(_FILE, os.W_OK):
        return ""
    return f"{_FILE} can't be another one for Kamailio alone: {no_namespaces()}"


def placed(command: list[str], text: str, folder: Path) -> list[str]:
    """Return the command that runs another one with its own text of the file, to be given back behind it.

    Arguments: folder, the server's, for what has to stand somewhere.
    """
    if no_namespaces():
        _take()
        _former.append(_FILE.read_text())
        _FILE.write_text(text)
        return command
    own = folder / "resolv.conf"
    own.write_text(text)
    seen = f"mount --bind {own} {_FILE}"
    return ["unshare", "--mount", "sh", "-c", f'{seen} && exec "$@"', "sh", *command]


def _take() -> None:
    taken = socket.socket(socket.AF_UNIX)
    try:
        taken.bind("\0keepalive-tests-resolv.conf")
    except OSError:
        taken.close()
        raise AssertionError("without a namespace one server at a time has a DNS server of its own") from None
    _ours.append(taken)


def give_back() -> None:
    """Have the file as it was."""
    if _former:
        _FILE.write_text(_former.pop())
        _ours.pop().close()
