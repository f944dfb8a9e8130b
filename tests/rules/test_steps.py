"""Work in steps."""

import pytest

from keepalive_core.rules.steps import Steps, at_once


def work(steps: int) -> Steps[int]:
    for _ in range(steps):
        yield
    if not steps:
        raise ValueError("nothing to do")
    return steps


def test_all_steps_at_once() -> None:
    """It answers what the work returns, and raises what it raises."""
    assert at_once(work(3)) == 3
    with pytest.raises(ValueError, match="nothing to do"):
        at_once(work(0))
