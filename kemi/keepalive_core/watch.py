"""Notices when this server stands still, from a timer process that has nothing else to do."""

from . import guards, shared_memory, tm


def beat() -> None:
    """Write down that the server is awake, and when it was not. Raises: SharedMemoryFull."""
    shared_memory.store_pulse(guards.next_beat(shared_memory.pulse(), tm.clock()))


def stood_still(since: int, until: int) -> bool:
    """Say whether the server stood still between two times, us: it may not have heard what was said then."""
    return guards.missed_a_beat(shared_memory.pulse(), since, until)
