"""What is told once a minute."""

from keepalive_core.rules.minutely import Minutely
from keepalive_core.rules.times import SECOND


def test_what_is_told_once_a_minute() -> None:
    """Each kind for itself, and again after a minute to the microsecond."""
    minutely = Minutely()
    assert minutely.may_tell("a", 5)
    assert not minutely.may_tell("a", 5 + 60 * SECOND - 1)
    assert minutely.may_tell("b", 5 + 60 * SECOND - 1)
    assert minutely.may_tell("a", 5 + 60 * SECOND)
    assert not minutely.may_tell("a", 5 + 60 * SECOND)
