"""What the process of the cluster is to tell the other nodes, from the process that an administrator asked.

==================  ==============================================  ======
queue               key                                             value
==================  ==============================================  ======
``keepalive_said``  a cluster_orders.Ordered, as JSON               ""
==================  ==============================================  ======
"""

from collections.abc import Iterator
from typing import Final

import KSR

SAID: Final = "keepalive_said"
MOST_SAID: Final = 10_000
"""as many orders may wait: the process takes some thousand a second"""


def say(text: str) -> bool:
    """Have the other nodes told; False if there is no room."""
    return KSR.mqueue.mq_size(SAID) < MOST_SAID and KSR.mqueue.mq_add(SAID, text, "") > 0


def said(most: int) -> Iterator[str]:
    """Take what is to be told. Arguments: most, so many."""
    for _ in range(most):
        if not KSR.mqueue.mq_fetch(SAID) > 0:
            return
        yield KSR.mqueue.mqk_get(SAID)
