"""Draws inputs that are nearly good: what is drawn at random alone is refused at the first character."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st

NASTY = [
    *("\x00", "\x7f", "\n", "\r\n", "\ud800", "\ufeff", "\u2028", "\u00df", "\u0663", "\U0001d7d9", "\u0130"),
    *("9" * 5000, "-", "+", "_", "1e999", "nan", "inf", "0x1", "%", "%%", "%s", "{}", "[" * 2000, '"', "'"),
    *(
        ";",
        ":",
        "@",
        "[",
        "]",
        ",",
        "=",
        "#",
        " ",
        "\t",
        "null",
        "true",
        "1.5",
        "-1",
        "x" * 300,
        "\\",
        "\u00b2",
    ),
]

anything = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.binary(), st.just(object)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(), inner, max_size=3)),
    max_leaves=5,
)
"""what a script may give for an argument"""


@st.composite
def near_misses(draw: st.DrawFn, good: Sequence[str | bytes]) -> str | bytes:
    """Draw what was good before one or more things happened to it."""
    text = draw(st.sampled_from(good))
    is_bytes = isinstance(text, bytes)
    pieces = [each.encode("utf-8", "surrogatepass") if is_bytes else each for each in NASTY]
    for _ in range(draw(st.integers(1, 4))):
        first, last = sorted((draw(st.integers(0, len(text))), draw(st.integers(0, len(text)))))
        patch = draw(
            st.one_of(
                st.sampled_from(pieces),
                st.sampled_from([text[:0], text[first:last], text[first:last] * 2]),
                st.binary(max_size=8) if is_bytes else st.text(max_size=8),
            )
        )
        text = text[:first] + patch + text[draw(st.sampled_from([first, last])) :]
    return text
