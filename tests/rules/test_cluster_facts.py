"""What administrators said: whatever order it comes in, all nodes end with the same."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from keepalive_core.rules import cluster_facts
from keepalive_core.rules.cluster_facts import BUCKETS, MOST_NUMBER, Fact, Facts, bucket

A, B = "sip:10.0.0.1:5060", "sip:10.0.0.2:5060"
KEYS = ["sip:a:5060", "sip:b:5060", "sip:c:5060"]
SAID = st.lists(
    st.builds(
        Fact,
        st.integers(1, 5),
        st.sampled_from([A, B]),
        st.just("admin"),
        st.sampled_from(KEYS),
        st.just("m"),
    ),
    unique_by=lambda fact: fact[:4],
)


@given(said=SAID, data=st.data())
def test_the_order_does_not_matter(said: list[Fact], data: st.DataObject) -> None:
    """Of one thing the highest number counts, then the later name; sums are equal if all that is known is."""
    one, other = Facts(A), Facts(B)
    for fact in said:
        known = one.get(fact.subject)
        assert one.take(fact) == (known is None or known[:2] < fact[:2])
    for fact in data.draw(st.permutations(said + said[:2])):
        other.take(fact)
    assert {*one} == {*other}
    assert one.differing(other.sums) == set()
    for key in KEYS:
        about = [fact for fact in said if fact.key == key]
        assert one.get(("admin", key)) == max(about, default=None)
    new = one.say("admin", KEYS[0], "drain")
    assert new == (max([0, *(fact.number for fact in said)]) + 1, A, "admin", KEYS[0], "drain", 0)
    assert other.differing(one.sums) == {bucket(new.subject)}
    assert new.subject in one.in_buckets({bucket(new.subject)})
    assert one.in_buckets({*range(BUCKETS)} - {bucket(new.subject)}) == [
        fact.subject for fact in one if bucket(fact.subject) != bucket(new.subject)
    ]
    assert other.take(new)
    assert {*one} == {*other}


def test_how_many_facts_there_are() -> None:
    """Of one thing there is one."""
    facts = Facts(A)
    for key in ("sip:a:5060", "sip:b:5060", "sip:a:5060"):
        facts.say("admin", key, "maint")
    assert len(facts) == len([*facts]) == 2


def test_what_is_said_here_is_later_than_all_that_was_seen() -> None:
    """A number alone, from a heartbeat, is enough."""
    facts = Facts(A)
    facts.see(41)
    assert facts.say("admin", "sip:a:5060", "maint").number == 42


def test_numbers_have_an_end() -> None:
    """Whoever has heard the highest one goes on with it: a higher one would be read by nobody."""
    facts = Facts(A)
    facts.see(MOST_NUMBER)
    assert facts.say("admin", "sip:a:5060", "maint").number == MOST_NUMBER


def test_of_so_many_things_facts_are_heard(monkeypatch) -> None:
    """Of what is known already later ones are heard, too."""
    monkeypatch.setattr(cluster_facts, "MOST_FACTS", 2)
    facts = Facts(A)
    heard = [facts.take(Fact(1, B, "admin", key, "m")) for key in KEYS]
    assert (heard, len(facts)) == ([True, True, False], 2)
    assert facts.take(Fact(2, B, "admin", KEYS[0], ""))
    assert facts.differing(Facts(A).sums) == {bucket(fact.subject) for fact in facts}


def test_when_a_fact_holds() -> None:
    """Until its end, and not if it says that nothing is said any more."""
    fact = Fact(1, A, "admin", "sip:a:5060", "maint", 100)
    assert [fact.holds(now) for now in (99, 100)] == [True, False]
    assert fact._replace(ends=0).holds(10**18)
    assert not fact._replace(value="").holds(1)


def test_of_what_is_over_so_much_is_remembered(monkeypatch) -> None:
    """The newest, at all nodes the same; a thing of which something is said again is no longer over."""
    monkeypatch.setattr(cluster_facts, "MOST_ENDED", 2)
    facts = Facts(A)
    for key in KEYS:
        facts.say("admin", key, "maint")
    for key in reversed(KEYS):
        facts.say("admin", key, "")
    assert {fact.key for fact in facts} == {*KEYS[:2]}
    assert facts.sums == [
        sum(fact.digest() for fact in facts if bucket(fact.subject) == at) % 2**32 for at in range(BUCKETS)
    ]
    facts.say("admin", KEYS[0], "drain")
    facts.say("admin", KEYS[2], "")
    assert {fact.key for fact in facts} == {*KEYS}


def test_what_is_long_over_stays_the_same_fact(monkeypatch) -> None:
    """It counts among those that say nothing any more, and no other node is asked for it, or told."""
    monkeypatch.setattr(cluster_facts, "MOST_ENDED", 1)
    one, other = Facts(A), Facts(B)
    for fact in [one.say("admin", key, "drain", 100) for key in KEYS[:2]]:
        other.take(fact)
    one.empty(("admin", KEYS[0]))
    one.empty(("admin", KEYS[0]))
    one.empty(("admin", "sip:unknown"))
    assert (one.differing(other.sums), one.clock, len(one)) == (set(), 2, 2)
    assert one.get(("admin", KEYS[0])).value == ""
    assert not one.take(other.get(("admin", KEYS[0])))
    assert one.take(Fact(2, B, "admin", KEYS[0], "maint"))
    one.empty(("admin", KEYS[0]))
    one.empty(("admin", KEYS[1]))
    assert {fact.key for fact in one} == {KEYS[0]}
