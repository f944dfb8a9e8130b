"""The routing: /etc/kamailio/router.py."""

import KSR

import keepalive

GATEWAYS = ["sip:192.168.10.20", "sip:192.168.10.21"]


class Router(keepalive.Handlers):
    """Kamailio calls its ksr_ methods; those of keepalive are in Handlers."""

    def ksr_request_route(self, msg):
        """Route a request."""
        method = KSR.pv.get("$rm")
        if KSR.maxfwd.process_maxfwd(10) < 0:
            KSR.sl.sl_send_reply(483, "Too Many Hops")
        elif KSR.siputils.has_totag() > 0:
            if KSR.rr.loose_route() > 0 or (method == "ACK" and KSR.tm.t_check_trans() > 0):
                KSR.tm.t_relay()
        elif method == "CANCEL":
            if KSR.tm.t_check_trans() > 0:
                KSR.tm.t_relay()
        elif method == "INVITE":
            KSR.rr.record_route()
            self.route_call()
        else:
            KSR.sl.sl_send_reply(405, "Method Not Allowed")
        return 1

    def route_call(self):
        """Send a call to the first gateway that is up."""
        for gateway in GATEWAYS:
            # It sets $du: of a name such as sip:provider.com to an address behind it that is alive.
            if keepalive.next_target(gateway) == 1:
                KSR.tm.t_relay()
                return
        KSR.sl.sl_send_reply(503, "No Gateway Alive")


def mod_init():
    for gateway in GATEWAYS:
        keepalive.add_destination(gateway, "router")
    return Router()
