"""Tests of KEMI scripts without a server: a strict fake of KSR, and what sends requests through a script.

It has the keepalive of its own version inside, for whom none is installed beside it.
"""

import importlib.util
import sys
from pathlib import Path

if importlib.util.find_spec("keepalive") is None:
    sys.path.append(str(Path(__file__).parent / "kemi"))

import keepalive_core

__version__ = keepalive_core.VERSION
