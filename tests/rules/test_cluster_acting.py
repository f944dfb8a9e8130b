"""Which node acts for all if something becomes of a destination, or of what follows some."""

from __future__ import annotations

import pytest

from cluster_nodes import ALL, KEY, A, B, C, said, seen_by
from keepalive_core.rules import states
from keepalive_core.rules.cluster_acting import (
    Acting,
    acting_after,
    actor,
    actor_of_follower,
    begun,
    is_held,
    late,
    next_look,
)
from keepalive_core.rules.cluster_row_text import CaseRow
from keepalive_core.rules.cluster_verdict import Case, Finding, Outcome, Terms, find
from keepalive_core.rules.cluster_word import DOWN, LACKS, UP
from keepalive_core.rules.times import SECOND


class Node:
    """A node that looks at what all three say, again and again.

    Arguments: me; quorum; state, how the destination is there before.
    """

    def __init__(self, me: str, quorum: int = 2, state: int = states.UNKNOWN) -> None:
        self.state = state
        self.view = seen_by(me)
        self.terms = Terms(quorum, ping_us=SECOND // 2, fall=2)
        self.acting: Acting | None = None
        self.case = Case(KEY, self.view, {}, self.terms)
        self.found: Finding = find(self.case)

    def look(self, at: float, waited: bool = False, **kinds: str) -> str:
        """Take over what they say, see said(), at a time in s; return who acts for all, as it has that."""
        names = kinds.pop("decided", "")
        decided = {node for name, node in (("a", A), ("b", B), ("c", C)) if name in names}
        words = {node: word._replace(decided=node in decided) for node, word in said(**kinds).items()}
        now = round((1000 + at) * SECOND)
        self.case = Case(KEY, self.view, words, self.terms)
        if self.acting:
            self.case = self.case._replace(late=late(self.acting, self.case, now))
        self.found = find(self.case, waited)
        before = self.acting or begun(self.case, self.state)
        self.acting = acting_after(before, self.case, self.found, now)
        return actor(self.case, self.row, now)

    @property
    def row(self) -> CaseRow:
        """What it writes down."""
        assert self.acting
        outcome = self.found.outcome
        row = CaseRow(outcome=outcome.name, alone=outcome is Outcome.ALONE)
        return row._replace(acting=tuple(self.acting.nodes), acting_until=self.acting.until)

    def is_held(self, at: float) -> bool:
        """Say whether the row is kept at a time in s, though all is calm."""
        assert self.acting
        return is_held(self.acting, self.case, round((1000 + at) * SECOND))


def three(quorum: int = 2) -> list[Node]:
    """All three nodes, in the order in which they want the destination."""
    return [Node(me, quorum) for me in (A, B, C)]


def all_look(nodes: list[Node], at: float, waited: bool = False, **kinds: str) -> set[str]:
    """Have nodes look; return whom they take for the one that acts for all."""
    return {node.look(at, waited, **kinds) for node in nodes}


def test_of_what_is_calm_its_owner_acts() -> None:
    """As it does of what some say nothing of, or do not have."""
    assert actor(Case(KEY, seen_by(B), {}), None, 0) == A
    assert all_look(three(), 0) == {A}
    assert all_look(three(), 0, a=LACKS) == {B}
    assert all_look(three(), 0, waited=True, a=DOWN, b=UP, c=UP) == {B}


@pytest.mark.parametrize(
    ("times", "acts"),
    [((0, 2, 2), A), ((0, 5, 5), A), ((0, 6, 6), B), ((0, 0, 60), A)],
    ids=[
        "all at once",
        "within the time of two answers and a second",
        "the owner could not before",
        "the last one follows when it is down for all",
    ],
)
def test_of_what_nobody_reaches_one_acts_to_which_that_is_news(times: tuple[int, ...], acts: str) -> None:
    """All nodes that hear the same say the same one, and that stays so."""
    nodes = three()
    kinds: dict[str, str] = {}
    for at in sorted({*times}):
        kinds |= {name: DOWN for name, since in zip("abc", times, strict=True) if since == at}
        found = all_look(nodes, at, **kinds)
    assert found == {acts}
    assert all_look(nodes, 3600, **kinds) == {acts}


def test_not_who_was_alone_with_it_a_moment_before() -> None:
    """Down it is there already, once all that are asked have answered, or were waited for."""
    nodes = three()
    all_look(nodes, 0, a=DOWN, b=UP)
    assert all_look(nodes, 2, a=DOWN, b=DOWN) == {A}, "C has not answered before"
    nodes = three()
    all_look(nodes, 0, a=DOWN, b=UP, c=UP)
    assert all_look(nodes, 2, a=DOWN, b=DOWN, c=DOWN) == {B}
    waiting = Node(A)
    waiting.look(0, waited=True, a=DOWN, b=UP)
    assert waiting.look(2, a=DOWN, b=DOWN, c=DOWN) == B
    nodes = three(quorum=3)
    all_look(nodes, 0, a=DOWN, b=DOWN, c=UP)
    assert all_look(nodes, 3, a=DOWN, b=DOWN, c=DOWN) == {C}
    assert all_look(nodes, 60, a=DOWN, b=DOWN, c=DOWN) == {C}


def test_not_who_was_degraded_when_others_could_still_reach_it() -> None:
    """Even if it is not any more, as it is alone with nothing then."""
    nodes = [Node(B), Node(C)]
    for node in nodes:
        node.view = seen_by(node.view.me, fit=ALL - {A}, ready=ALL - {A}, counted=ALL - {A})
    assert all_look(nodes, 0, a=DOWN, b=DOWN) == {B}
    assert all_look(nodes, 1, a=DOWN, b=DOWN, c=DOWN) == {B}
    for node in nodes:
        node.view = seen_by(node.view.me)
    assert all_look(nodes, 9, a=DOWN, b=DOWN, c=DOWN) == {B}
    assert all_look(nodes, 60, a=DOWN, b=UP, c=UP) == {B}
    assert all_look(nodes, 61, a=UP, b=UP, c=UP) == {B}


@pytest.mark.parametrize("last", [DOWN, UP])
def test_of_what_comes_back_its_owner_acts(last: str) -> None:
    """It may see that a moment later than others: they leave it to that one. Later they say who pings it."""
    nodes = three()
    all_look(nodes, 0, a=DOWN, b=DOWN, c=DOWN)
    if last == DOWN:
        assert all_look(nodes, 58, a=DOWN, b=UP, c=DOWN) == {A}
    assert all_look(nodes, 60, a=DOWN, b=UP, c=UP) == {A}
    assert all_look(nodes, 62, a=DOWN, b=UP, c=UP) == {A}
    assert all_look(nodes, 66, a=DOWN, b=UP, c=UP) == {B}
    owner = nodes[0]
    assert owner.look(3600, a=UP, b=UP, c=UP) == A, "however late that is"
    assert not owner.is_held(3600), "as in calm"


def test_what_was_left_to_who_is_degraded_by_now() -> None:
    """It acts for all when it can reach it at last; to one that was degraded already nothing is left."""
    for when, acts in ((59, B), (66, A)):
        owner = Node(A)
        owner.look(0, a=DOWN, b=DOWN, c=DOWN)
        for at in (59, 60, 66):
            if at == when:
                owner.view = seen_by(ready=ALL - {A}, degraded=True)
            kind = DOWN if at == 59 else UP
            owner.look(at, a=DOWN, b=kind, c=kind)
        assert owner.look(90, a=UP, b=UP, c=UP) == acts
        assert owner.is_held(90) is (acts == A)
        assert not owner.is_held(96)


def test_what_one_alone_could_not_reach_comes_back_to_nobody_else() -> None:
    """It does not act for all, as it did not when it lost that; after that it is its owner again."""
    nodes = three()
    all_look(nodes, 0, waited=True, a=DOWN, b=UP, c=UP)
    owner = nodes[0]
    assert owner.look(60, a=UP, b=UP, c=UP) == B
    assert owner.is_held(60)
    assert owner.look(66, a=UP, b=UP, c=UP) == A
    assert not owner.is_held(66)


def test_who_could_not_reach_it_long_before_is_not_waited_for() -> None:
    """Nor when it comes back: the others act then, and that one acts for nobody."""
    nodes = three()
    all_look(nodes, 0, waited=True, a=DOWN, b=UP, c=UP)
    assert all_look(nodes, 60, a=DOWN, b=DOWN, c=DOWN) == {B}
    assert all_look(nodes, 90, a=DOWN, b=UP, c=UP) == {B}
    assert nodes[0].look(91, a=UP, b=UP, c=UP) == B


def test_who_could_not_reach_it_long_before_acts_for_nobody_though_it_can_first() -> None:
    """All nodes remember that until it has come back."""
    nodes = three()
    all_look(nodes, 0, waited=True, a=DOWN, b=UP, c=UP)
    all_look(nodes, 60, a=DOWN, b=DOWN, c=DOWN)
    all_look(nodes, 89, a=UP, b=DOWN, c=DOWN)
    assert all_look(nodes, 90, a=UP, b=UP, c=DOWN) == {B}


def test_to_who_could_not_reach_it_a_moment_before_it_is_news_that_it_comes_back() -> None:
    """Nodes that hear each other a moment later may not agree on who was: of this they need not."""
    nodes = three()
    all_look(nodes, 0, a=DOWN, b=UP, c=UP)
    assert all_look(nodes, 2, a=DOWN, b=DOWN, c=DOWN) == {B}
    assert all_look(nodes, 60, a=DOWN, b=UP, c=UP) == {A}


def test_who_took_part_when_nobody_could_reach_it_acts_though_it_has_said_nothing() -> None:
    """It had begun before, or a state file told it; of these the owner in calm acts, as of anything else."""
    nodes = [Node(B), Node(C)]
    for node in nodes:
        node.view = seen_by(node.view.me, ready=ALL - {A})
        node.look(0, b=DOWN)
        node.view = seen_by(node.view.me)
    all_look(nodes, 10, b=DOWN, c=DOWN)
    assert all_look(nodes, 60, a=UP, b=UP, c=UP) == {A}
    nodes = [Node(me, state=states.DOWN) for me in (A, B, C)]
    all_look(nodes, 0, b=DOWN, c=DOWN)
    assert all_look(nodes, 60, a=UP, b=UP, c=UP) == {A}


def test_what_was_left_to_one_stays_so_while_others_change() -> None:
    """It is the first of those to whom it was news, and not the owner, to which it was none."""
    nodes = three()
    all_look(nodes, 0, waited=True, a=DOWN, b=UP, c=UP)
    all_look(nodes, 60, a=DOWN, b=DOWN, c=DOWN)
    all_look(nodes, 89, a=UP, b=DOWN, c=UP)
    last = nodes[1]
    last.look(99, a=UP, b=DOWN, c=UP)
    assert last.look(120, a=UP, b=UP, c=UP) == B
    assert last.is_held(120)


def test_it_goes_again_before_all_could_reach_it() -> None:
    """To who still could not that is no news, unless it was a matter of a moment."""
    for again, acts in ((3, A), (60, B)):
        nodes = three()
        all_look(nodes, 0, a=DOWN, b=DOWN, c=DOWN)
        all_look(nodes, 1, a=DOWN, b=UP, c=UP)
        assert all_look(nodes, again, a=DOWN, b=DOWN, c=DOWN) == {acts}


def test_who_was_alone_a_moment_ago_and_reached_it_again_acts() -> None:
    """If nobody can any more: it is news to that one, too; but not if it was alone once more before."""
    for again, acts in ((False, A), (True, B)):
        nodes = three()
        all_look(nodes, 1, a=DOWN, b=UP, c=UP)
        all_look(nodes, 2, a=UP, b=UP, c=UP)
        if again:
            all_look(nodes, 3, a=DOWN, b=UP, c=UP)
        assert all_look(nodes, 4, a=DOWN, b=DOWN, c=DOWN) == {acts}


def test_who_asks_once_more_while_it_is_late_acts() -> None:
    """A node that joins meanwhile is asked, too, but to it is no news what comes back."""
    nodes = [Node(B), Node(C)]
    for node in nodes:
        node.view = seen_by(node.view.me, ready=ALL - {A})
    assert all_look(nodes, 0, b=DOWN, c=DOWN) == {B}
    assert all_look(nodes, 1, waited=True, b=DOWN, c=UP) == {B}
    for node in nodes:
        node.view = seen_by(node.view.me)
    assert all_look(nodes, 1.2, b=DOWN, c=UP) == {B}
    assert nodes[0].found.outcome is Outcome.HOLD
    assert all_look(nodes, 1.4, a=UP, b=UP, c=UP) == {B}


@pytest.mark.parametrize("gone", [[{B, C}], [{C}, {B}]], ids=["at once", "one after another"])
def test_who_is_alone_with_it_acts_for_nobody_though_all_others_begin_anew(gone: list[set[str]]) -> None:
    """Without any it is down for all that live, but it was down there before."""
    node = Node(A)
    node.look(0, waited=True, a=DOWN, b=UP, c=UP)
    for at, away in enumerate(gone, 1):
        reaching = {name: UP for name, each in (("b", B), ("c", C)) if each not in away}
        node.view = seen_by(A, ALL - away)
        node.look(60 * at, waited=True, a=DOWN, **reaching)
        node.view = seen_by(A, ready=ALL - away)
        node.look(60 * at + 10, waited=True, a=DOWN, **reaching)
        node.view = seen_by(A)
        node.look(60 * at + 13, waited=True, a=DOWN, b=UP)
    assert node.look(300, a=UP, b=UP) == B


def test_who_alone_remembers_that_nobody_could_reach_it_acts() -> None:
    """To all others, which have begun anew since, it is no news that it comes back."""
    nodes = three()
    all_look(nodes, 0, waited=True, a=DOWN, b=UP, c=UP)
    assert all_look(nodes, 60, a=DOWN, b=DOWN, c=DOWN) == {B}
    nodes = [nodes[0], Node(B, state=states.DOWN), Node(C, state=states.DOWN)]
    for node in nodes:
        node.view = seen_by(node.view.me, ready=frozenset({A}), pings=node.view.me == A)
    all_look(nodes, 90, a=DOWN, decided="a")
    for node in nodes:
        node.view = seen_by(node.view.me)
    all_look(nodes, 93, a=DOWN, decided="a")
    assert all_look(nodes[1:], 94, waited=True, a=DOWN, b=UP) == {A}
    nodes[0].look(94, waited=True, a=DOWN, b=UP)
    nodes[0].look(95, waited=True, a=DOWN, b=UP)
    assert nodes[0].look(96, a=UP, b=UP) == A


def test_who_could_not_reach_it_when_it_was_alone_acts_as_that_is_over() -> None:
    """What it took down for all that lived, itself, comes back to it, however late."""
    node = Node(A)
    node.view = seen_by(A, frozenset({A}))
    assert node.look(0, a=DOWN) == A
    node.view = seen_by(A)
    node.look(60, waited=True, a=DOWN, b=UP)
    assert node.look(90, a=UP, b=UP) == A


def test_who_acts_lives() -> None:
    """Though it has been left to one that is dead by now."""
    node = Node(B)
    node.look(0, a=DOWN, b=DOWN, c=DOWN)
    assert node.look(60, a=DOWN, b=UP, c=UP) == A
    node.view = seen_by(B, ALL - {A})
    assert node.look(61, a=DOWN, b=UP, c=UP) == B


def test_who_acts_for_what_follows_others() -> None:
    """Neither who is alone with one of them, nor to whom it is no news, unless it is to none of all."""
    calm = Case(KEY, seen_by(A), {})
    alone, down = Node(A), Node(A)
    alone.look(0, waited=True, a=DOWN, b=UP, c=UP)
    down.look(0, waited=True, a=UP, b=DOWN, c=UP)
    down.look(60, a=DOWN, b=DOWN, c=DOWN)
    now = 1060 * SECOND
    assert actor_of_follower(calm, [], now) == A
    assert actor_of_follower(calm, [alone.row], now) == B
    assert actor_of_follower(calm, [down.row], now) == A
    assert actor_of_follower(calm, [alone.row, down.row], now) == C
    nobody = down.row._replace(acting=())
    assert actor_of_follower(calm, [nobody], now) == A
    split = [CaseRow(outcome=Outcome.DOWN.name, acting=(node,)) for node in (B, C)]
    assert actor_of_follower(calm, split, now) == A
    degraded = calm._replace(view=seen_by(ready=ALL - {A}, degraded=True))
    back = CaseRow(outcome=Outcome.UP.name, acting=(A, B, C), acting_until=now + 1)
    assert actor_of_follower(degraded, [back], now) == A, "it was left to it"
    assert actor_of_follower(degraded, [back], now + 1) == B


def begins(node: Node) -> None:
    """It listens, and the others know that."""
    node.view = seen_by(node.view.me, ready=ALL - {node.view.me}, pings=False)


@pytest.mark.parametrize("decided", ["", "b"])
def test_what_others_decided_before_a_node_took_part_is_no_news_to_it(decided: str) -> None:
    """It would be its own by rank; what is only in doubt is decided together."""
    node = Node(A, state=states.UP)
    node.view = seen_by(A, ALL - {C}, ready=frozenset({B}), pings=False)
    node.look(0, b=DOWN, decided=decided)
    node.view = seen_by(A, ALL - {C})
    node.look(2, b=DOWN, decided=decided)
    acts = B if decided else A
    assert node.look(3, a=DOWN, b=DOWN, decided=decided) == acts
    assert node.look(9, a=DOWN, b=DOWN, decided=decided) == acts
    assert node.look(60, a=UP, b=DOWN, decided=decided) == A, "it knows of it since, as B has heard"
    node.look(61, a=UP)
    assert node.look(70, a=DOWN, b=DOWN, decided="b") == A, "it takes part"


def test_who_begins_does_not_act_for_what_comes_back_before_it_has_said_a_word() -> None:
    """It may know of it by what the others say, by its state file, or not at all."""
    for state in (states.UNKNOWN, states.UP, states.DOWN):
        nodes = [Node(A, state=state), Node(B), Node(C)]
        all_look(nodes[1:], 0, a=DOWN, b=DOWN, c=DOWN)
        for node in nodes:
            node.view = seen_by(node.view.me, ready=ALL - {A}, pings=node.view.me != A)
        all_look(nodes, 10, b=DOWN, c=DOWN)
        for node in nodes:
            node.view = seen_by(node.view.me)
        all_look(nodes, 12, b=DOWN, c=DOWN)
        assert all_look(nodes[:2], 13, b=UP, c=DOWN) == {B}
        assert all_look(nodes, 14, b=UP, c=UP) == {B}


def test_who_has_begun_acts_again_as_soon_as_it_has_said_a_word() -> None:
    """So one acts though all have begun anew, one after another, while it was down."""
    nodes = three()
    all_look(nodes, 0, a=DOWN, b=DOWN, c=DOWN)
    for at, (name, me) in enumerate(zip("abc", (A, B, C), strict=True), 1):
        others = {each: DOWN for each in "abc" if each != name}
        nodes = [Node(me, state=states.DOWN) if node.view.me == me else node for node in nodes]
        for node in nodes:
            node.view = seen_by(node.view.me, ready=ALL - {me}, pings=node.view.me != me)
        all_look(nodes, 20 * at, **others)
        for node in nodes:
            node.view = seen_by(node.view.me)
        all_look(nodes, 20 * at + 3, **others)
        all_look(nodes, 20 * at + 4, a=DOWN, b=DOWN, c=DOWN)
    assert all_look(nodes, 100, a=DOWN, b=UP, c=UP) == {A}
    assert nodes[0].look(102, a=UP, b=UP, c=UP) == A


def test_a_word_that_crossed_another_one_takes_nothing_down_again() -> None:
    """C asked it before it came back: that counts no sooner than it would after another ping."""
    node = Node(B)
    node.look(0, a=DOWN, b=DOWN)
    node.look(60, a=DOWN, b=UP)
    node.look(60.3, a=DOWN, b=UP, c=DOWN)
    assert (node.case.late, node.found.outcome) == ({B, C}, Outcome.UP)
    node.look(62, a=DOWN, b=UP, c=DOWN)
    assert (node.case.late, node.found.outcome) == (frozenset(), Outcome.DOWN)
    node = Node(C)
    node.look(0, a=DOWN, b=DOWN)
    node.look(60, a=DOWN, b=UP)
    node.look(60.3, a=DOWN, b=UP)
    assert node.case.late == {C}, "as it may hear now that a ping of it failed"
    node.look(60.4, a=DOWN, b=UP, c=DOWN)
    assert node.found.outcome is Outcome.UP


def test_when_time_makes_another_thing_of_it() -> None:
    """When a moment is over in which words may have crossed, and when all have been told that it is back."""
    node = Node(B)
    node.look(0, a=DOWN, b=DOWN)
    assert node.acting is not None
    assert next_look(node.acting, node.case, 1001 * SECOND) == 0
    node.look(60, a=DOWN, b=UP)
    found = [next_look(node.acting, node.case, round((1000 + at) * SECOND)) / SECOND for at in (61, 62, 65)]
    assert found == [1061.5, 1065, 0]
    node.look(70, a=DOWN, b=DOWN)
    assert next_look(node.acting, node.case, 1071 * SECOND) == 0, "it is down again"


def test_a_node_is_alone_only_if_another_one_has_been_asked() -> None:
    """Of what goes as its owner becomes another one, one acts, though the former one's word still stands."""
    nodes = three()
    for node in nodes:
        node.look(0, a=DOWN, b=UP, old="b")
        assert node.found.outcome is not Outcome.ALONE
    assert all_look(nodes, 1, a=DOWN, b=DOWN, c=DOWN) == {A}
    nodes = three()
    all_look(nodes, 0, a=DOWN, b=UP, c=UP)
    assert all_look(nodes, 1, a=DOWN, b=DOWN, c=DOWN) == {B}


def test_who_joins_a_moment_after_it_came_back_does_not_act() -> None:
    """Though it owns it now, and all is calm: a callback may ask as late as that."""
    nodes = [Node(A, state=states.DOWN), Node(B), Node(C)]
    all_look(nodes[1:], 0, a=DOWN, b=DOWN, c=DOWN)
    for node in nodes:
        node.view = seen_by(node.view.me, ready=ALL - {A}, pings=node.view.me != A)
    all_look(nodes, 10, b=DOWN, c=DOWN)
    all_look(nodes, 11, b=UP)
    assert all(node.is_held(11) for node in nodes)
    for node in nodes:
        node.view = seen_by(node.view.me)
    assert all_look(nodes, 11.2, b=UP) == {B}
    assert not any(node.is_held(17) for node in nodes)
