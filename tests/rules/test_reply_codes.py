"""Which reply codes count as alive."""

import pytest

from keepalive_core.rules import reply_codes
from keepalive_core.rules.reply_codes import has_code, parse_codes


@pytest.fixture(autouse=True)
def _nothing_is_remembered() -> None:
    """What was read before would be an answer to what is read now."""
    reply_codes._known.forget()


@pytest.mark.parametrize(
    ("text", "ranges"),
    [
        ("", ()),
        ("2xx", ((200, 299),)),
        ("2xx,404, 480", ((200, 299), (404, 404), (480, 480))),
        ("200-499", ((200, 499),)),
        ("any", ((200, 699),)),
        ("ANY, 200-200", ((200, 699), (200, 200))),
        ("2XX,6xx", ((200, 299), (600, 699))),
        ("200,699", ((200, 200), (699, 699))),
    ],
)
def test_reply_codes(text: str, ranges: object) -> None:
    """Codes, ranges, classes and any, with commas between them; the same again from memory."""
    assert parse_codes(text) == ranges
    assert parse_codes(text) == ranges


@pytest.mark.parametrize(
    "text", ["199", "700", "300-200", "1xx", "7xx", "2xxx", "20", "2000", "x200", ",", "all"]
)
def test_what_is_no_code(text: str) -> None:
    """Provisional codes are no answers; the refusal says what there is."""
    part = text.split(",", maxsplit=1)[0]
    with pytest.raises(ValueError, match=f"^'{part}' is no code, range, class or 'any' of 200 to 699$"):
        parse_codes(text)


@pytest.mark.parametrize(
    ("code", "is_listed"), [(199, False), (200, True), (299, True), (300, False), (404, True), (405, False)]
)
def test_what_is_listed(code: int, is_listed: bool) -> None:
    """The first and the last of a range, and what is beside."""
    assert has_code(((200, 299), (404, 404)), code) == is_listed
    assert not has_code((), code)
