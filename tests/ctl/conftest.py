"""keepalivectl as a process of its own, and a cockpit that it asks."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fake_cockpit import Cockpit
from places import ROOT

COMMAND = ROOT / "ctl" / "keepalivectl"


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder of a short name, as a socket's path has at most 107 bytes."""
    made = Path(tempfile.mkdtemp(prefix="ctl-"))
    yield made
    shutil.rmtree(made)


@pytest.fixture
def cockpit(folder: Path) -> Iterator[Cockpit]:
    """One that answers."""
    running = Cockpit(folder / "keepalive.sock")
    yield running
    running.close()


Keepalivectl = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def environment(folder: Path) -> dict[str, str]:
    """What keepalivectl finds in its environment: the cockpit's socket, no size of a terminal."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("KEEPALIVE_")}
    for size in ("COLUMNS", "LINES"):
        kept.pop(size, None)
    return {**kept, "KEEPALIVE_SOCKET": str(folder / "keepalive.sock"), "TZ": "UTC"}


@pytest.fixture
def keepalivectl(environment: dict[str, str]) -> Keepalivectl:
    """Run keepalivectl to its end: keepalivectl("list", "--json", VARIABLE="value")."""

    def run(*words: str, **variables: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-I", str(COMMAND), *words]
        return subprocess.run(
            command, env={**environment, **variables}, capture_output=True, text=True, timeout=20
        )

    return run


@pytest.fixture
def silent(folder: Path) -> Iterator[None]:
    """A server that takes connections, and says nothing."""
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(folder / "keepalive.sock"))
        listening.listen()
        yield
