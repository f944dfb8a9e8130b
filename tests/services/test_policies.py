"""What is in force for a destination, as a process remembers it."""

from __future__ import annotations

from types import ModuleType

from conftest import FakeServer


def policies() -> ModuleType:
    """The module in the process that was started last."""
    import keepalive_core.services.policies as module

    return module


def test_the_same_words_make_one_policy(server: FakeServer) -> None:
    """Destinations with the same options, in groups with the same options, share one."""
    keepalive = server.process()
    server.tick(2)
    keepalive.configure_group("g", fall=3)
    keepalive.configure_group("h", fall="3")
    one = policies().policy({"rise": 2}, ("g",))
    assert policies().policy({"rise": 2}, ("h",)) is one
    assert policies().policy({"rise": 2}, ("h", "no such group")) is one
    assert (one.criteria.fall, one.criteria.rise) == (3, 2)
    assert policies().policy({"rise": 2}) is not one


def test_another_word_makes_another_policy(server: FakeServer) -> None:
    """A change of a group, by any process, and one of the settings are followed at once."""
    keepalive = server.process()
    server.tick(2)
    mine = policies()
    assert mine.policy({}, ("g",)).criteria.fall == 1
    keepalive.configure_group("g", fall=3)
    assert mine.policy({}, ("g",)).criteria.fall == 3
    server.process().configure_group("g", fall=4)
    assert mine.policy({}, ("g",)).criteria.fall == 4
    assert mine.policy({}, ("h", "g")).criteria.fall == 4
    assert mine.policy_of(None).criteria.fall == 1
