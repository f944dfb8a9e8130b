"""The state of a name follows that of its targets."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepalive_core.rules import name_state
from keepalive_core.rules.name_state import Behind
from keepalive_core.rules.states import DOWN, UNKNOWN, UP

WORDS = ["1", "2", "5", "1%", "50%", "67%", "100%", "all"]
TARGETS = {
    "u": Behind("192.168.10.1:5060", UP, serves=True, is_new=False),
    "o": Behind("192.168.10.2:5060", UP, serves=False, is_new=False),
    "d": Behind("192.168.10.3:5060", DOWN, serves=True, is_new=False, reason="no reply in 3000 ms"),
    "n": Behind("192.168.10.4:5060", UNKNOWN, serves=True, is_new=True),
    "e": Behind("192.168.10.5:5060", UNKNOWN, serves=True, is_new=False),
    "v": Behind("192.168.10.6:5060", UNKNOWN, serves=True, is_new=True, is_in_vain=True),
}
_SOME = st.lists(st.sampled_from(sorted(TARGETS)), max_size=8)


def _targets(letters: str | list[str]) -> list[Behind]:
    return [TARGETS[each] for each in letters]


@pytest.mark.parametrize(
    ("word", "number", "least"),
    [("1", 4, 1), ("3", 4, 3), ("9", 4, 4), ("50%", 4, 2), ("50%", 3, 2), ("1%", 4, 1), ("all", 4, 4)],
)
def test_how_many_have_to_be_up(word: str, number: int, least: int) -> None:
    """A number, of which there may not be as many, a part that is rounded up, or all."""
    assert name_state.least(word, number) == least


@pytest.mark.parametrize("text", ["0", "1.5", "0%", "101%", "%", "", "some", "ALL", "1234567", "\u0661"])
def test_what_is_no_number_of_targets(text: str) -> None:
    """None at all would have a name be up whatever its targets are."""
    assert not name_state.is_word(text)


@pytest.mark.parametrize("text", [*WORDS, "999999", "99%"])
def test_what_is_a_number_of_targets(text: str) -> None:
    """A number from 1 on, a percentage, or all."""
    assert name_state.is_word(text)


@pytest.mark.parametrize(
    ("before", "word", "targets", "kept", "after"),
    [
        # What is new is waited for, whatever name_min_alive says of those of before.
        (UP, "2", "n", "d", None),
        (UP, "all", "n", "ud", None),
        # What can't be asked at all is waited for no longer.
        (UP, "1", "v", "", UNKNOWN),
        (UP, "1", "v", "dd", UNKNOWN),
        (UP, "1", "v", "du", UP),
        (UP, "1", "vn", "dd", None),
        (UP, "2", "vnn", "", None),
        (UP, "all", "vnn", "", UNKNOWN),
        (UP, "1", "vu", "", UP),
        # Decided by the targets that DNS says now.
        (UNKNOWN, "1", "u", "", UP),
        (UP, "1", "du", "", UP),
        (UP, "1", "dd", "", DOWN),
        (UP, "all", "du", "", DOWN),
        (UP, "50%", "dduu", "", UP),
        (UP, "50%", "ddun", "", None),
        (DOWN, "1", "dddu", "", UP),
        (UP, "2", "un", "", None),
        (UNKNOWN, "1", "dn", "", None),
        # Until the new ones are decided the old ones count, unless they speak against the name.
        (UP, "1", "nn", "uu", UP),
        (UP, "1", "nn", "du", UP),
        (UP, "1", "nn", "dd", None),
        (DOWN, "1", "nn", "dd", None),
        (UP, "all", "nn", "uu", None),
        (UP, "1", "dn", "u", UP),
        # Decided by the new ones, whatever the old ones are.
        (UP, "1", "dd", "uu", DOWN),
        (DOWN, "1", "du", "dd", UP),
        # No evidence stands behind it any more.
        (UP, "1", "ee", "", UNKNOWN),
        (DOWN, "1", "de", "", UNKNOWN),
        (UP, "1", "en", "", UNKNOWN),
        (UP, "all", "ue", "", UNKNOWN),
        (UP, "all", "uen", "", UNKNOWN),
        (UP, "1", "n", "e", UNKNOWN),
        # Nothing is known of its targets yet, or it has none.
        (UP, "1", "nn", "", None),
        (UNKNOWN, "1", "nn", "", None),
        (UP, "1", "", "", None),
        (UP, "1", "", "uu", None),
    ],
)
def test_what_follows_for_a_name(before: int, word: str, targets: str, kept: str, after: int | None) -> None:
    """Up, down or unknown; None if it keeps its state."""
    found = name_state.state_of(before, word, _targets(targets), _targets(kept))
    assert (found.state if found else None) == after


@pytest.mark.parametrize(
    ("word", "targets", "kept", "is_drained"),
    [
        *[("1", "o", "", True), ("1", "ou", "", False), ("2", "ouu", "", False), ("2", "ou", "", True)],
        *[("1", "od", "", True), ("1", "on", "", True), ("1", "on", "u", False), ("1", "on", "od", True)],
        *[("2", "oun", "u", False), ("2", "oun", "o", True)],
    ],
)
def test_a_name_is_drained_if_too_few_targets_take_calls(
    word: str, targets: str, kept: str, is_drained: bool
) -> None:
    """It is up, as its targets are, and gets no calls, as they get none; those of before take them too."""
    found = name_state.state_of(UP, word, _targets(targets), _targets(kept))
    assert found is not None
    assert (found.state, found.is_drained) == (UP, is_drained)


def test_the_reason_names_a_target_that_is_down() -> None:
    """How many are up, how many have to be, and why one is not."""
    down = "192.168.10.3:5060: no reply in 3000 ms"
    assert _reason("1", "uu") == "2 of 2 targets up"
    assert _reason("1", "oo") == "2 of 2 targets up, 0 in service"
    assert _reason("2", "oud") == f"2 of 3 targets up, 1 in service, 2 needed; {down}"
    assert _reason("1", "ud") == f"1 of 2 targets up; {down}"
    assert _reason("all", "ud") == f"1 of 2 targets up, 2 needed; {down}"
    long = [Behind("192.168.10.9:5060", DOWN, True, False, "x" * 9999)]
    found = name_state.state_of(UP, "1", long)
    assert found is not None
    assert len(found.reason) < 300


def _reason(word: str, targets: str) -> str:
    found = name_state.state_of(UNKNOWN, word, _targets(targets))
    return found.reason if found else ""


@given(st.sampled_from((UP, DOWN, UNKNOWN)), st.sampled_from(WORDS), _SOME, _SOME)
def test_the_order_of_targets_says_nothing(
    before: int, word: str, targets: list[str], kept: list[str]
) -> None:
    """Whichever order DNS gives them in."""
    found = name_state.state_of(before, word, _targets(targets), _targets(kept))
    again = name_state.state_of(before, word, _targets(targets[::-1]), _targets(kept[::-1]))
    assert found == again


@given(st.sampled_from((UP, DOWN, UNKNOWN)), st.sampled_from(WORDS), _SOME, _SOME)
def test_what_is_decided_stays_so_whatever_the_unknown_are(
    before: int, word: str, targets: list[str], kept: list[str]
) -> None:
    """A name is said to be up or down only if no answer of a target that is unknown could change that."""
    found = name_state.state_of(before, word, _targets(targets))
    if found is None or found.state == UNKNOWN:
        return
    unknown = [at for at, each in enumerate(targets) if each in "ne"]
    for answers in itertools.islice(itertools.product("ud", repeat=len(unknown)), 64):
        later = list(targets)
        for at, answer in zip(unknown, answers, strict=True):
            later[at] = answer
        after = name_state.state_of(found.state, word, _targets(later), _targets(kept))
        assert after is not None
        assert after.state == found.state


@given(st.sampled_from(WORDS), _SOME, _SOME)
def test_renumbering_makes_no_name_unknown_or_down(word: str, targets: list[str], kept: list[str]) -> None:
    """As long as all that DNS says is new, a name that is up stays so, whatever becomes of the old ones."""
    new = ["n"] * len(targets)
    old = [each for each in kept if each in "uod"]
    found = name_state.state_of(UP, word, _targets(new), _targets(old))
    assert found is None or found.state == UP


@given(st.sampled_from(WORDS), st.lists(st.sampled_from("uod"), min_size=1, max_size=8))
def test_one_more_target_up_takes_no_name_down(word: str, targets: list[str]) -> None:
    """More targets that are up are never worse, if none is unknown."""
    found = name_state.state_of(UP, word, _targets(targets))
    assert found is not None
    for at, each in enumerate(targets):
        if each == "d":
            better = name_state.state_of(UP, word, _targets([*targets[:at], "u", *targets[at + 1 :]]))
            assert better is not None
            assert not (found.state == UP and better.state == DOWN)


def test_when_the_new_ones_are_decided() -> None:
    """One that is down, or unknown again, was decided; one of which nothing was ever known was not."""
    assert name_state.are_decided(_targets("ude"))
    assert not name_state.are_decided(_targets("un"))


@pytest.mark.parametrize(
    ("before", "proxy", "stands", "found"),
    [
        (UP, "", True, (DOWN, False, "no records")),
        (UP, "sip:p", True, None),
        (DOWN, "sip:p", True, None),
        (UP, "sip:p", False, (UNKNOWN, False, "outbound_proxy 'sip:p': no records")),
        (UNKNOWN, "sip:p", True, (UNKNOWN, False, "outbound_proxy 'sip:p': no records")),
    ],
)
def test_a_name_without_targets(before: int, proxy: str, stands: bool, found: object) -> None:
    """It is down; if it is that of an outbound_proxy, nobody knows."""
    assert name_state.without_targets(before, "no records", proxy, stands) == found


@pytest.mark.parametrize(
    ("before", "stands", "stays"),
    [(UP, True, True), (UP, False, False), (UNKNOWN, True, False), (DOWN, True, False)],
)
def test_a_name_that_was_up_without_an_answer_from_dns(before: int, stands: bool, stays: bool) -> None:
    """That says nothing of it: it stays up for a while. One that never was is down."""
    found = None if stays else (DOWN, False, "no answer from DNS (SRV)")
    assert name_state.without_targets(before, "no answer from DNS (SRV)", "", stands) == found
