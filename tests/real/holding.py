"""scenario.py, with a reply route in which each worker waits with its every 24th reply."""

import time

import scenario

# The callbacks are looked for in the script.
on_any_change = scenario.on_any_change

replies = 0


class Router(scenario.Router):
    """Waits."""

    def ksr_reply_route(self, msg):
        """Let every 24th reply wait."""
        global replies
        replies += 1
        if replies % 24 == 0:
            time.sleep(1)
        return 1


def mod_init():
    """Start."""
    scenario.mod_init()
    return Router()
