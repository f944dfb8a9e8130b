"""The keys of a cluster, as a file has them."""

import pytest

from keepalive_core.rules.checks import Refused
from keepalive_core.rules.cluster_keys import keys_of

ONE, OTHER = b"0123456789abcdef", b"fedcba9876543210"


def test_one_key_or_two() -> None:
    """In the order of the lines; empty ones and white space around a key are none of it."""
    assert keys_of(ONE, 0o640) == [ONE]
    assert keys_of(b"\n " + ONE + b"\r\n\n" + OTHER + b"\n", 0o100600) == [ONE, OTHER]


@pytest.mark.parametrize(
    ("content", "mode", "reason"),
    [
        (ONE, 0o644, "other users may read or write it; chmod o= takes that away"),
        (ONE, 0o642, "other users may"),
        (b" \n", 0o600, "it is empty"),
        (b"\n".join([ONE, OTHER, ONE + b"x"]), 0o600, "it has 3 lines"),
        (ONE + b"\nshort", 0o600, "the key of line 2 is none: 16 to 200 ASCII characters"),
        (ONE[:15], 0o600, "the key of line 1 is none"),
        (b"x" * 201, 0o600, "the key of line 1 is none"),
        (b"a key with some spaces", 0o600, "the key of line 1 is none"),
        (ONE + b"\0", 0o600, "the key of line 1 is none"),
        ("schlüssel-mit-umlaut".encode(), 0o600, "the key of line 1 is none"),
        (ONE + b"\n" + ONE, 0o600, "the same key twice"),
        (b"x" * 801, 0o600, "it is longer than 800 bytes"),
    ],
)
def test_what_is_no_file_of_keys(content: bytes, mode: int, reason: str) -> None:
    """The reason has nothing of a key."""
    with pytest.raises(Refused, match=reason) as refused:
        keys_of(content, mode)
    assert "0123" not in str(refused.value)
    assert "schl" not in str(refused.value)
