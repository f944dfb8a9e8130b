"""scenario.py, with what tm tells of each ping in the log."""

import json
import os

import KSR
import scenario

# The callbacks are looked for in the script.
on_any_change = scenario.on_any_change


def _tell(what):
    # The last word of a ping's AVP is its destination's key.
    mark = KSR.pv.get("$avp(keepalive)")
    KSR.info(f"TOLD {json.dumps([mark.split(' ')[-1], what, os.getpid()])}\n")


class Router(scenario.Router):
    """Tells first."""

    def ksr_keepalive_reply(self, msg):
        """Tell the reply's code."""
        _tell(KSR.pv.get("$rs"))
        return super().ksr_keepalive_reply(msg)

    def ksr_keepalive_failure(self, msg):
        """Tell what kind of end it is."""
        _tell(["end", KSR.tm.t_branch_timeout()])
        return super().ksr_keepalive_failure(msg)


def mod_init():
    """Start."""
    scenario.mod_init()
    return Router()
