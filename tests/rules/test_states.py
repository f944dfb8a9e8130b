"""The states and their names."""

from keepalive_core.rules.states import DOWN, STATE_NAMES, UNKNOWN, UP


def test_states_are_the_manuals() -> None:
    """is_alive's 1 and 2, and 0 for unknown, with the words of info() and the log."""
    assert STATE_NAMES == {UNKNOWN: "unknown", UP: "up", DOWN: "down"}
    assert (UNKNOWN, UP, DOWN) == (0, 1, 2)
