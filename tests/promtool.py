"""Prometheus' own tool, which scripts/need.sh brings."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest


def promtool(*arguments: object, text: str = "") -> None:
    """Let promtool look at something, and show what it has to say if it finds anything.

    Arguments: arguments, of its command line; text, what it reads.
    """
    found = shutil.which("promtool") or shutil.which("promtool", path=str(Path(sys.executable).parent))
    if found is None:
        assert not os.environ.get("KEEPALIVE_SERVERS"), "promtool is missing: scripts/need.sh test"
        pytest.skip("promtool is missing: scripts/need.sh test")
    said = subprocess.run([found, *map(str, arguments)], input=text, capture_output=True, text=True)
    assert said.returncode == 0, said.stdout + said.stderr
