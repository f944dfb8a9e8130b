"""What the callbacks have heard of a destination."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepalive_core.rules.news import News, is_sound

BEGAN = 1_700_000_000_000


def test_each_change_is_told() -> None:
    """In the usual case one after the other, and nothing is merged."""
    news = News.none_yet(0, BEGAN)
    assert (news.told, news.changes, news.merged) == (BEGAN, BEGAN, 0)
    for state in (1, 2, 1):
        news = news.one_more()
        news = news.after_telling(state, news.changes)
        assert (news.state, news.told, news.merged) == (state, news.changes, 0)
    assert news.changes == BEGAN + 3


def test_a_later_change_stands_for_those_between() -> None:
    """Three changes, of which only the last was told: two were told by it."""
    news = News.none_yet(0, BEGAN).one_more().one_more().one_more()
    assert news.after_telling(2, BEGAN + 3) == News(2, BEGAN + 3, BEGAN + 3, 2)


@pytest.mark.parametrize(("state", "merged"), [(2, 2), (0, 3)])
def test_the_present_state_stands_for_all(state: int, merged: int) -> None:
    """What found no room is caught up on: the last change by itself if the state is another one."""
    news = News.none_yet(0, BEGAN).one_more().one_more().one_more()
    assert news.caught_up(state) == News(state, BEGAN + 3, BEGAN + 3, merged)


def test_nothing_to_catch_up_on() -> None:
    """All was told: the state may be another one without a change, after a restart."""
    assert News.none_yet(0, BEGAN).caught_up(1) == News.none_yet(1, BEGAN)


@given(st.integers(0, 2), st.integers(0, 10**15), st.integers(0, 10**15), st.integers(0, 10**9))
def test_the_text_is_always_as_long(state: int, told: int, changes: int, merged: int) -> None:
    """So a row that is there needs no room to be changed; what is written is read."""
    news = News(state, told, changes, merged)
    assert News.from_text(news.text()) == news
    assert len(news.text()) == len(News.none_yet(0, 0).text())


@given(st.integers(0, 60), st.integers(0, 2), st.sampled_from(["", " ", "7", "x", "\u0663"]))
def test_what_is_sound_makes_sense(at: int, gone: int, come: str) -> None:
    """What we wrote is sound; of what somebody has changed only what can be read."""
    text = News(1, BEGAN, BEGAN + 1, 3).text()
    assert is_sound(text)
    changed = text[:at] + come + text[at + gone :]
    if is_sound(changed):
        assert len(News.from_text(changed).text()) == len(text)
