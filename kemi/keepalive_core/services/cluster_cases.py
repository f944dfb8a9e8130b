"""What is not calm in the cluster, as its process remembers it and writes it down for this node's others.

In calm one node says that a destination answers it, and pings it, its owner; of that nothing is kept.
"""

import time
from contextlib import suppress
from typing import Final

from ..kamailio import cluster_rows, destination_rows, queues
from ..kamailio.tables import SharedMemoryFull
from ..rules.cluster_acting import acting_after, begun, is_held, late, next_look
from ..rules.cluster_calm import is_alone, is_at_fault, is_calm, when_to_ping
from ..rules.cluster_row_text import CaseRow
from ..rules.cluster_verdict import Case, Finding, Outcome
from ..rules.cluster_word import DOWN, NONE
from ..rules.schedule import Wish
from ..rules.states import UNKNOWN


class Open:
    """A destination that is not calm."""

    def __init__(self, case: Case) -> None:
        self.asked_since = 0
        """since when the others are asked, in us; 0 if they are not"""
        health = destination_rows.health(case.key)
        self.acting = begun(case, health.state if health else UNKNOWN)
        self.row = CaseRow()
        self.others: dict[str, str] = {}
        """the kinds of what the other nodes say"""


class Cases:
    """All destinations that are not calm."""

    def __init__(self) -> None:
        self._open: dict[str, Open] = {}
        self.alone: set[str] = set()
        """what this node alone can't reach; to be read only"""
        self.at_fault: set[str] = set()
        """what it can't reach by its own fault, as far as it knows; to be read only"""
        self.doubted: set[str] = set()
        """what another node can't reach; to be read only"""
        # Of a former script, which this process ran before it was reloaded.
        for key in cluster_rows.case_keys():
            cluster_rows.remove_case(key)
            with suppress(SharedMemoryFull):
                queues.announce_change(key)

    def __contains__(self, key: str) -> bool:
        return key in self._open

    def keys(self) -> list[str]:
        """Return all of them."""
        return list(self._open)

    def asked_since(self, key: str) -> int:
        """Return since when the others are asked about a destination, in us; 0 if they are not."""
        known = self._open.get(key)
        return known.asked_since if known else 0

    def is_down(self, key: str) -> bool:
        """Say whether the words made a destination "down" last."""
        known = self._open.get(key)
        return known is not None and known.acting.outcome is Outcome.DOWN

    def late(self, case: Case, now: int) -> frozenset[str]:
        """Return the nodes whose "down" does not count yet, as in cluster_acting.late()."""
        known = self._open.get(case.key)
        return late(known.acting, case, now) if known else frozenset()

    def follow(
        self,
        case: Case,
        found: Finding,
        pings: bool,
        is_owned: bool,
        now: int,
        is_silent: bool = False,
    ) -> int:
        """Take over how a destination is, and have the prober follow.

        Arguments: case; found, what was made of it; pings, whether this node pings it; is_owned, whether it
        would in calm; now, in us; is_silent, whether nobody speaks of it for longer than an answer takes.
        Returns: when to look again in any case, in us; 0 for not. Raises: SharedMemoryFull.
        """
        key, known = case.key, self._open.get(case.key) or Open(case)
        acting = known.acting = acting_after(known.acting, case, found, now)
        self._follow_fault(case, is_alone(acting, case, found, now))
        if pings == is_owned and is_calm(case) and not is_silent and not is_held(acting, case, now):
            self.close(key)
            return 0
        self._open[key] = known
        known.asked_since = (known.asked_since or now) if case.mine.kind == DOWN else 0
        before, row = known.row, _row(case, found, pings, known.row)
        row = row._replace(acting=tuple(sorted(acting.nodes)), acting_until=acting.until)
        _mark(self.doubted, key, case.is_doubted())
        others = {node: word.kind for node, word in case.words.items() if node != case.view.me}
        is_news = others != known.others
        if row != before or is_news:
            cluster_rows.store_case(key, row)
            known.row, known.others = row, others
            queues.announce_change(key, when_to_ping(case, row.ping, before.ping, is_news))
        return next_look(acting, case, now)

    def _follow_fault(self, case: Case, is_alone: bool) -> None:
        key, was_at_fault = case.key, case.key in self.at_fault
        _mark(self.alone, key, is_alone)
        _mark(self.at_fault, key, is_at_fault(case, is_alone, was_at_fault))
        if was_at_fault and case.mine.answers and len(self.at_fault) > len(self.alone):
            # It reaches something again: what nobody else reaches, either, is no fault of its own any more.
            self.at_fault &= self.alone

    def ask_again(self, key: str) -> None:
        """Have a destination pinged now, as what was said of it is too old. Raises: SharedMemoryFull."""
        if known := self._open.get(key):
            known.asked_since, known.others = 0, {}
        queues.announce_change(key, Wish.NOW)

    def close(self, key: str) -> None:
        """A destination is calm, or gone; one that was calm is no error. Raises: SharedMemoryFull."""
        if self._open.pop(key, None) is not None:
            for keys in (self.alone, self.at_fault, self.doubted):
                keys.discard(key)
            cluster_rows.remove_case(key)
            queues.announce_change(key)


def _mark(keys: set[str], key: str, is_so: bool) -> None:
    if is_so:
        keys.add(key)
    else:
        keys.discard(key)


_UNSAID: Final = ("", "", 0)


def _row(case: Case, found: Finding, pings: bool, before: CaseRow) -> CaseRow:
    wall, words = int(time.time()), {}
    for node, word in sorted(case.words.items()):
        kind, _, since = before.words.get(node, _UNSAID)
        if word.kind != NONE:
            words[node] = (word.kind, word.reason, since if kind == word.kind else wall)
    is_alone, is_down = (found.outcome is each for each in (Outcome.ALONE, Outcome.DOWN))
    agreed = is_down and case.is_agreed()
    return CaseRow(words, found.outcome.name, found.text(), is_alone, found.asked, pings, agreed)
