"""What a native kamailio.cfg asks Python for: /etc/kamailio/carriers.py."""

import KSR

import keepalive

GATEWAYS = ["sip:192.168.10.20", "sip:192.168.10.21"]


class Carriers(keepalive.NativeHandlers):
    """Functions for python_exec: these, and those of keepalive."""

    def choose_gateway(self, msg, caller):
        """Set the next hop of a caller's call: 1, or -1 if no gateway is up."""
        for gateway in GATEWAYS:
            if keepalive.is_alive(gateway) == 1:
                KSR.info(f"carriers: {caller} goes to {gateway}\n")
                KSR.pv.sets("$du", gateway)
                return 1
        return -1


def gateway_changed(uri, state, user_attr):
    """Runs once per change in the whole server."""
    KSR.notice(f"carriers: {uri} is {'up' if state == keepalive.UP else 'down'} now\n")


def mod_init():
    for gateway in GATEWAYS:
        keepalive.add_destination(gateway, "carriers", 0, gateway_changed)
    return Carriers()
