"""Which groups a destination is in, and how it stands in each of them (pure)."""

from collections.abc import Iterator

from . import floor_words, roster_text
from .roster_text import Member
from .rows import Owner, Registration
from .service_code import is_taken_out, own_answer, state_of
from .states import UP


def names_of(registered: Registration | None) -> set[str]:
    """Return the groups that a destination's owners put it into."""
    return set(registered.groups) if registered else set()


def member_of(key: str, name: str, registered: Registration | None) -> Member | None:
    """Return how a destination stands in a group, None if none of its owners put it there."""
    return _member(key, registered, registered.owners_by_group.get(name)) if registered else None


def _member(key: str, registered: Registration | None, owners: list[Owner] | None) -> Member | None:
    if registered is None or not owners:
        return None
    said = floor_words.words([str(owner.options.get("group_min_alive", "")) for owner in owners])
    return Member(_rank(registered, owners), key, registered.uri, said)


def moves(
    key: str, before: Registration | None, after: Registration | None
) -> Iterator[tuple[str, Member | None, Member | None]]:
    """Yield each group in which a destination stands otherwise than before: its name, how it did, and does.

    First come those in which it still stands.
    """
    left, joined = (each.owners_by_group if each else {} for each in (before, after))
    is_same = before is not None and after is not None and before[:2] == after[:2]
    for name in [*joined, *(left.keys() - joined.keys())]:
        # Of a hundred owners one has changed: what the others said is not worked out anew.
        if is_same and left.get(name) == joined.get(name):
            continue
        was, now = _member(key, before, left.get(name)), _member(key, after, joined.get(name))
        if was != now:
            yield name, was, now


def ranks(registered: Registration) -> dict[str, str]:
    """Return the rank of a member in each of its groups: the best of the places that its owners give it."""
    return {name: _rank(registered, owners) for name, owners in registered.owners_by_group.items()}


def rank_in(name: str, registered: Registration) -> str:
    """Return the rank of a member in one of its groups."""
    return _rank(registered, registered.owners_by_group[name])


def _rank(registered: Registration, owners: list[Owner]) -> str:
    return roster_text.rank(*max((owner.priority, owner.weight) for owner in owners), registered.generation)


def mark_of(code: int) -> str:
    """Return a member's mark, by what is_alive reads of it, unless a group keeps it answering."""
    if is_taken_out(code):
        return roster_text.TAKEN_OUT
    mark = roster_text.ANSWERS if own_answer(code) == UP else roster_text.SPARE
    return mark if state_of(code) else roster_text.UNKNOWN[mark]
