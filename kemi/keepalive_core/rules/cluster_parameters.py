"""The parameters of a cluster, which mean nothing to a server that is in none (pure)."""

from . import kinds
from .kinds import number, whole
from .parameter import Parameter, Whose
from .units import PERCENT, SECONDS

# Eight peers, and the node itself.
_MOST_NODES = 9


class ClusterValues:
    """Those of parameters.Values that are of a cluster."""

    cluster_quorum = Parameter(
        2,
        whole(1, _MOST_NODES, "nodes"),
        "nodes of a cluster that have to say that a destination is down for it to be down at all of them",
        "Of those that are asked, if they are fewer. 1: its owner alone decides.",
        whose=Whose.SERVER,
    )
    cluster_vantage = Parameter(
        0,
        whole(1, _MOST_NODES, "nodes", off=True),
        "nodes of a cluster that are asked of a destination that one of them can't reach; 0: all",
        whose=Whose.SERVER,
    )
    cluster_heartbeat = Parameter[float](
        1, number(0.2, 10, SECONDS), "time after which a node of a cluster speaks again", whose=Whose.SERVER
    )
    cluster_timeout = Parameter[float](
        5,
        number(0.6, 120, SECONDS),
        "time after which a node of a cluster that was silent is dead, and the others ping its share",
        "Never less than three `cluster_heartbeat`.",
        whose=Whose.SERVER,
    )
    cluster_join = Parameter[float](
        2,
        number(0.2, 60, SECONDS, off=True),
        "time for which a node of a cluster that starts listens to the others before it pings",
        whose=Whose.SERVER,
    )
    cluster_degraded = Parameter(
        30,
        whole(0, 99, PERCENT),
        "part of its share that a node of a cluster may alone fail to reach before it leaves it all; 0: off",
        "Three destinations at the least. Its own network is taken for the fault then.",
        whose=Whose.SERVER,
    )
    cluster_nodes = Parameter(
        "",
        kinds.NODES,
        "nodes of a cluster that alone ping a destination; empty: all of them may",
        "For a carrier that knows one of our addresses only. Their names are as in `KEEPALIVE_NODE`.",
    )
