"""scenario.py, with a prober that lingers before pings leave, and behind one that is shown."""

import time

import scenario

from keepalive_core.kamailio import tm
from keepalive_core.services import prober

# The callbacks are looked for in the script.
on_any_change = scenario.on_any_change
mod_init = scenario.mod_init


def lingering(function, before=0.0, behind=0.0):
    """Return a function that takes some seconds longer."""

    def longer(*given):
        time.sleep(before)
        found = function(*given)
        time.sleep(behind)
        return found

    return longer


# An order that comes meanwhile is heard of in the next tick, but a regular ping leaves in this one.
prober.pings_allowed = lingering(prober.pings_allowed, before=0.2)
# A worker has the reply before anybody is told what was sent.
tm.send_shown = lingering(tm.send_shown, behind=0.1)
