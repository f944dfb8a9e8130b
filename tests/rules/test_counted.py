"""As what evidence is counted, and for which groups."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepalive_core.rules import counted
from keepalive_core.rules.counted import CounterKey, groups_in, read, set_of, timed, word_for
from keepalive_core.rules.criteria import Criteria
from keepalive_core.rules.evidence import Call, EndOfDrain, Evidence, Expiry, Kind, Mismatch, Report, Result

CRITERIA = Criteria(most_drain=60)


def result(kind: Kind, code: int = 0, retry_after: int = 0) -> Result:
    return Result(1, 1_000, 21_000, kind, code, "", retry_after)


IN_20_MS = timed("", 20_000)


@pytest.mark.parametrize(
    ("evidence", "word"),
    [
        (result(Kind.REPLY, 200), "ok" + IN_20_MS),
        (result(Kind.REPLY, 404), "failed" + IN_20_MS),
        (result(Kind.REPLY, 503), "failed" + IN_20_MS),
        (result(Kind.REPLY, 503, 10), "drained" + IN_20_MS),
        (result(Kind.TIMEOUT), "timeout"),
        (result(Kind.LOST), "timeout"),
        (result(Kind.SEND_FAILED), "failed"),
        (result(Kind.UNHEARD), "void"),
        (result(Kind.UNSENT), "void"),
        (Call(200, 1), "call_ok"),
        (Call(486, 1), "call_ok"),
        (Call(503, 1), "call_failed"),
        (Report(True, ""), "report_ok"),
        (Report(False, ""), "report_failed"),
        (Mismatch(1), "mismatched"),
        (Expiry("", 1), ""),
        (EndOfDrain(1), ""),
    ],
)
def test_evidence_has_one_word(evidence: Evidence, word: str) -> None:
    """A ping's result has exactly one, with the cell of its duration if a reply came."""
    assert word_for(evidence, CRITERIA) == word


def test_a_drain_by_code_and_a_listed_code_are_known() -> None:
    """The criteria that the ping bore say what a code is."""
    criteria = Criteria(codes=((404, 404),), drain_codes=((480, 480),), drain_time=9)
    assert word_for(result(Kind.REPLY, 404), criteria) == "ok" + IN_20_MS
    assert word_for(result(Kind.REPLY, 480), criteria) == "drained" + IN_20_MS
    assert word_for(result(Kind.REPLY, 200), criteria) == "failed" + IN_20_MS


NAMES = st.text(
    st.one_of(st.sampled_from(',*#%"\\ a='), st.characters(exclude_categories=["Cs"])),
    min_size=1,
    max_size=20,
)


@given(st.sets(NAMES, max_size=4), st.sets(NAMES, max_size=4))
def test_no_name_fakes_another_set(one: set[str], other: set[str]) -> None:
    """Sets have one text if they are one, in any order; it is one word, and is read back as that set."""
    text = set_of(tuple(one))
    assert text == set_of(tuple(reversed(tuple(one))))
    assert (text == set_of(tuple(other))) == (one == other)
    assert re.fullmatch("[!-~]+", text)
    assert read(f"timeout {text}") == CounterKey("timeout", None, text)
    known = groups_in(text)
    assert known is None or set(known) == one


def test_many_groups_or_long_names_are_hashed() -> None:
    """The text has a bound; another set has another one."""
    names = tuple("é" * 120 + str(number) for number in range(100))
    text = set_of(names)
    assert len(text) < 30
    assert groups_in(text) is None
    assert set_of(names[1:]) != text
    assert read(f"ok/3 {text}") == CounterKey("ok", 3, text)


@pytest.mark.parametrize(
    "key",
    [
        *("", " ", "ok", "ok ", "nonsense *", "ok/ *", "ok/-1 *", "ok/999 *", "ok/1234 *", "ok/² *"),
        *("ok/3 b,a", "ok/3 a,a", "ok/3 a b", "ok/3 %zz", "ok/3 %FF", "ok/3 #12", "ok/3 a,", "ok/3 **"),
    ],
)
def test_what_was_not_written_here_is_none(key: str) -> None:
    """Whoever may use RPC can write into the table."""
    assert read(key) is None


def test_the_words_are_apart() -> None:
    """No word is the beginning of a timed one, and each has one meaning."""
    everything = [
        *counted.PINGS,
        *counted.CALLS,
        *counted.REPORTS,
        *counted.CHANGES.values(),
        counted.MISMATCHED,
    ]
    assert len(everything) == len(counted.WORDS)
    assert not [word for word in everything if not word.isidentifier()]
