"""The families of metrics that a server in a cluster has."""

from typing import Final

from prometheus_client.core import GaugeMetricFamily

from .families import Family

_NODE: Final = ("node",)
LIVE: Final = Family(
    GaugeMetricFamily, "cluster_node_live", "1 if this server hears a node of its cluster, else 0.", _NODE
)
DEGRADED: Final = Family(
    GaugeMetricFamily,
    "cluster_node_degraded",
    "1 while a node says that the fault is its own: others reach what it can't; else 0.",
    _NODE,
)
PAUSED: Final = Family(GaugeMetricFamily, "cluster_node_paused", "1 while a node is paused, else 0.", _NODE)
DIFFERS: Final = Family(
    GaugeMetricFamily,
    "cluster_node_differs",
    "1 if a node has other settings or destinations than this one, else 0.",
    _NODE,
)
TWICE: Final = Family(
    GaugeMetricFamily, "cluster_node_two_lives", "1 if two servers say that they are a node, else 0.", _NODE
)
OWNED: Final = Family(GaugeMetricFamily, "cluster_owned", "Destinations that this node pings in calm.")
DOUBTED: Final = Family(
    GaugeMetricFamily, "cluster_doubted", "Destinations of which a node says that it can't reach them."
)
ALONE: Final = Family(
    GaugeMetricFamily,
    "cluster_alone",
    "Destinations that are down at this node alone: the others reach them.",
)

FAMILIES: Final = (LIVE, DEGRADED, PAUSED, DIFFERS, TWICE, OWNED, DOUBTED, ALONE)
"""All of them, in the order in which they are written"""
