"""On which terms destinations are in the cluster."""

from __future__ import annotations

import importlib

from conftest import FakeServer
from keepalive_core.rules.cluster_verdict import Terms

ME, B = "sip:10.0.0.1:5060", "sip:10.0.0.2:5060"


def test_terms_come_of_the_settings_and_of_the_destination(server: FakeServer) -> None:
    """As many as have to say so, as many as are asked, and who may ping it at all."""
    for name, value in {"node": ME, "peer1": B, "cluster_quorum": "3", "cluster_vantage": "4"}.items():
        server.define(name, value)
    server.process()
    terms = importlib.import_module("keepalive_core.services.cluster_terms")
    policies = importlib.import_module("keepalive_core.services.policies")
    assert terms.of(policies.policy({})) == Terms(3, 4, frozenset(), 3_000_000, 1)
    assert terms.of(policies.policy({"cluster_nodes": B})) == Terms(3, 4, frozenset((B,)), 3_000_000, 1)


def test_who_is_asked_has_the_time_of_its_pings_and_a_second(server: FakeServer) -> None:
    """As many as have to fail."""
    server.process()
    terms = importlib.import_module("keepalive_core.services.cluster_terms")
    policies = importlib.import_module("keepalive_core.services.policies")
    found = terms.of(policies.policy({"ping_timeout": 500, "fall": 3}))
    assert found.answer_us == 2_500_000
    assert found.crossing_us == 1_500_000, "a ping that is under way ends by then"
