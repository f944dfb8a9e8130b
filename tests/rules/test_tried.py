"""To where a call was sent already."""

from hypothesis import given
from hypothesis import strategies as st

from keepalive_core.rules.tried import MOST, hops, with_one_more

words = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=9)


@given(st.lists(st.tuples(st.sampled_from(["sip:a", "sip:b", "sip:ab"]), words), max_size=MOST))
def test_each_destination_is_tried_by_itself(tries: list[tuple[str, str]]) -> None:
    """What was tried of one comes back in its order, and nothing of another."""
    text: str | None = ""
    for key, hop in tries:
        assert text is not None
        text = with_one_more(text, key, hop)
    assert text is not None
    for key in ("sip:a", "sip:b", "sip:c"):
        assert hops(text, key) == [hop for asked, hop in tries if asked == key]


def test_there_is_an_end() -> None:
    """A call is not sent on for ever, whatever DNS says."""
    text: str | None = ""
    for number in range(MOST):
        assert text is not None
        text = with_one_more(text, "sip:a", f"sip:{number}")
    assert text is not None
    assert len(hops(text, "sip:a")) == MOST
    assert with_one_more(text, "sip:b", "sip:c") is None
