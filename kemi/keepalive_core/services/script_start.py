"""The script's start: what its mod_init returns is looked at before Kamailio has it."""

import sys
from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from types import ModuleType

from . import reloads
from .adoption import the_adoption
from .refusals import done


class _Starting(ModuleType):
    """The script's module until its mod_init is called, of which Kamailio asks it by name."""

    @property
    def mod_init(self) -> Callable[[], object]:
        script: ModuleType = self
        mod_init: Callable[[], object] | None = vars(self).get(reloads.MOD_INIT)
        if mod_init is None:
            raise AttributeError(reloads.MOD_INIT)

        @wraps(mod_init)
        def started() -> object:
            script.__class__ = ModuleType
            handler = mod_init()
            done(the_adoption.look_at_start, handler)
            return handler

        return started

    @mod_init.setter
    def mod_init(self, mod_init: Callable[[], object]) -> None:
        vars(self)[reloads.MOD_INIT] = mod_init


def look_at_mod_init() -> None:
    """Have the handler looked at that the script, which imports this, will return."""
    script = sys.modules.get(reloads.script())
    if script is not None and script.__name__ != "__main__":
        with suppress(TypeError):  # a module of a kind of its own is left alone
            script.__class__ = _Starting
