"""scenario.py, with a failure function that keeps tm's timer process waiting before each end of a ping."""

import time

import scenario

# The callbacks are looked for in the script.
on_any_change = scenario.on_any_change


class Router(scenario.Router):
    """Hesitates."""

    def ksr_keepalive_failure(self, msg):
        """Take half a second, as for a database."""
        time.sleep(0.5)
        return super().ksr_keepalive_failure(msg)


def mod_init():
    """Start."""
    scenario.mod_init()
    return Router()
