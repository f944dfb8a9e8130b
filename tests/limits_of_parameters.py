"""Which numbers the parameters take, as their refusals say."""

from __future__ import annotations

import re

import pytest

from keepalive_core.rules.parameters import PARAMETERS, InvalidSetting
from keepalive_core.rules.policy import Settings

NUMBERS = [
    name
    for name, parameter in PARAMETERS.items()
    if isinstance(parameter.default, int) and parameter.kind.unit
]


def limits(name: str) -> tuple[list[float], list[float]]:
    """Return which values a parameter of numbers allows at its limits, and which it refuses beyond them."""
    with pytest.raises(InvalidSetting) as refusal:
        Settings().modparam(name, 10**12)
    said = re.search(r"(0, or )?([\d.]+) to (\d+) \w+ is allowed", str(refusal.value))
    assert said, refusal.value
    low, high = (float(each) if "." in each else int(each) for each in said.groups()[1:])
    off = said[1] is not None
    step = 0.01 if isinstance(low, float) else 1
    beyond = [high + step, *([] if off and low - step == 0 else [low - step]), -1]
    return [low, high, *([0] if off else [])], beyond
