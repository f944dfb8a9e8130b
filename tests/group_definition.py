"""What a group is, said as simply as can be: the rosters of a module are compared with it."""

from __future__ import annotations

from keepalive_core.rules.roster_text import ANSWERING, SPARES, Member


def held(members: list[tuple[Member, str]], least: int) -> list[str]:
    """Return the keys of who has to be kept answering, by the simple definition: the best that are missing.

    Arguments: members, in any order, each with its mark; least, how many have to answer.
    """
    ranked = sorted(members)
    missing = max(0, least - sum(mark in ANSWERING for _, mark in ranked))
    return [member.key for member, mark in ranked if mark in SPARES][:missing]
