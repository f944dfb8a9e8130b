"""The words of the cluster's nodes: what own evidence makes this node say, and what the words of all do here.

It lives in the cluster's process, which alone says and hears. Nothing here walks over all destinations but
when they, their settings or the nodes have changed, and then a slice at a time.
"""

import logging
from collections.abc import Callable
from functools import partial
from typing import Final

from ..kamailio import clock, cluster_rows, destination_rows, queues, startup_rows
from ..kamailio.kamailio_log import about
from ..kamailio.tables import SharedMemoryFull
from ..rules.cluster_looks import Looks
from ..rules.cluster_own_word import Judged, waits_for_evidence, word_after, word_kept
from ..rules.cluster_talk import Heeded, Talk
from ..rules.cluster_verdict import Case, Finding, Outcome, find, has_to_ping, reason
from ..rules.cluster_word import DOWN, DRAIN, LACKS, MUTE, NO_WORD, UP, Word
from ..rules.evidence import OfCluster
from ..rules.judging import Transition
from ..rules.minutely import Minutely
from ..rules.policy import Policy
from ..rules.schedule import Timetable
from ..rules.states import DOWN as IS_DOWN
from ..rules.states import UNKNOWN
from ..rules.states import UP as IS_UP
from ..rules.times import SECOND
from . import cluster_terms, orders, verdicts
from .cluster_cases import Cases
from .cluster_destinations import Destinations, policy_of, turn_us, uri_of
from .cluster_standing import Standing

log = logging.getLogger("keepalive")

_UNTIL_US: Final = 3 * SECOND // 10
"""For as long a tick goes on with what there is to do; the rest has its turn in the next one

Between two ticks the process rests a tenth of a second, and nodes that talk twice a second are heard well.
"""
_OWN_STATES: Final = {UP: IS_UP, DRAIN: IS_UP, DOWN: IS_DOWN}


