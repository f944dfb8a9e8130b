"""Whether nodes are configured alike, and of one version."""

import pytest

from cluster_pair import ME, OTHER, Lab
from conftest import FakeServer


@pytest.fixture
def one(server: FakeServer) -> Lab:
    lab = Lab(server)
    for number in range(250):
        assert lab.keepalive.add_destination(f"sip:10.0.1.{number + 1}", "me") == 0
    return lab


def number(one: Lab) -> int:
    found: int = one.process.talk.beat.config
    return found


def test_a_number_for_all_that_is_configured(one: Lab) -> None:
    """A while after the last change, some destinations at a time; another one after each change."""
    one.tick(4)
    assert number(one) == 0
    one.tick(4)
    first = number(one)
    assert first > 0
    assert one.other.peers[ME].beat.config == first
    assert one.keepalive.add_destination("sip:10.0.2.1", "me") == 0
    one.tick(40)
    second = number(one)
    assert second not in (0, first)
    assert one.keepalive.del_destination("sip:10.0.2.1", "me") == 0
    one.tick(40)
    assert number(one) == first
    one.server.ksr.settings["fall"] = "3"
    one.server.tick(2)
    one.tick(40)
    third = number(one)
    assert third not in (0, first, second)
    assert one.keepalive.configure_group("carriers", fall=5) == 0
    one.tick(40)
    assert number(one) not in (0, first, second, third)


def test_another_configuration_is_told_once(one: Lab) -> None:
    """If it stays for a minute; and again if it was the same meanwhile."""
    one.tick(10)
    one.other.beat = one.other.beat._replace(config=number(one))
    one.tick(70)
    assert one.lines("warn")[1:] == []
    one.other.beat = one.other.beat._replace(config=5)
    one.tick(50)
    assert one.lines("warn")[1:] == []
    one.tick(90)
    [line] = one.lines("warn")[1:]
    assert f"node {OTHER} of the cluster has other settings or destinations than this one" in line


def test_another_version_is_told_once(one: Lab) -> None:
    """With both."""
    one.other.beat = one.other.beat._replace(version="9.9")
    one.tick(5)
    [line] = [line for line in one.lines("info") if "version" in line]
    assert f"node {OTHER} of the cluster has version 9.9, this one " in line


def test_a_node_that_has_another_version_each_second_is_few_lines(one: Lab) -> None:
    """As two servers of one name have."""
    for second in range(40):
        one.other.beat = one.other.beat._replace(version=f"9.{second}")
        one.tick(2)
    assert len([line for line in one.lines("info") if "version" in line]) == 20
