"""``kamcmd cfg.seti keepalive reload 1``: the list file is read again, then the setting is 0 as before."""

import logging
from collections.abc import Generator
from typing import Any, Final

from ..kamailio import rpc, variables
from ..rules.quoting import quoted
from . import cfg_group, configuration, operators
from .refusals import REFUSALS

log = logging.getLogger("keepalive")

RELOAD: Final = "reload"

# What may be set, and whether any number of destinations may go then.
_FORCED: Final = {"1": False, "2": True}
_DONE: Final = "0"


class OrderedReload:
    """Looks at the setting, and reloads the list file in steps."""

    def __init__(self) -> None:
        self._steps: Generator[float | None, None, Any] | None = None
        """the rest of what is being done"""
        self._seen = _DONE
        """what has been done already"""

    def look(self) -> None:
        """See what is set: once a tick, as a process reads what it has set itself in its next one."""
        text = configuration.text_of(RELOAD, variables.configured) or _DONE
        if self._steps is not None or text == self._seen:
            return
        self._seen = text
        if text in _FORCED:
            self._steps = operators.call(RELOAD, {"force": _FORCED[text]}, cfg_group.OPERATOR)
        elif text != _DONE:
            self._refuse(f"{quoted(text)}: 1 is needed, or 2 to remove any number of destinations")

    def go_on(self) -> bool:
        """Do a step of the reload. Returns: whether there is more to do."""
        if self._steps is None:
            return False
        try:
            next(self._steps)
            return True
        except StopIteration:
            self._finish()
        except REFUSALS as refusal:
            self._refuse(str(refusal))
        except BaseException:
            self._finish()
            raise
        return False

    def _refuse(self, why: str) -> None:
        log.error("keepalive.reload: %s", why)
        self._finish()

    def _finish(self) -> None:
        self._steps = None
        try:
            rpc.ask("cfg.seti", cfg_group.GROUP, RELOAD, int(_DONE))
            self._seen = _DONE
        except rpc.Unanswered as error:
            # What is set stays, and is done no second time.
            log.warning("kamcmd cfg.get does not show that the reload is done: %s", error)


the_reload = OrderedReload()
