"""The channel for kamcmd: a table takes an operator's command, another one has the answer soon after.

``kamcmd htable.sets keepalive_commands anna "set_admin sip:x maint 3600 card swap"`` is answered to
``kamcmd htable.get keepalive_answers anna``. The key is the name by which the operator is known.
"""

import logging
import time
from collections import deque
from collections.abc import Callable, Generator
from typing import Any, Final

from ..kamailio import command_rows
from ..kamailio.tables import SharedMemoryFull
from ..rules import operator_answers, operator_commands
from ..rules.method_parameters import InvalidParams
from ..rules.operator import Operator
from ..rules.operator_commands import HELP, Ask
from . import operators
from .refusals import REFUSALS

log = logging.getLogger("keepalive")

PLACE: Final = "kamcmd"

# Commands are taken for so long in s, before others have a turn.
_TURN: Final = 0.02


class _Running:
    """A command whose answer is on its way. Arguments: command; ask, what it asks for; steps to that."""

    def __init__(self, command: str, ask: Ask, steps: Generator[float | None, None, Any]) -> None:
        self.command = command
        self.ask = ask
        self.steps = steps
        self.not_before = 0.0


class CommandChannel:
    """What one process knows of commands that it has taken."""

    def __init__(self) -> None:
        self._waiting: deque[str] = deque()
        """keys of commands that are not taken yet"""
        self._running: dict[str, _Running] = {}
        """by their keys"""

    def turn(self) -> bool:
        """Take commands, and go on a little with those that take long. Returns: whether there is more."""
        now = time.monotonic()
        self._waiting = self._waiting or deque(filter(self._may_be_taken, command_rows.waiting()))
        while self._waiting and time.monotonic() - now < _TURN:
            self._take(self._waiting.popleft())
        due = [key for key, running in self._running.items() if now >= running.not_before]
        for key in due:
            self._attempt(key, self._running[key].command, self._go_on)
        return bool(self._waiting or due)

    def _may_be_taken(self, key: str) -> bool:
        """Say whether a command may be begun: what its operator is changing just now is done first."""
        running = self._running.get(key)
        return running is None or not operators.method(running.ask.method).changes

    def _take(self, key: str) -> None:
        command = command_rows.take(key)
        # Who asks for something else under the same key does not want to see the former answer.
        self._running.pop(key, None)
        if command is None:
            self._answer(key, "", ["error: a command is text in UTF-8, such as summary"])
        else:
            self._attempt(key, command, self._begin)

    def _begin(self, key: str, command: str) -> None:
        ask = operator_commands.asked(command)
        if ask.command == HELP:
            self._answer(key, command, operator_commands.usages())
            return
        value = operators.call(ask.method, ask.params, Operator(key, PLACE))
        if isinstance(value, Generator):
            self._running[key] = _Running(command, ask, value)
        else:
            self._answer(key, command, *operator_answers.lines_of(ask, value, _local))

    def _go_on(self, key: str, command: str) -> None:
        running = self._running[key]
        try:
            wait = next(running.steps)
            running.not_before = time.monotonic() + (wait or 0)
        except StopIteration as end:
            value = end.value
        except BaseException:
            del self._running[key]
            raise
        else:
            return
        del self._running[key]
        self._answer(key, command, *operator_answers.lines_of(running.ask, value, _local))

    def _attempt(self, key: str, command: str, step: Callable[[str, str], None]) -> None:
        """Do a step of a command; what goes wrong is its answer."""
        try:
            step(key, command)
        except (*REFUSALS, InvalidParams) as refusal:
            self._answer(key, command, [f"error: {refusal}"])
        except Exception:
            log.exception("a command of kamcmd failed: %.200s", command)
            self._answer(key, command, ["error: it failed, and the log says why"])

    def _answer(self, key: str, command: str, *said: Any) -> None:
        try:
            command_rows.store_answer(key, operator_answers.text_of(key, command, *said))
        except SharedMemoryFull as refusal:
            log.error("a command of kamcmd has no answer: %s", refusal)


def _local(at: int) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at))


the_channel = CommandChannel()
