"""A script that relays by a dispatcher set."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "..", "kemi"))

import KSR

import dispatcher_bridge
import keepalive


class Router(keepalive.Handlers):
    """Relays to the first active destination of set 1."""

    def ksr_request_route(self, msg):
        """Route."""
        if KSR.dispatcher.ds_select_dst(1, 8) > 0:
            KSR.tm.t_relay()
        else:
            KSR.sl.sl_send_reply(503, "No Destination")
        return 1


def mod_init():
    """Let KeepAlive keep what dispatcher's list names."""
    dispatcher_bridge.obey_list(KSR.pv.get("$def(LIST)").strip('"'))
    return Router()
