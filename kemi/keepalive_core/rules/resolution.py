"""What DNS said of a name: the addresses behind it, and how the last question ended (pure).

A row of the table ``keepalive_name`` holds it as JSON. Whoever may use RPC can write there too, so it is read
strictly: from_text() raises a ValueError, or what Python raises for a wrong shape, for what was not written
here.
"""

import json
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from .dns_records import NO_ANSWER

OF_STATE_FILE: Final = "state file"
"""The record of a target of before a restart, as long as DNS does not answer"""
MOST_TARGETS: Final = 32
"""The most targets of a name; Kamailio's ipops reads as many records of an answer"""
# Of a text in a resolution, in characters: a key is two URIs.
_MOST_OF_A_KEY: Final = 400
_MOST_CHARACTERS: Final = 255
_MOST_SECONDS: Final = 1 << 40
MOST_NUMBER: Final = 65_535
"""Priority and weight have 16 bits (RFC 2782)"""


class Target(NamedTuple):
    """One address behind a name."""

    key: str
    """such as ``sip:provider.com#192.0.2.1:5060``"""
    hop: str
    """the URI that what is for the name is sent to, such as ``sip:192.0.2.1:5060;transport=tcp``"""
    priority: int = 0
    """a lower number is better (RFC 2782)"""
    weight: int = 0
    record: str = ""
    """what says so, such as ``_sip._udp.provider.com SRV a.provider.com`` or ``provider.com A``"""

    @property
    def may_be_of_srv(self) -> bool:
        """Whether an SRV record says so, as far as that is known."""
        return self.record.startswith("_") or self.record == OF_STATE_FILE


class Resolution(NamedTuple):
    """What DNS said of a name, as far as it is known."""

    asked: int = 0
    """when it was asked last, in epoch seconds"""
    answered: int = 0
    """when it gave targets last, in epoch seconds"""
    fault: str = ""
    """why the last question gave none, such as "no such name"; "" if it did"""
    targets: tuple[Target, ...] = ()
    """in order: by priority, the heaviest first"""
    kept: tuple[Target, ...] = ()
    """those of before that are no longer among these, until it is known whether the new ones are up"""
    left_out: str = ""
    """which records are not used, and why"""
    host: str = ""
    """what DNS was asked for; "" if it was not asked yet since that is another host"""

    def text(self) -> str:
        """Return it as its row has it."""
        fields = self._asdict()
        return json.dumps(fields | {name: [list(each) for each in fields[name]] for name in _OF_TARGETS})

    @property
    def all_targets(self) -> tuple[Target, ...]:
        """All that are pinged: what DNS says, and what is kept."""
        return self.targets + self.kept

    @property
    def is_new_known(self) -> bool:
        """Whether DNS has said anything since what was kept was the targets."""
        return bool(self.targets or self.fault)

    @property
    def says_none(self) -> bool:
        """Whether DNS has answered, and gave no target."""
        return bool(self.fault and not self.targets and not self.fault.startswith(NO_ANSWER))

    def disowned(self) -> "Resolution":
        """Return what follows if the name means another host: its targets are kept until DNS has answered."""
        return Resolution(kept=self.all_targets[:MOST_TARGETS])

    def differs_from(self, other: "Resolution") -> bool:
        """Say whether it says anything else than another one, beside when that was."""
        return self._replace(asked=0, answered=0) != other._replace(asked=0, answered=0)

    def renewed(self, found: Sequence[Target], fault: str, left_out: str, asked: int) -> "Resolution":
        """Return what follows of an answer: one that gives no target leaves those that there are.

        Arguments: found, the targets it gives; fault, why it gives none, or, beside some, not all of them;
        left_out; asked, when, in epoch seconds.
        """
        known = self._replace(asked=asked, fault=fault, left_out=left_out)
        if not found:
            return known
        keys = {each.key for each in found}
        others = [each for each in self.targets if each.key not in keys]
        if fault:
            # Nothing is known of the others.
            found, others = [*found, *others], []
        keys |= {each.key for each in found}
        kept = {each.key: each for each in (*others, *self.kept) if each.key not in keys}
        return known._replace(
            answered=asked, targets=tuple(found[:MOST_TARGETS]), kept=tuple(kept.values())[:MOST_TARGETS]
        )

    def recalled(self, targets: Sequence[Target]) -> "Resolution":
        """Return what follows if DNS does not answer, and a name had targets before a restart."""
        return self._replace(targets=tuple(targets)[:MOST_TARGETS])

    @staticmethod
    def from_text(text: str) -> "Resolution":
        """Return what a row says; what a later version added is passed over. Raises: see above."""
        said = json.loads(text)
        fields = {name: said[name] for name in Resolution._fields}
        found = Resolution(**fields | {name: _targets(fields[name]) for name in _OF_TARGETS})
        _require(all(_is_number(each, _MOST_SECONDS) for each in (found.asked, found.answered)))
        _require(all(_is_text(each) for each in (found.fault, found.left_out, found.host)))
        return found


_OF_TARGETS: Final = ("targets", "kept")


def _targets(said: Sequence[Any]) -> tuple[Target, ...]:
    found = tuple(Target(*fields) for fields in said)
    _require(len(found) <= MOST_TARGETS)
    for each in found:
        _require(_is_text(each.key, _MOST_OF_A_KEY) and "#" in each.key)
        _require(_is_text(each.hop) and _is_text(each.record))
        _require(all(_is_number(number, MOST_NUMBER) for number in (each.priority, each.weight)))
    return found


def _is_text(value: Any, most: int = _MOST_CHARACTERS) -> bool:
    return isinstance(value, str) and len(value) <= most and value.isprintable()


def _is_number(value: Any, most: int) -> bool:
    return type(value) is int and 0 <= value <= most


def _require(is_ours: bool) -> None:
    if not is_ours:
        raise ValueError("a value of another type, or out of range")
