"""A server that is no node of a cluster has nothing of one."""

from __future__ import annotations

from real.server import Kamailio


def test_nothing_is_loaded_and_nothing_runs(kamailio: Kamailio) -> None:
    """Without KEEPALIVE_NODE neither DMQ is there, nor a process that speaks to nodes."""
    assert kamailio.call("evaluate", "hasattr(KSR, 'dmq')") == "False"
    assert kamailio.process_numbers("cluster") == []
