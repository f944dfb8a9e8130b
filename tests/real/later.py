"""scenario.py with a keepalive of days to come: its nodes say more than is known today."""

import os
import sys

sys.path.insert(0, os.path.dirname(__file__))
from scenario import *  # noqa: F403 - it is that script, but for what follows

from keepalive_core.rules import cluster_lines

_beat_line, _head, _fact_line = cluster_lines.beat_line, cluster_lines.head, cluster_lines.fact_line


def _lines_of_a_beat(beat):
    flags = _beat_line(beat._replace(version="9.9.9")).split(" ")
    flags[3] = "resting" if flags[3] == "-" else f"{flags[3]},resting"
    return " ".join([*flags, "0.7", "load=3"]) + "\nweather 3 sunny"


cluster_lines.beat_line = _lines_of_a_beat
cluster_lines.head = lambda *fields: _head(*fields) + " zone-a"
cluster_lines.fact_line = lambda *fields: _fact_line(*fields) + " urgent"
