"""Builds the kit: keepalive and the stubs, which its package has by links, become files of the wheel."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from flit_core import buildapi

HERE = Path(__file__).resolve().parent
# router.py is a sample, and no user's script is to find it by its name.
LEFT_OUT = shutil.ignore_patterns(
    "__pycache__", "*.pyc", "build", "*.egg-info", "router.py", "*.lua", "*.js", "inside"
)


@contextmanager
def _copy() -> Iterator[None]:
    """Be in a copy of the folder that has no links."""
    before = os.getcwd()
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "testing"
        shutil.copytree(HERE, copy, ignore=LEFT_OUT)
        os.chdir(copy)
        try:
            yield
        finally:
            os.chdir(before)


def build_wheel(wheel_directory: str, *_: Any, **__: Any) -> str:
    """Build what pip installs; return its file's name (PEP 517)."""
    target = Path(wheel_directory).resolve()
    with _copy():
        return str(buildapi.build_wheel(str(target)))


def build_sdist(sdist_directory: str, *_: Any, **__: Any) -> str:
    """Build an archive of the sources; return its file's name (PEP 517)."""
    target = Path(sdist_directory).resolve()
    with _copy():
        return str(buildapi.build_sdist(str(target)))
