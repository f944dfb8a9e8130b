"""What a ping's result does to its destination; runs in whichever process learns of it."""

from . import callbacks, health, shared_memory
from .callbacks import Change
from .health import Result, Transition


def record(key: str, result: Result) -> None:
    """Judge a result and write down what it changes: state first, then the news of it.

    A result for a destination that is gone, or a stale one, changes nothing.
    Raises: SharedMemoryFull.
    """
    with shared_memory.locked(key):
        before = shared_memory.health(key)
        if before is None:
            return
        after, transition = health.judge(before, result)
        if transition is Transition.STALE:
            return
        shared_memory.store_health(key, after)
        if transition is Transition.UNCHANGED:
            return
        shared_memory.store_state(key, after.state)
        registered = shared_memory.registration(key)
        change = Change(key, after.generation, registered.uri if registered else key, after.state)
        # Queued under the lock: two changes of a destination never overtake each other.
        queued = callbacks.announce(change)
    callbacks.log_change(change, before.state, result.why())
    if not queued:
        callbacks.run(change)
