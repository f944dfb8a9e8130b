"""Starts that would end Kamailio: tls.so behind app_python3.so on 6.x, and app_python3's threads_mode 1."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from gateway import Gateway
from real.server import Kamailio

# On a 5.6 both orders run, and app_python3 has no such mode.
pytestmark = pytest.mark.since_6
UP = 1


def ended(start: Callable[..., Kamailio], **defines: Any) -> str:
    """Return the log of a server that has to end at its start."""
    with pytest.raises(AssertionError, match="Kamailio ended at its start") as ending:
        start(**defines)
    log = str(ending.value)
    assert "Fatal Python error" not in log
    [line] = [line for line in log.splitlines() if "ERROR" in line and "keepalive: " in line]
    assert "keepalive: the start ends here: " in line
    return log


def is_pinged(start: Callable[..., Kamailio], gateway: Gateway, **defines: Any) -> None:
    """See a server run, and ping."""
    server = start(**defines)
    server.call("add_destination", gateway.uri, "test")
    server.wait_for_state(gateway.uri, UP)


def test_tls_behind_app_python3_is_named(start) -> None:
    """Kamailio ends with one line of ours, which names the right order, and not in each of its processes."""
    assert "load tls.so first" in ended(start, PYTHON_FIRST=1, TLS_LAST=1)
    assert "load tls.so first" in ended(start, TLS_LAST=1)


def test_tls_before_app_python3_runs(start, gateway: Gateway) -> None:
    """That is the right order."""
    is_pinged(start, gateway, TLS_FIRST=1)


def test_tls_that_leaves_keys_alone_may_be_anywhere(start, gateway: Gateway) -> None:
    """What would run is not kept from it."""
    is_pinged(start, gateway, TLS_LAST=1, TLS_THREADS_MODE=0)


def test_threads_mode_1_runs_or_is_named(start, gateway: Gateway, kind: str) -> None:
    """A 6.0 ends at its start, with one line; a 6.1.5 pings."""
    if kind.endswith(":trixie"):
        assert "threads_mode 1 of app_python3" in ended(start, THREADS_MODE=1)
    else:
        is_pinged(start, gateway, THREADS_MODE=1)
