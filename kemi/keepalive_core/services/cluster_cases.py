"""What is not calm in the cluster, as its process remembers it and writes it down for this node's others.

In calm one node says that a destination answers it, and pings it, its owner; of that nothing is kept.
"""

import time
from contextlib import suppress
from typing import Final

from ..kamailio import cluster_rows, queues
from ..kamailio.tables import SharedMemoryFull
from ..rules.cluster_acting import early_after, late_after, together_us
from ..rules.cluster_row_text import CaseRow
from ..rules.cluster_verdict import Case, Finding, Outcome
from ..rules.cluster_word import DOWN, NONE, UP
from ..rules.schedule import Wish


class Open:
    """A destination that is not calm."""

    def __init__(self) -> None:
        self.asked_since = 0
        """since when the others are asked, in us; 0 if they are not"""
        self.late_since = 0
        """since when others can reach it again, and not yet this node, in us; 0 if that is not so"""
        self.left_until = 0
        """until when it is said that others left it to this node to act, in us"""
        self.row = CaseRow()
        self.others: dict[str, str] = {}
        """the kinds of what the other nodes say"""

    def is_left(self, case: Case, now: int, answer_us: int) -> bool:
        """Say whether others left it to this node to act, and it has just reached it; see follow()."""
        if case.view.me in self.row.late and case.mine.answers:
            self.left_until = now + together_us(answer_us)
        return case.mine.answers and now < self.left_until

    def may_be_late_until(self, case: Case, row: CaseRow, now: int, answer_us: int) -> int:
        """Return until when that it is late is no fault of this node; 0 if it is not; see follow()."""
        self.late_since = (self.late_since or now) if case.view.me in row.late else 0
        return self.late_since and self.late_since + together_us(answer_us)


class Cases:
    """All destinations that are not calm."""

    def __init__(self) -> None:
        self._open: dict[str, Open] = {}
        self.alone: set[str] = set()
        """what this node alone can't reach; to be read only"""
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

    def follow(
        self,
        case: Case,
        found: Finding,
        pings: bool,
        is_owned: bool,
        now: int,
        answer_us: int,
        is_silent: bool = False,
    ) -> int:
        """Take over how a destination is, and have the prober follow.

        Arguments: case; found, what was made of it; pings, whether this node pings it; is_owned, whether it
        would in calm; now, in us; answer_us, how long an answer takes at most, in us; is_silent, whether
        nobody speaks of it for longer than that takes. Returns: when to look again in any case, in us; 0
        for not. Raises: SharedMemoryFull.
        """
        key, known = case.key, self._open.get(case.key) or Open()
        is_left = known.is_left(case, now, answer_us)
        if pings == is_owned and _is_calm(case) and not is_silent and not is_left:
            self.close(key)
            return 0
        self._open[key] = known
        known.asked_since = (known.asked_since or now) if case.mine.kind == DOWN else 0
        before, row = known.row, _row(case, found, pings, known.row)
        late = late_after(before, row, answer_us, case.view.ready)
        row = row._replace(early=early_after(before, row), late=late, left=is_left)
        until = known.may_be_late_until(case, row, now, answer_us)
        is_alone = found.outcome is Outcome.ALONE or (key in self.alone and _is_unanswered(case, found))
        _mark(self.alone, key, is_alone and now >= until)
        _mark(self.doubted, key, case.is_doubted())
        others = {node: word.kind for node, word in case.words.items() if node != case.view.me}
        is_news = others != known.others
        if row != before or is_news:
            cluster_rows.store_case(key, row)
            known.row, known.others = row, others
            queues.announce_change(key, _wish(case, row, before, is_news))
        again = known.left_until if is_left else until
        return again if now < again else 0

    def ask_again(self, key: str) -> None:
        """Have a destination pinged now, as what was said of it is too old. Raises: SharedMemoryFull."""
        if known := self._open.get(key):
            known.asked_since, known.others = 0, {}
        queues.announce_change(key, Wish.NOW)

    def close(self, key: str) -> None:
        """A destination is calm, or gone; one that was calm is no error. Raises: SharedMemoryFull."""
        if self._open.pop(key, None) is not None:
            self.alone.discard(key)
            self.doubted.discard(key)
            cluster_rows.remove_case(key)
            queues.announce_change(key)


def _is_calm(case: Case) -> bool:
    return all(case.words[node].kind in (NONE, UP) for node in case.view.counted if node in case.words)


def _is_unanswered(case: Case, found: Finding) -> bool:
    """Say whether this node is degraded, and nobody else says anything of what it can't reach.

    Nobody answers one that is degraded, and it may not hear who pings for it: that is no new finding.
    """
    return case.view.degraded and case.mine.kind == DOWN and found.down == 1 and bool(found.silent)


def _mark(keys: set[str], key: str, is_so: bool) -> None:
    if is_so:
        keys.add(key)
    else:
        keys.discard(key)


def _wish(case: Case, row: CaseRow, before: CaseRow, is_news: bool) -> Wish:
    """Return when it is to be pinged: at once if a word calls for another look, or nobody has looked."""
    if not row.ping:
        return Wish.REGULARLY
    is_called = is_news and (case.is_doubted() or case.mine.kind == DOWN)
    stands_in = not before.ping and case.is_unspoken()
    return Wish.NOW if is_called or stands_in else Wish.REGULARLY


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
