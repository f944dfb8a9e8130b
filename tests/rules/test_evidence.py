"""What a ping's end says."""

import pytest

from keepalive_core.rules.evidence import WORDS, Kind, Report, Result, replied


def result(kind: Kind = Kind.REPLY, code: int = 200, sent: int = 100, generation: int = 1) -> Result:
    return Result(generation, sent, sent + 5000, kind, code, "Reason" if kind is Kind.REPLY else "")


@pytest.mark.parametrize(
    ("outcome", "why"),
    [
        (result(code=200), "200 Reason in 5.0 ms"),
        (result(code=408), "408 Reason in 5.0 ms"),
        (Result(1, 0, 1500, Kind.REPLY, 200, ""), "200 in 1.5 ms"),
        (Result(1, 0, 3_062_000, Kind.TIMEOUT), "no reply in 3062 ms"),
        (Result(1, 0, 4_000_000, Kind.LOST), "no reply in 4000 ms"),
        (result(Kind.SEND_FAILED, 0), "the ping could not be sent"),
    ],
)
def test_why_tells_a_received_408_from_silence(outcome: Result, why: str) -> None:
    """The log says what came and how long it took, or that nothing came."""
    assert outcome.why() == why


@pytest.mark.parametrize(
    ("kind", "word", "is_silent", "is_our_fault", "why"),
    [
        (Kind.REPLY, "reply", False, False, "486 Gone in 5.0 ms"),
        (Kind.TIMEOUT, "timeout", True, False, "no reply in 5 ms: Gone"),
        (Kind.SEND_FAILED, "send_failed", False, False, "the ping could not be sent: Gone"),
        (Kind.LOST, "lost", True, False, "no reply in 5 ms: Gone"),
        (Kind.UNHEARD, "unheard", True, True, "no reply in 5 ms: Gone"),
        (Kind.UNSENT, "unsent", False, True, "not sent: Gone"),
    ],
)
def test_how_a_ping_ends(kind: Kind, word: str, is_silent: bool, is_our_fault: bool, why: str) -> None:
    """Each way has a word for programs, a sentence for people, and says whose fault it is."""
    assert len(Kind) == len(WORDS) == 6
    assert (kind.word, kind.is_silent, kind.is_our_fault) == (word, is_silent, is_our_fault)
    assert word in WORDS
    assert word.isidentifier()
    assert Result(1, 0, 5000, kind, 486 if kind is Kind.REPLY else 0, "Gone").why() == why


def test_how_long_it_took() -> None:
    """In ms, counted from when it left: to a tenth if there was a reply, to one if there was none."""
    assert Result(1, 5_000_000, 5_001_260, Kind.REPLY, 200, "OK").why() == "200 OK in 1.3 ms"
    assert Result(1, 5_000_000, 5_001_260, Kind.REPLY, 200).why() == "200 in 1.3 ms"
    assert Result(1, 5_000_000, 8_061_700, Kind.TIMEOUT).why() == "no reply in 3062 ms"
    assert replied(503, "", 9_999_949) == "503 in 9999.9 ms"


@pytest.mark.parametrize(("success", "said"), [(True, "reported alive: "), (False, "reported failing: ")])
def test_what_was_reported(success: bool, said: str) -> None:
    """Which way, and the script's reason in one line."""
    assert Report(success, "INVITE\nfailed").why().startswith(said)
    assert "\n" not in Report(success, "INVITE\nfailed").why()
    assert Result(1, 3, 7, Kind.TIMEOUT).at == 7
