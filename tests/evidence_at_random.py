"""Evidence of all kinds, and criteria by which it is judged, for tests that try many histories."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from keepalive_core.rules.calls import CallCriteria
from keepalive_core.rules.criteria import Criteria
from keepalive_core.rules.evidence import Call, EndOfDrain, Evidence, Expiry, Kind, Mismatch, Report, Result
from keepalive_core.rules.times import SECOND

START = 1000 * SECOND

evidence_at = st.one_of(
    st.tuples(st.just("reply"), st.sampled_from([200, 202, 404, 480, 503]), st.sampled_from([0, 0, 0, 7])),
    st.tuples(st.just("end"), st.sampled_from([kind for kind in Kind if kind is not Kind.REPLY])),
    st.tuples(st.just("report"), st.booleans()),
    st.tuples(st.just("call"), st.sampled_from([180, 200, 404, 408, 503])),
    st.tuples(st.sampled_from(["expiry", "drain", "mismatch"])),
)


def made(what: tuple[Any, ...], now: int) -> Evidence:
    """Return the evidence that a word stands for, at a time, us."""
    match what:
        case ("reply", code, retry_after):
            return Result(1, now - 5000, now, Kind.REPLY, code, "Reason", retry_after)
        case ("end", kind):
            return Result(1, now - 5000, now, kind)
        case ("report", success):
            return Report(success, "seen", now)
        case ("call", code):
            return Call(code, now)
        case ("expiry",):
            return Expiry("nothing was heard", now)
        case ("drain",):
            return EndOfDrain(now)
    return Mismatch(now)


CRITERIA = st.builds(
    Criteria,
    rise=st.integers(1, 3),
    fall=st.integers(1, 3),
    timeout=st.just(1000),
    drain_codes=st.sampled_from([(), ((480, 480),)]),
    drain_time=st.just(5),
    most_drain=st.sampled_from([0, 10]),
    flap_limit=st.sampled_from([0, 2, 3]),
    flap_window=st.just(60),
    flap_hold=st.just(10),
    flap_hold_max=st.just(40),
)
CALLS = st.builds(CallCriteria, st.sampled_from(["off", "shadow", "on"]), st.integers(1, 4), st.just(30))
