"""Where a body ends that comes in chunks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepalive_core.rules.http_access import Refusal
from keepalive_core.rules.http_chunks import Chunks
from keepalive_core.rules.http_heads import MOST_BODY


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


END = b"0\r\n\r\n"


@given(st.lists(st.binary(min_size=1, max_size=30), max_size=5), st.integers(1, 40), st.binary(max_size=10))
def test_a_body_however_it_is_torn(parts: list[bytes], size: int, behind: bytes) -> None:
    """All of it is taken, and nothing that is behind it."""
    data = b"".join(map(chunk, parts)) + END
    chunks = Chunks()
    taken = 0
    for at in range(0, len(data) + len(behind), size):
        found = chunks.take((data + behind)[at : at + size])
        assert isinstance(found, int)
        taken += found
    assert (taken, chunks.is_over) == (len(data), True)


@pytest.mark.parametrize(
    "data",
    [
        b"nonsense\r\n",
        b"\r\n",
        b"\n",
        b"3\nabc",
        b"-3\r\n",
        b"+3\r\n",
        b"0x3\r\n",
        b" 3\r\n",
        b"3 \r\n",
        b"3;a=b\r\n",
        b"000000003\r\n",
        b"3\r\nabcd\r\n",
        b"3\r\nab\r\n0\r\n\r\n",
        b"3\r\nabc\n",
        b"0\r\nX: 1\r\n\r\n",
        b"0\r\n\n",
        b"1" * 17,
        b"1" * 16 + b"\r\n",
        b"3\r\nabc" + b"x" * 1000,
        b"0\r\n" + b"x" * 1000,
    ],
)
def test_what_is_no_chunk(data: bytes) -> None:
    """It is refused as soon as that is seen, and in pieces too."""
    assert Chunks().take(data) == Refusal(400, "the body is not made of chunks")
    chunks = Chunks()
    assert any(isinstance(chunks.take(data[at : at + 1]), Refusal) for at in range(len(data)))


def test_the_longest_body() -> None:
    """It is as long in chunks as without; of a longer one the first size that is too large is enough."""
    longest = chunk(b"x" * (MOST_BODY - 1)) + chunk(b"y") + END
    assert Chunks().take(longest) == len(longest)
    for data in (chunk(b"x" * MOST_BODY) + b"1\r\n", b"%x\r\n" % (MOST_BODY + 1), b"FFFFFFFF\r\n"):
        refusal = Chunks().take(data)
        assert isinstance(refusal, Refusal)
        assert refusal.status == 413


@given(st.binary(max_size=100))
def test_whatever_comes(data: bytes) -> None:
    """No bytes make it fail, and no more are taken than have come."""
    found = Chunks().take(data)
    assert isinstance(found, Refusal) or 0 <= found <= len(data)
