"""Routes of kamailio.cfg: run from here, and what they are given in variables.

A ``$var`` is of the process, and holds until the route ends; an ``$avp`` goes with the transaction, into its
failure routes too.
"""

from collections.abc import Iterable
from typing import Final

import KSR

from ..rules.checks import MOST_NUMBER

# keepalive-settings.cfg has this route if there is a KEEPALIVE_CHANGED_ROUTE: no function of KSR knows.
_HAS_ROUTE: Final = "ksr_keepalive_has_route"


def exists(name: str) -> bool:
    """Say whether kamailio.cfg has a route of a name."""
    set_variable("keepalive_route", name)
    return bool(KSR.route(_HAS_ROUTE) > 0)


def run(name: str) -> None:
    """Run a route; what it returns, and how it ends, does not matter."""
    KSR.route(name)


def set_variable(name: str, value: int | str) -> None:
    """Set a ``$var`` of this process, as a number if it has room for it."""
    if isinstance(value, int) and abs(value) <= MOST_NUMBER:
        KSR.pv.seti(f"$var({name})", value)
    else:
        KSR.pv.sets(f"$var({name})", _text(str(value)))


def set_values(name: str, texts: Iterable[str]) -> None:
    """Give an ``$avp`` several values in the place of those that it had, the first one on top."""
    KSR.pv.unset(f"$(avp({name})[*])")
    for text in reversed([*texts]):
        KSR.pv.sets(f"$avp({name})", _text(text))


def _text(text: str) -> str:
    """Return a text as KSR takes it."""
    return text.encode("utf-8", "backslashreplace").decode().replace("\0", "\\x00")
