"""Which groups a destination is in, and how it stands in each of them (pure)."""

from . import floor_words, roster_text
from .roster_text import Member
from .rows import Registration
from .service_code import is_taken_out, own_answer
from .states import UP


def names_of(registered: Registration | None) -> set[str]:
    """Return the groups that a destination's owners put it into."""
    return {owner.group for owner in registered.owners.values()} - {""} if registered else set()


def member_of(key: str, name: str, registered: Registration | None) -> Member | None:
    """Return how a destination stands in a group, None if none of its owners put it there."""
    owners = [owner for owner in registered.owners.values() if owner.group == name] if registered else []
    if registered is None or not owners:
        return None
    said = floor_words.words([str(owner.options.get("group_min_alive", "")) for owner in owners])
    return Member(rank_in(name, registered), key, registered.uri, said)


def rank_in(name: str, registered: Registration) -> str:
    """Return the best of the places that its owners give a member in a group."""
    places = [(owner.priority, owner.weight) for owner in registered.owners.values() if owner.group == name]
    return roster_text.rank(*max(places), registered.generation)


def mark_of(code: int) -> str:
    """Return a member's mark, by what is_alive reads of it, unless a group keeps it answering."""
    if own_answer(code) == UP:
        return roster_text.ANSWERS
    return roster_text.TAKEN_OUT if is_taken_out(code) else roster_text.SPARE
