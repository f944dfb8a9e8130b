"""The parameters of a cluster."""

import pytest

from keepalive_core.rules.cluster_parameters import ClusterValues
from keepalive_core.rules.parameter import Whose, parameters_of
from keepalive_core.rules.parameters import PARAMETERS, InvalidSetting, check
from keepalive_core.rules.policy import Policy, Settings


def test_they_are_parameters_like_any() -> None:
    """All are the server's but cluster_nodes, which a destination may have, or its group."""
    names = parameters_of(ClusterValues)
    assert names.keys() <= PARAMETERS.keys()
    assert all(name.startswith("cluster_") for name in names)
    assert [name for name, each in names.items() if each.whose is not Whose.SERVER] == ["cluster_nodes"]


def test_nodes_have_one_form() -> None:
    """With commas or spaces; each counts once."""
    value = check("cluster_nodes", "sip:10.0.0.1,sip:10.0.0.2:5060  sip:10.0.0.1:5060")
    assert value == "sip:10.0.0.1:5060 sip:10.0.0.2:5060"
    policy = Policy(Settings().values(), {"cluster_nodes": value})
    assert policy.cluster_nodes == {"sip:10.0.0.1:5060", "sip:10.0.0.2:5060"}
    assert Policy(Settings().values()).cluster_nodes == frozenset()


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("sip:a.example.com", "is a name"),
        (" ".join(f"sip:10.0.0.{n}" for n in range(1, 11)), "9 nodes at the most"),
        (7, "text such as"),
    ],
)
def test_nodes_that_can_not_be(value: object, reason: str) -> None:
    """The fault is told."""
    with pytest.raises(InvalidSetting, match=f"bad cluster_nodes .*{reason}"):
        check("cluster_nodes", value)
