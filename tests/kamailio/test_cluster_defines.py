"""Which node this server is: what kamailio.cfg says, asked once."""

import pytest

from conftest import FakeServer


@pytest.mark.parametrize(
    ("defined", "name"),
    [(None, ""), ("", ""), ("nonsense at all", ""), ("sip:10.0.0.1", "sip:10.0.0.1:5060")],
)
def test_the_node_is_what_is_defined(server: FakeServer, defined: str | None, name: str) -> None:
    """Its canonical name, as others know it; nothing without the define."""
    if defined is not None:
        server.define("node", defined)
    server.process()
    from keepalive_core.kamailio import cluster_defines

    assert (cluster_defines.me(), cluster_defines.is_on()) == (name, bool(name))
