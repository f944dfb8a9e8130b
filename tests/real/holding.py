"""scenario.py, with a reply route that waits, as for a database, but not with an answer to a ping."""

import time

import KSR
import scenario

# The callbacks are looked for in the script.
on_any_change = scenario.on_any_change


class Router(scenario.Router):
    """Waits for longer than pings do."""

    def ksr_reply_route(self, msg):
        """Let what answers an OPTIONS pass."""
        if KSR.pv.get("$rm") == "OPTIONS":
            return 1
        time.sleep(1.5)
        return 1


def mod_init():
    """Start."""
    scenario.mod_init()
    return Router()
