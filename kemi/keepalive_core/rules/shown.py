"""What is_alive reads of a destination, all in one number, and what it answers (pure).

Its last digit is the state: 1 up, 2 down, and of an unknown one what unknown_as is for it, 0 up, 3 down, 4 an
error. To that come 10 while an administrator drains it, 20 in maintenance, 30 in a drain that it asked for
itself, and 100 for each group that keeps it answering.
"""

from typing import Final, TypeGuard

from .modes import ADMIN_MODES, Admin
from .record import Health
from .states import DOWN, UNKNOWN, UP

ERROR: Final = -1

_UNKNOWN_AS: Final = {"up": UNKNOWN, "down": 3, "error": 4}
_ANSWERS: Final = {_UNKNOWN_AS["up"]: UP, UP: UP, _UNKNOWN_AS["error"]: ERROR}
_OWN_DRAIN: Final = 30
_MODES: Final = (*ADMIN_MODES.values(), _OWN_DRAIN)
HOLD: Final = 100
"""for each group that keeps it answering"""

# A destination that more groups keep answering is asked for the long way, 1 us.
_USUAL_HOLDS: Final = 16

_NUMBERS: Final = frozenset(
    state + mode for state in (UNKNOWN, UP, DOWN, *_UNKNOWN_AS.values()) for mode in _MODES
)


def to_show(known: Health, admin: Admin | None) -> int:
    """Return what is_alive has to read of a destination; an administrator's word comes before its own."""
    if admin:
        return known.state + ADMIN_MODES[admin.mode]
    return known.state + (_OWN_DRAIN if known.drain_until else 0)


def with_unknown_as(shown: int, word: str) -> int:
    """Return the number that says too what unknown_as is: "up", "down" or "error"."""
    return _UNKNOWN_AS[word] if is_unknown(shown) else shown


def is_unknown(shown: int) -> bool:
    """Say whether unknown_as counts: its state is unknown, and nobody has taken it out."""
    return shown % HOLD in _UNKNOWN_AS.values()


def is_sound(shown: object) -> TypeGuard[int]:
    """Say whether it is a number that means something."""
    return isinstance(shown, int) and shown >= 0 and shown % HOLD in _NUMBERS


def state_of(shown: int) -> int:
    """Return the state: UNKNOWN, UP or DOWN."""
    state = shown % 10
    return state if state in (UP, DOWN) else UNKNOWN


def is_taken_out(shown: int) -> bool:
    """Say whether an administrator has taken it out."""
    return DOWN < shown % HOLD < _OWN_DRAIN and not is_unknown(shown)


def own_answer(shown: int) -> int:
    """Return what is_alive would say if no group kept it answering: 1 up, 2 down, -1 an error."""
    # More than a state: it was taken out, by an administrator or by itself.
    return _ANSWERS.get(shown % HOLD, DOWN)


def answer(shown: int) -> int:
    """Return what is_alive says: 1 up, 2 down, -1 an error."""
    return UP if shown >= HOLD else own_answer(shown)


def usual_answers() -> dict[int | None, int]:
    """Return what is_alive says of all numbers of destinations that not many groups keep answering."""
    holds = range(0, (_USUAL_HOLDS + 1) * HOLD, HOLD)
    return {number + held: answer(number + held) for number in _NUMBERS for held in holds}
