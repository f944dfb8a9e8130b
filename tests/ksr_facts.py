"""What tm tells of the targets of a name, which the fake tells too."""

from typing import Any

SILENT = 0
"""What a target answers that gives no answer."""
# With DNS failover: what the two targets of a name answer, and what tm tells of it: each reply's code, and
# the end with t_branch_timeout, which speaks of tm's favourite target, not of the last one.
ENDS: list[tuple[list[int], list[Any]]] = [
    ([200], [200]),
    ([301], [301, ["end", -1]]),
    ([404], [404, ["end", -1]]),
    ([408], [408, ["end", -1]]),
    ([603], [603, ["end", -1]]),
    ([999], [999, ["end", -1]]),
    ([503, 200], [503, 200]),
    ([503, 404], [503, 404, ["end", -1]]),
    ([503, 503], [503, 503, ["end", -1]]),
    ([503, SILENT], [503, ["end", 1]]),
    ([SILENT, 200], [200]),
    ([SILENT, 404], [404, ["end", -1]]),
    ([SILENT, 503], [503, ["end", 1]]),
    ([SILENT, 603], [603, ["end", -1]]),
    ([SILENT, SILENT], [["end", 1]]),
]
