"""A script that a native kamailio.cfg had before KeepAlive."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "kemi"))
import keepalive


class Mine(keepalive.NativeHandlers):
    """What it had, and what keepalive needs."""

    def mine(self, msg: object, text: str) -> int:
        return 7


def mod_init() -> Mine:
    return Mine()
