"""The test of an installed server: is all there, and called, that keepalive needs?

A script asks by keepalive.selftest(), a shell by a row of the table ``keepalive``: there the first prober
answers, behind a new ping of the server to itself (scripts/selftest.sh).
"""

import logging
from typing import Final

from ..kamailio import listeners, modules, startup_rows, variables
from ..rules import adoption_faults
from . import configuration
from .adoption import the_adoption

log = logging.getLogger("keepalive")

_MODULES: Final = ("tm", "pv", "kex", "htable", "mqueue", "jsonrpcs", "ipops")
_MOST_FINDINGS: Final = 20

# What a ping of the server to itself has shown, as its row has it; 0 is nothing yet.
WELL: Final = 1
EVENT_NOT_SEEN: Final = 2
NOT_POSSIBLE: Final = 3
LOST: Final = {adoption_faults.DROPPED: 4, adoption_faults.REPLY: 5, adoption_faults.FAILURE: 6}


def run() -> list[str]:
    """Log one line per finding, or one that there is none; return the findings. Raises: SharedMemoryFull."""
    found = [*_modules(), *_parameters(), *_adoption(), *_self_ping()][:_MOST_FINDINGS]
    for each in found:
        log.error("selftest: %s", each)
    if not found:
        log.info("selftest: all is well: modules, parameters, handlers, timers, tm's event, a ping to itself")
    return found


def answer() -> None:
    """Run it, and give the answer to the shell that asked. Raises: SharedMemoryFull."""
    startup_rows.answer_selftest(" | ".join(run()) or "well")


def _modules() -> list[str]:
    there = modules.loaded()
    return [
        f"the module {name} is not loaded: include keepalive.cfg" for name in _MODULES if name not in there
    ]


def _parameters() -> list[str]:
    configuration.read_defines()
    defined = [
        name for name in configuration.present() if configuration.text_of(name, variables.defined) is not None
    ]
    if not defined:
        return ["kamailio.cfg defines none of the parameters: include keepalive.cfg"]
    return [
        f"KEEPALIVE_{name.upper()} is bad, and is ignored: the log of the start says why"
        for name in defined
        if name not in configuration.taken
    ]


def _adoption() -> list[str]:
    fault = the_adoption.found()
    return [the_adoption.text(fault)] if fault is not None else []


def _self_ping() -> list[str]:
    shown = startup_rows.self_ping()
    if shown == WELL:
        return []
    if shown == EVENT_NOT_SEEN:
        return [the_adoption.text(adoption_faults.of_event(the_adoption.engine))]
    for lost, number in LOST.items():
        if shown == number:
            return [the_adoption.text(adoption_faults.of_self_ping(the_adoption.engine, lost))]
    if shown == NOT_POSSIBLE:
        # A server of TCP or IPv6 alone is as it should be: pings of destinations have to show the rest.
        if listeners.departure("sip:127.0.0.1", "").hindrance:
            return []
        return ["this server can't ping itself: over UDP it listens at no IPv4 address that will do"]
    return ["no ping of this server to itself is over yet: try again in ten seconds"]
