"""Routes of kamailio.cfg, and what they are given."""

from types import ModuleType

from conftest import FakeServer


def test_variables_have_what_ksr_takes(keepalive: ModuleType, server: FakeServer) -> None:
    """A number of C is one; a larger one is text, and NUL and half a character are escaped."""
    from keepalive_core.kamailio import routes

    for value, written in ((-5, -5), (2**31, "2147483648"), ("a\0\udcff", "a\\x00\\udcff")):
        routes.set_variable("x", value)
        assert server.ksr.variables["x"] == written


def test_the_first_value_is_on_top(keepalive: ModuleType, server: FakeServer) -> None:
    """An AVP reads its newest value first; those that it had before are gone."""
    from keepalive_core.kamailio import routes

    routes.set_values("x", ["a", "b"])
    routes.set_values("x", iter(["c", "d"]))
    assert server.ksr.values["x"] == ["d", "c"]
