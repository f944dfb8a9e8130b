"""A number for how a node is configured."""

from keepalive_core.rules import cluster_sum
from keepalive_core.rules.policy import Settings
from keepalive_core.rules.rows import Owner

KEY = "sip:192.168.10.20:5060"


def test_what_makes_another_number() -> None:
    """Any setting but those that are each node's own."""
    values = Settings().values()
    number = cluster_sum.of_settings(values)
    assert cluster_sum.of_settings({**values, "fall": 7}) != number
    assert cluster_sum.of_settings({**values, "state_file": "/x", "ping_socket": "udp:a"}) == number


def test_a_destination() -> None:
    """Who wants it and how, in whatever order; a callback is each node's own."""
    one, other = Owner(0, "", None, {"fall": 3, "rise": 2}), Owner(0, "", None)
    number = cluster_sum.of_destination(KEY, {"a": one, "b": other})
    again = one._replace(options={"rise": 2, "fall": 3}, callback="x:y", user_attr=1)
    assert cluster_sum.of_destination(KEY, {"b": other, "a": again}) == number
    own = again._replace(options={**again.options, "ping_socket": "udp:a"})
    assert cluster_sum.of_destination(KEY, {"b": other, "a": own}) == number
    assert cluster_sum.of_destination(KEY, {"a": one}) != number
    assert cluster_sum.of_destination(KEY + "1", {"a": one, "b": other}) != number
    assert cluster_sum.of_destination(KEY, {"a": one, "b": other._replace(priority=1)}) != number


def test_a_group() -> None:
    """Its options and who gave them; none are as no group, and a node's own socket is nobody else's."""
    number = cluster_sum.of_group("a", {"script": {"fall": 3, "rise": 2}})
    assert (
        cluster_sum.of_group("a", {"b": {}, "script": {"rise": 2, "fall": 3, "ping_socket": "udp:a"}})
        == number
    )
    assert cluster_sum.of_group("a", {"script": {"fall": 4, "rise": 2}}) != number
    assert cluster_sum.of_group("b", {"script": {"fall": 3, "rise": 2}}) != number
    assert cluster_sum.of_group("a", {"script": {}}) == 0


def test_it_is_a_number_that_travels() -> None:
    """Never 0, and of 31 bits."""
    for parts in (0, 1, 2**31 - 2, 2**31 - 1, 2**31, 10**20):
        assert 1 <= cluster_sum.number(parts) <= 2**31 - 1
