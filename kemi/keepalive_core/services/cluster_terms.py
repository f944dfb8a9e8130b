"""On which terms destinations are in the cluster."""

from ..rules.cluster_verdict import Terms
from ..rules.policy import Policy
from ..rules.times import SECOND
from . import configuration

# What an answer takes beyond the pings that it rests on: messages, and ticks of those asked.
_BESIDE_US = SECOND


def of(policy: Policy) -> Terms:
    """Return the terms that are in force for a destination."""
    values = configuration.values()
    return Terms(int(values["cluster_quorum"]), int(values["cluster_vantage"]), policy.cluster_nodes)


def answer_us(policy: Policy) -> int:
    """Return for how long those are waited for that are asked for their word, in us."""
    criteria = policy.criteria
    return criteria.timeout * 1000 * criteria.fall + _BESIDE_US
