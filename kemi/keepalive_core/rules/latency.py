"""How long replies took: what is kept of the last pings, and what that says (pure)."""

import math
from typing import Final

# The newest sample's part in the average, as Kamailio's dispatcher has it (ds_latency_estimator_alpha).
LATENCY_WEIGHT: Final = 0.1

# A ping's latency is kept in one character, on a scale of steps of 13 % from 0.1 ms to 10 s.
_SMALLEST_US: Final = 100
_STEPS: Final = 8
_FIRST_MARK: Final = ord("!")
_LAST_MARK: Final = ord("}")
LOSS: Final = "~"
"""The sample of a ping that was lost at least once."""
RECENT: Final = 50
"""The number of samples that are kept of each destination."""


def sample(latency_us: int) -> str:
    """Return the character that stands for a latency."""
    mark = _FIRST_MARK
    if latency_us > _SMALLEST_US:
        mark += round(_STEPS * math.log(latency_us / _SMALLEST_US))
    return chr(mark) if mark < _LAST_MARK else chr(_LAST_MARK)


def latency_of(mark: str) -> int:
    """Return the latency in us that a character stands for, to 7 %."""
    return int(_SMALLEST_US * math.exp((ord(mark) - _FIRST_MARK) / _STEPS))


def with_sample(samples: str, mark: str) -> str:
    """Return the last samples, one more among them."""
    return (samples + mark)[-RECENT:]


def average(known_us: int, latency_us: int) -> int:
    """Return the moving average in us after one more latency."""
    return known_us + int((latency_us - known_us) * LATENCY_WEIGHT)


def percentile(samples: str, percent: int) -> int:
    """Return the given percentile of the latencies in us; 0 if there are none."""
    answered = sorted(samples.replace(LOSS, ""))
    return latency_of(answered[(len(answered) * percent - 1) // 100]) if answered else 0


def loss(samples: str) -> float:
    """Return the percentage of the samples that were lost at least once."""
    return 100 * samples.count(LOSS) / len(samples) if samples else 0.0
