"""A script that overrides what it may override, and calls super() nowhere."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "..", "kemi"))

import KSR

import keepalive


class Router(keepalive.Handlers):
    """Has its own of everything."""

    def __init__(self):
        self.calls = 0

    def child_init(self, rank):
        """Add a destination, in one of the processes."""
        if rank == 1:
            keepalive.add_destination(KSR.pv.get("$def(CHILD_INIT_DESTINATION)").strip('"'), "child_init")
        return 0

    def ksr_request_route(self, msg):
        """Send an OPTIONS that is no ping."""
        KSR.tm.t_uac_send("OPTIONS", "sip:127.0.0.1:9", "", "", "From: <sip:a@b>\r\nTo: <sip:c@d>\r\n", "")
        KSR.sl.sl_send_reply(200, "OK")
        return 1

    def ksr_reply_route(self, msg):
        """Log."""
        KSR.info("OWN REPLY ROUTE\n")
        return 1

    def ksr_onsend_route(self, msg):
        """Do nothing."""
        return 1

    def ksr_own_event(self, msg, event):
        """Hand tm's event on."""
        KSR.info(f"OWN EVENT {keepalive.on_tm_event(event)}\n")
        return 1


def mod_init():
    """Start."""
    return Router()
