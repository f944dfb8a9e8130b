"""What Prometheus is given of the cluster that this server is in, as it sees it; nothing without one."""

from collections.abc import Iterable, Iterator
from typing import Final

from ..services import shown_cluster
from .families import Family, Row
from .families_of_cluster import ALONE, DEGRADED, DIFFERS, DOUBTED, LIVE, OWNED, PAUSED, TWICE

_OF_A_NODE: Final = (
    (LIVE, "live"),
    (DEGRADED, "degraded"),
    (PAUSED, "paused"),
    (DIFFERS, "config_differs"),
    (TWICE, "two_lives"),
)


def of_cluster() -> Iterator[tuple[Family, Iterable[Row]]]:
    """Yield each family, and its rows; this server itself is one of the nodes."""
    if not shown_cluster.is_on():
        return
    known = shown_cluster.server()
    for family, what in _OF_A_NODE:
        yield family, [((name,), int(node[what])) for name, node in known["nodes"].items()]
    for family, number in ((OWNED, known["owns"]), (DOUBTED, known["doubted"]), (ALONE, known["alone"])):
        yield family, [((), number)]
