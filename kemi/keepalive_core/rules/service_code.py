"""What is_alive reads of a destination, all in one number, and what it answers (pure).

In ``kamcmd htable.dump keepalive_state`` its last digit is the state: 1 up, 2 down, and of an unknown one
what unknown_as is for it, 0 up, 3 down, 4 an error. The digit before is the Service; what stands in front of
both is how many groups keep the destination answering: 132 is down, asked for no calls, and is kept answering
by one group.
"""

from enum import IntEnum
from typing import Final, TypeGuard

from .modes import DRAIN, MAINT, READY, Admin
from .record import Health
from .states import DOWN, STATE_NAMES, UNKNOWN, UP

ERROR: Final = -1

# The value of the second digit, and of the number in front of it.
_SERVICE: Final = 10
_GROUP: Final = 100

# The most groups for which is_alive has an answer ready; for more it works one out, in 1 us.
_USUAL_GROUPS: Final = 16


class Service(IntEnum):
    """Whether a destination serves calls, whatever its state is."""

    IN = 0
    DRAINED = 1
    """by an administrator"""
    MAINTENANCE = 2
    OWN_DRAIN = 3
    """it asked for no calls"""


_SHOWN_AS: Final = {
    int(Service.DRAINED): DRAIN,
    int(Service.MAINTENANCE): MAINT,
    int(Service.OWN_DRAIN): DRAIN,
}
_BY_MODE: Final = {DRAIN: Service.DRAINED, MAINT: Service.MAINTENANCE}
_TAKEN_OUT: Final = frozenset(_BY_MODE.values())
_UNKNOWN_AS: Final = {"up": UNKNOWN, "down": 3, "error": 4}
_UNKNOWN: Final = frozenset(_UNKNOWN_AS.values())
# Of the codes without groups; all others are down.
_ANSWERS: Final = {_UNKNOWN_AS["up"]: UP, UP: UP, _UNKNOWN_AS["error"]: ERROR}


def code(state: int, service: Service = Service.IN, groups: int = 0) -> int:
    """Return a destination's code. Arguments: state; service; groups, how many keep it answering."""
    return groups * _GROUP + service * _SERVICE + state


_CODES: Final = frozenset(code(state, service) for state in (UP, DOWN, *_UNKNOWN) for service in Service)


def code_of(known: Health, admin: Admin | None) -> int:
    """Return the code of a destination, without groups; an administrator's word comes before its own."""
    if admin and admin.mode != READY:
        return code(known.state, _BY_MODE[admin.mode])
    return code(known.state, Service.OWN_DRAIN if known.drain_until else Service.IN)


def in_service(state: int, unknown_as: str) -> int:
    """Return the code, without groups, of a destination in a state that is neither taken out nor drained."""
    return _UNKNOWN_AS[unknown_as] if state == UNKNOWN else state


def own(code: int) -> int:
    """Return a code without the groups that keep the destination answering."""
    return code % _GROUP


def groups_keeping(code: int) -> int:
    """Return how many groups keep the destination answering."""
    return code // _GROUP


def kept_by(code: int, groups: int) -> int:
    """Return a code with another number of groups that keep the destination answering."""
    return own(code) + max(0, groups) * _GROUP


def with_unknown_as(code: int, word: str) -> int:
    """Return the code that says too what unknown_as is: "up", "down" or "error"."""
    return _UNKNOWN_AS[word] if is_unknown(code) else code


def is_unknown(code: int) -> bool:
    """Say whether unknown_as counts: its state is unknown, and nobody has taken it out."""
    return own(code) in _UNKNOWN


def is_sound(code: object) -> TypeGuard[int]:
    """Say whether it is a code that means something."""
    return isinstance(code, int) and code >= 0 and own(code) in _CODES


def state_of(code: int) -> int:
    """Return the state: UNKNOWN, UP or DOWN."""
    state = code % _SERVICE
    return state if state in (UP, DOWN) else UNKNOWN


def shown_as(code: int) -> str:
    """Return one of showing.CLASSES: what takes a destination out comes before its state."""
    return _SHOWN_AS.get(own(code) // _SERVICE) or STATE_NAMES[state_of(code)]


def is_taken_out(code: int) -> bool:
    """Say whether an administrator has taken it out."""
    return own(code) // _SERVICE in _TAKEN_OUT


def is_serving(code: int) -> bool:
    """Say whether nobody has taken it out, and it asked for no drain: whatever its state is."""
    return own(code) // _SERVICE == Service.IN


def own_answer(code: int) -> int:
    """Return what is_alive would say if no group kept it answering: 1 up, 2 down, -1 an error."""
    return _ANSWERS.get(own(code), DOWN)


def answer(code: int) -> int:
    """Return what is_alive says: 1 up, 2 down, -1 an error."""
    return UP if code >= _GROUP else own_answer(code)


def usual_answers() -> dict[int | None, int]:
    """Return what is_alive says of all codes of destinations that not many groups keep answering."""
    codes = (kept_by(code, groups) for code in _CODES for groups in range(_USUAL_GROUPS + 1))
    return {code: answer(code) for code in codes}
