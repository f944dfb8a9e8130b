"""What is_alive says of a destination, and the groups of which enough have to be answered for."""

import logging
from collections.abc import Iterable
from typing import Final

from . import configuration, guards, shared_memory
from .guards import Standing
from .health import DOWN, UNKNOWN, UP
from .shared_memory import Member, Registration

log = logging.getLogger("keepalive")

_UNKNOWN_ANSWERS: Final = {"up": UP, "down": DOWN, "error": -1}


def answer(key: str, shown: int) -> int:
    """Return what is_alive says of a destination.

    Arguments: key, the destination's; shown, its state and admin mode in one number.
    """
    own = _own_answer(key, shown)
    return UP if own != UP and shared_memory.is_held(key) else own


def _own_answer(key: str, shown: int) -> int:
    if shown == UNKNOWN:
        registered = shared_memory.registration(key)
        return _UNKNOWN_ANSWERS[configuration.policy(registered.options if registered else {}).unknown_as]
    # More than a state: it was taken out, by an administrator or by itself.
    return UP if shown == UP else DOWN


def members(name: object) -> list[Member] | None:
    """Return a group's members, the best first; None if there is no such group."""
    return shared_memory.group(name) if isinstance(name, str) and name else None


# What this process was asked for, and the answers, as long as the revision stays.
_alive: dict[str, list[str]] = {}
_alive_at: int | None = None


def alive(name: object) -> list[str]:
    """Return the URIs of a group's members that is_alive says 1 of, the best first.

    Each is asked anew after a change only: for ten members 0.5 us instead of 8.
    """
    global _alive_at
    if not isinstance(name, str):
        return []
    # Read before what it stands for: a change that comes meanwhile makes the answer an old one.
    revision = shared_memory.revision()
    if revision != _alive_at:
        _alive.clear()
        _alive_at = revision
    found = _alive.get(name)
    if found is None:
        # Two owners may have put a destination into the same group.
        uris = {member.key: member.uri for member in members(name) or ()}
        found = [uri for key, uri in uris.items() if _answers(key)]
        if found:
            _alive[name] = found
    return found.copy()


def _answers(key: str) -> bool:
    shown = shared_memory.shown(key)
    return shown is not None and answer(key, shown) == UP


def regroup(key: str, before: Registration | None, after: Registration | None) -> None:
    """Bring the groups in line with what a destination's owners want, under its lock.

    Raises: SharedMemoryFull.
    """
    for name in _names(before) | _names(after):
        with shared_memory.locked(name, shared_memory.GROUP):
            others = [member for member in shared_memory.group(name) or [] if member.key != key]
            # The best first, as Kamailio's dispatcher has it: a higher number is better.
            ranked = sorted(
                [*others, *_memberships(key, name, after)],
                key=lambda member: (-member.priority, -member.weight),
            )
            shared_memory.store_group(name, ranked)
        guard(name)


def _names(registered: Registration | None) -> set[str]:
    return {owner.group for owner in registered.owners.values()} - {""} if registered else set()


def _memberships(key: str, name: str, registered: Registration | None) -> list[Member]:
    if registered is None:
        return []
    return [
        Member(
            *(key, title, registered.uri, owner.priority, owner.weight),
            str(owner.options.get("group_min_alive", "")),
        )
        for title, owner in registered.owners.items()
        if owner.group == name
    ]


def show(key: str, value: int, registered: Registration | None) -> None:
    """Write what is_alive reads of a destination, under its lock; its groups still have enough that answer.

    Its own row is there, and needs no room. Where the rows of its groups have none, the log says so.
    """
    names = [name for name in _names(registered) if shared_memory.guarded(name) is not None]
    if not names:
        shared_memory.store_shown(key, value)
        return
    with shared_memory.guarding():
        # At no time there are too few: first come those that are needed, last go those that are not.
        plans = [_Plan(name, key, value) for name in names]
        try:
            for plan in plans:
                plan.hold()
        except shared_memory.SharedMemoryFull as error:
            log.error("groups %s may have too few that answer: %s", ", ".join(names), error)
        shared_memory.store_shown(key, value)
        for plan in plans:
            plan.release()


def guard(name: str) -> None:
    """See to it that enough members of a group answer: after its members or the settings have changed."""
    least = _least(shared_memory.group(name) or [])
    if not least and shared_memory.guarded(name) is None:
        return
    with shared_memory.guarding():
        plan = _Plan(name)
        plan.hold()
        plan.release()
        if not least:
            shared_memory.store_guarded(name, None)


def _least(members: Iterable[Member]) -> int:
    """Return how many members have to answer: where their owners' words differ, the highest number."""
    words = {member.least_alive or str(configuration.values()["group_min_alive"]) for member in members}
    number = len({member.key for member in members})
    return max((guards.least_alive(word, number) for word in words), default=0)


class _Plan:
    """Which members of a group are kept answering from now on.

    Arguments: name, of the group; key and value, of a destination: what is_alive is going to read of it.
    """

    def __init__(self, name: str, key: str = "", value: int = 0) -> None:
        self._name = name
        members = shared_memory.group(name) or []
        shown = {member.key: shared_memory.shown(member.key) for member in members}
        if key in shown:
            shown[key] = value
        standings = [
            Standing(each, _own_answer(each, at) == UP, not shared_memory.is_taken_out(at))
            for each, at in shown.items()
            if at is not None
        ]
        self._least = _least(members)
        self._before = shared_memory.guarded(name) or []
        self._after = guards.held(standings, self._least)
        self._answering = sum(standing.answers for standing in standings)
        self._uris = {member.key: member.uri for member in members}

    def hold(self) -> None:
        """Have those answer that are needed."""
        for key in self._after:
            if key not in self._before:
                shared_memory.change_held(key, 1)
        if self._after != self._before or not self._after:
            shared_memory.store_guarded(self._name, self._after)

    def release(self) -> None:
        """Leave those alone that are not needed, and log what has begun or is over."""
        for key in self._before:
            if key not in self._after:
                shared_memory.change_held(key, -1)
        if self._after and not self._before:
            log.warning(
                "group %s: only %d of %d would answer, so these are kept answering, whatever their state "
                "(group_min_alive): %s",
                *(self._name, self._answering, len(self._uris)),
                ", ".join(self._uris[key] for key in self._after),
            )
        elif self._before and not self._after:
            log.warning("group %s: %d answer of their own again", self._name, self._answering)
