"""On which terms destinations are in the cluster."""

from ..rules.cluster_verdict import Terms
from ..rules.policy import Policy
from . import configuration


def of(policy: Policy) -> Terms:
    """Return the terms that are in force for a destination."""
    values = configuration.values()
    quorum, vantage = int(values["cluster_quorum"]), int(values["cluster_vantage"])
    criteria = policy.criteria
    return Terms(quorum, vantage, policy.cluster_nodes, criteria.timeout * 1000, criteria.fall)