class Words:
    """What this node says of destinations, and what becomes of them.

    Arguments: talk, with the other nodes.
    """

    def __init__(self, talk: Talk) -> None:
        self._talk = talk
        self._cases = Cases()
        self._standing = Standing(talk)
        self._known = Destinations(talk, self._safely)
        self._to_look = Looks(talk)
        self._asked = Timetable()
        """when those have had their time whose word is waited for"""
        self._unspoken = Timetable()
        """when this node stands in for the owner of a destination that nobody speaks of"""
        self._old: dict[str, int] = {}
        """what is pinged anew, as this node took back that it is down: until when its state stands, in us"""
        self._stands_in: set[str] = set()
        self._stale: dict[str, str] = {}
        """destinations that this node speaks of no more, as nothing fresh stands behind that: why"""
        self._listening: set[str] = set()
        """destinations of which all own evidence is waited for"""
        self._next_second = 0
        self._minutely = Minutely()

    def heed(self, heeded: Heeded, now: int) -> None:
        """Take note of what a message has changed."""
        self._to_look.add(*heeded.keys)

    def tick(self, now: int) -> None:
        """Say what there is to say, and have states follow."""
        for key in self._talk.take_back_old(now):
            self._old[key] = 0
            self._to_look.add(key)
        if now >= self._next_second:
            self._next_second = now + SECOND
            self._safely(self._talk.me, lambda _: self._do_each_second(now))
        is_started = startup_rows.is_started()
        if self._to_look.begins(is_started, _is_registered):
            if not self._talk.is_catching_up:
                self._look_at_some(self._to_look.doubted, now)
        else:
            self._follow_all(now)
        self._to_look.end_tick(now, is_started and clock.now() - now <= _UNTIL_US // 3)

    def _follow_all(self, now: int) -> None:
        """Follow whatever has changed, as long as there is time in this tick."""
        self._follow_others(now)
        for key, text in queues.announced_own():
            self._safely(key, partial(self._hear, text=text, now=now))
            if clock.now() - now > 2 * _UNTIL_US // 3:
                break
        self._to_look.add(*self._asked.take(now))
        for key in self._unspoken.take(now):
            self._safely(key, partial(self._stand_in, now=now))
        self._look_at_some(len(self._to_look), now)

    def _look_at_some(self, number: int, now: int) -> None:
        """Look at as many destinations, as long as there is time in this tick."""
        for _ in range(number):
            if clock.now() - now > _UNTIL_US:
                return
            self._safely(self._to_look.take(), partial(self._look, now=now))

    def _follow_others(self, now: int) -> None:
        """Look at what other nodes, or other settings, make another one."""
        if self._known.has_another_view():
            self._to_look.add(*self._cases.keys(), *self._stands_in)
        for key in self._known.walk():
            if key:
                self._to_look.add(key)
            if clock.now() - now > _UNTIL_US // 3:
                return

    def _do_each_second(self, now: int) -> None:
        self._known.follow_settings()
        cluster_rows.store_followed(now)
        self._standing.follow(self._known.shares, self._cases)

    def _safely(self, key: str, act: Callable[[str], None]) -> None:
        """Do something for a destination; if it fails, that is logged, and the others have their turn."""
        try:
            act(key)
        except SharedMemoryFull as error:
            # Whatever was not written is found to be another one at the next look.
            if self._minutely.may_tell("full", clock.now()):
                log.error("what the cluster says of %s is not followed now: %s", key, error)
            self._asked.bring_forward(key, clock.now() + SECOND)
        except Exception:
            log.exception("what the cluster says of %s can't be followed", key)

    # --- own evidence ---------------------------------------------------------------------------------------

    def _hear(self, key: str, text: str, now: int) -> None:
        """Say what own evidence makes of a destination; "" tells that it may be there, or not, as it was."""
        if not text and self._known.is_awaited(key):
            return  # as of most at the start
        self._to_look.add(key)
        if not text:
            self._known.take_in(key)
            return
        policy = policy_of(key)
        if policy is None:
            return
        judged = Judged.from_text(text)
        if not judged.stands:
            self._old.pop(key, None)
        self._talk.say(key, word_after(self._case(key, policy, now), judged))
        case = self._case(key, policy, now)
        if judged.own == UNKNOWN and not judged.stands and case.is_unspoken():
            # The others have as long as it takes them to stand in, and to ask.
            waits = turn_us(policy) + case.terms.answer_us if len(case.asked()) > 1 else 0
            self._stale[key] = judged.reason
            self._unspoken.put(key, now + waits)

    # --- what becomes of one --------------------------------------------------------------------------------

    def _look(self, key: str, now: int) -> None:
        """Have a destination follow what the nodes say of it."""
        policy = policy_of(key)
        if policy is None:
            act = self._lack if startup_rows.is_started() else self._to_look.add_unregistered
            act(key)
            return
        case = self._case(key, policy, now)
        if self._stands(case, policy, now) or self._is_followed_in_calm(case, policy, now):
            return
        if self._talk.say(key, word_kept(case)):
            case = self._case(key, policy, now)
        since, answer_us = self._cases.asked_since(key), case.terms.answer_us
        found = find(case, bool(since) and now - since >= answer_us)
        pings = self._follow_silence(case, policy, now)
        # Of what no node may ping that lives, the state gets old.
        is_silent = not pings and key in self._stands_in
        again = self._cases.follow(case, found, pings, self._is_calmly_mine(key), now, is_silent)
        self._talk.decide(key, self._cases.is_down(key))
        if again:
            self._asked.bring_forward(key, again)
        if found.outcome is Outcome.HOLD:
            self._asked.bring_forward(key, (since or now) + answer_us)
            if not since:
                log.info("%s stays as it is: %s", uri_of(key), found.text(), extra=about(self._talk.me))
        self._conclude(case, found, pings and waits_for_evidence(case), now)

    def _stands(self, case: Case, policy: Policy, now: int) -> bool:
        """Say whether the state stands of what is pinged anew; begin with that."""
        until = self._old.get(case.key)
        if until == 0:
            self._conclude(case, find(case)._replace(outcome=Outcome.STANDS), True, now)
            self._cases.ask_again(case.key)
            self._old[case.key] = until = now + case.terms.answer_us
            self._asked.put(case.key, until)
        if until is None or now >= until:
            self._old.pop(case.key, None)
            return False
        return True

    def _is_followed_in_calm(self, case: Case, policy: Policy, now: int) -> bool:
        """Do with a destination what comes of it in calm; say whether it is calm. Nearly always it is.

        Either nobody has spoken of it yet, or its owner alone does: another node, which it answers.
        """
        key, words, view = case.key, case.words, case.view
        if case.mine != NO_WORD or key in self._listening or key in self._stands_in or key in self._cases:
            return False
        saying = [node for node, word in words.items() if word != NO_WORD]
        if not saying and not self._is_calmly_mine(key):
            if key not in self._unspoken:
                self._unspoken.put(key, now + turn_us(policy))
            return True
        if len(saying) != 1 or view.asks_all or self._known.shares.owner(key) != saying[0]:
            return False
        [owner] = saying
        if owner not in view.counted or words[owner].kind != UP:
            return False
        self._stale.pop(key, None)
        self._conclude(case, find(case), False, now)
        return True

    def _lack(self, key: str) -> None:
        """Say that this node does not have a destination, if others speak of it."""
        words = self._talk.words_of(key)
        del words[self._talk.me]
        is_spoken_of = any(word.kind not in MUTE for word in words.values())
        self._talk.say(key, Word(LACKS) if is_spoken_of else NO_WORD)
        self._cases.close(key)
        for keys in (self._stands_in, self._listening):
            keys.discard(key)
        self._stale.pop(key, None)
        self._old.pop(key, None)

    def _is_calmly_mine(self, key: str) -> bool:
        view = self._talk.view
        return view.pings and (view.asks_all or key in self._known.shares.owned)

    def _follow_silence(self, case: Case, policy: Policy, now: int) -> bool:
        """Return whether this node pings a destination; if nobody speaks of it, it may do so later."""
        key = case.key
        is_unspoken = case.is_unspoken()
        if not is_unspoken:
            self._stands_in.discard(key)
            self._stale.pop(key, None)
        pings = has_to_ping(case, turns_unspoken=int(key in self._stands_in))
        if is_unspoken and not pings and key not in self._unspoken:
            self._unspoken.put(key, now + turn_us(policy))
        return pings

    def _stand_in(self, key: str, now: int) -> None:
        """Ping a destination of which nobody has said anything for an interval: its owner may not have it."""
        why = self._stale.pop(key, None)
        policy = policy_of(key)
        if policy is None or not self._case(key, policy, now).is_unspoken():
            return
        if orders.is_in_maintenance(key):
            self._unspoken.put(key, now + turn_us(policy))
            return
        self._stands_in.add(key)
        self._to_look.add(key)
        if why is not None:
            verdicts.apply(key, OfCluster(UNKNOWN, why, now))

    def _conclude(self, case: Case, found: Finding, is_listening: bool, now: int) -> None:
        """Write down what the words make of a destination."""
        key, own = case.key, _OWN_STATES.get(case.mine.kind, UNKNOWN)
        if found.outcome is Outcome.STANDS and not is_listening and key not in self._listening:
            return  # as it was: of most destinations, before their owners have spoken
        (self._listening.add if is_listening else self._listening.discard)(key)
        state = found.outcome.state
        said = OfCluster(state, reason(case, found), now, case.drain_until(now), own, is_listening)
        outcome = verdicts.judge(key, said)
        has_changed = outcome is not None and outcome.decision.transition is Transition.CHANGED
        if has_changed and found.outcome is Outcome.ALONE:
            log.warning("%s is down from this node alone: %s", uri_of(key), said.reason)

    def _case(self, key: str, policy: Policy, now: int) -> Case:
        """Return how a destination is."""
        case = Case(key, self._talk.view, self._talk.words_of(key), cluster_terms.of(policy))
        return case._replace(late=self._cases.late(case, now))


def _is_registered(key: str) -> bool:
    return destination_rows.service_code(key) is not None
