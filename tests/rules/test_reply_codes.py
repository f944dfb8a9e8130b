"""Which reply codes count as alive."""

import pytest

from keepalive_core.rules.reply_codes import parse_codes


@pytest.mark.parametrize(
    ("text", "ranges"),
    [
        ("2xx", ((200, 299),)),
        ("2xx,404, 480", ((200, 299), (404, 404), (480, 480))),
        ("200-499", ((200, 499),)),
        ("any", ((200, 699),)),
        ("2XX,6xx", ((200, 299), (600, 699))),
    ],
)
def test_reply_codes(text: str, ranges: object) -> None:
    """Codes, ranges, classes and any, with commas between them."""
    assert parse_codes(text) == ranges
