"""What is said of a cluster to those who look."""

import pytest

from cluster_nodes import ALL, NODES
from keepalive_core.rules.cluster_shown import Node, decision, trouble
from keepalive_core.rules.cluster_verdict import Case, Outcome, Terms
from keepalive_core.rules.cluster_view import View
from keepalive_core.rules.cluster_word import DOWN, UP, Word

A, B, C = NODES
KEY = "sip:192.0.2.9:5060"
ME = Node(True, 0, 7, counts=True, version="0.9.0")
WELL = Node(True, 0.4, 9, counts=True, version="0.9.0")
VIEW = View(A, ALL, ALL, ALL, ALL)


@pytest.mark.parametrize(
    ("node", "state"),
    [
        (Node(), "never heard"),
        (Node(life=3, heard_ago=60), "dead"),
        (WELL, "live"),
        (WELL._replace(degraded=True), "degraded"),
        (WELL._replace(paused=True, joining=True), "paused, joining"),
        (WELL._replace(live=False, degraded=True), "dead"),
    ],
)
def test_a_node_in_a_word(node: Node, state: str) -> None:
    """That it is dead goes before what it said last."""
    assert node.state() == state


def test_all_is_well() -> None:
    """Then nothing is said: a node that is paused or joins is so because somebody wants it."""
    assert trouble(A, {A: ME, B: WELL, C: WELL._replace(paused=True, joining=True)}, 0) == []


@pytest.mark.parametrize(
    ("node", "said"),
    [
        (Node(), f"{B} has never been heard"),
        (WELL._replace(live=False, heard_ago=62.4), f"{B} has not been heard for 62 s"),
        (
            WELL._replace(degraded=True),
            f"{B} is degraded: what it can't reach others do, so it owns nothing",
        ),
        (WELL._replace(two_lives=True), f"two servers say that they are {B}"),
        (WELL._replace(config_differs=True), f"{B} has other settings or destinations than this node"),
        (WELL._replace(version="1.0"), f"{B} has version 1.0 of keepalive, this node 0.9.0"),
    ],
)
def test_trouble_of_another_node(node: Node, said: str) -> None:
    """Names it."""
    assert trouble(A, {A: ME, B: node}, 0) == [said]


def test_a_node_that_has_not_said_its_version() -> None:
    """Has no other one."""
    assert trouble(A, {A: ME, B: WELL._replace(version="0")}, 0) == []


def test_trouble_of_this_node() -> None:
    """Its own uplink, its name used twice, what it alone can't reach."""
    assert trouble(A, {A: ME._replace(degraded=True, two_lives=True), B: WELL}, 3) == [
        "this node is degraded: what it can't reach others do, so it owns nothing",
        "another server says that it is this node",
        "destinations that this node alone can't reach: 3",
    ]


def test_a_node_without_a_key() -> None:
    """It hears nobody, and why is said first."""
    assert trouble(A, {A: ME, B: Node()}, 0, is_keyless=True) == [
        "this node says and hears nothing: KEEPALIVE_CLUSTER_SECRET_FILE has no key, see the log",
        f"{B} has never been heard",
    ]


def case(terms: Terms | None = None, view: View = VIEW, **words: Word) -> Case:
    """Of KEY, with what A, B and C say."""
    named = {{"a": A, "b": B, "c": C}[name]: word for name, word in words.items()}
    return Case(KEY, view, named, terms or Terms())


def test_a_calm_destination() -> None:
    """Who pings it: this node, another one, or nobody."""
    only_a, only_b = (Terms(only=frozenset((each,))) for each in (A, B))
    assert decision(case(only_a), None, "") == "this node pings it"
    assert decision(case(only_b), None, "") == f"{B} pings it"
    alone = View(A, *(frozenset((A,)),) * 4)
    assert decision(case(only_b, alone), None, "") == "no node that may ping it is live"


def test_who_can_not_reach_it() -> None:
    """By their names, at those that can, and at those that can't."""
    said = decision(case(a=Word(UP), b=Word(DOWN)), Outcome.UP, "up")
    assert said == f"only {B} can't reach it: 1 of 3 nodes, 2 are needed"
    said = decision(case(a=Word(DOWN), c=Word(UP)), Outcome.ALONE, "down here")
    assert said == "only this node can't reach it: 1 of 3 nodes, 2 are needed"
    three = Terms(quorum=3)
    said = decision(case(three, a=Word(DOWN), b=Word(DOWN), c=Word(UP)), Outcome.ALONE, "down here")
    assert said == f"only this node and {B} can't reach it: 2 of 3 nodes, 3 are needed"


def test_a_word_that_does_not_count() -> None:
    """Of a node that is dead or degraded nothing is said."""
    some = frozenset((A, C))
    view = VIEW._replace(fit=some, ready=some, counted=some)
    assert decision(case(view=view, b=Word(DOWN), c=Word(UP)), Outcome.UP, "up") == "up"


def test_what_all_agree_on() -> None:
    """As the rule says it."""
    text = "down: 2 of 3 nodes can't reach it, 2 are needed"
    assert decision(case(a=Word(DOWN), b=Word(DOWN)), Outcome.DOWN, text) == text
    assert decision(case(a=Word(DOWN)), Outcome.HOLD, "asked") == "asked"
