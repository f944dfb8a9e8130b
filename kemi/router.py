"""The routing of the sample server: INVITEs go to the first gateway that is alive.

Behind a gateway that is a name, such as sip:provider.com, there may be many addresses: calls go to one that
is alive, and on to the next one if it does not take them.
"""

import KSR

import keepalive

# What tm may wait for a first reply of a gateway, in ms, and for an answer to a call.
FIRST_REPLY_MS = 4_000
ANSWER_MS = 120_000

# Codes below are provisional (RFC 3261 section 21.1).
FINAL = 200

GATEWAY = "$avp(gateway)"
GROUP = "gateways"


def log_change(uri: str, state: int, user_attr: list[str]) -> None:
    """Log a gateway's change; runs once per change in the whole server."""
    KSR.info(f"router: gateway {uri} is {user_attr[state]} now\n")


class Router(keepalive.Handlers):
    """Kamailio calls its ksr_ methods."""

    def __init__(self, gateways: list[str]) -> None:
        self.gateways = gateways

    def ksr_request_route(self, msg: object) -> int:
        """Route a request."""
        if KSR.maxfwd.process_maxfwd(10) < 0:
            KSR.sl.sl_send_reply(483, "Too Many Hops")
            return 1
        method = KSR.pv.get("$rm")
        if KSR.siputils.has_totag() > 0:
            return self.route_in_dialog(method)
        if method == "CANCEL":
            if KSR.tm.t_check_trans() > 0:
                KSR.tm.t_relay()
        elif method == "OPTIONS":
            KSR.sl.sl_send_reply(200, "OK")
        elif method == "INVITE":
            # A retransmission belongs to the call that is under way.
            if KSR.tm.t_check_trans() != 0:
                self.route_call()
        else:
            KSR.sl.sl_send_reply(405, "Method Not Allowed")
        return 1

    def route_in_dialog(self, method: str) -> int:
        """Relay what belongs to a call along its recorded route."""
        if KSR.rr.loose_route() > 0 or (method == "ACK" and KSR.tm.t_check_trans() > 0):
            KSR.tm.t_relay()
        elif method != "ACK":
            KSR.sl.sl_send_reply(404, "Not Here")
        return 1

    def route_call(self) -> None:
        """Send a new call on."""
        KSR.rr.record_route()
        if KSR.tm.t_newtran() > 0:
            # A call whose connection is refused goes on, and 6.1 would tell its caller 477 nevertheless.
            KSR.tm.t_set_disable_internal_reply(1)
            KSR.sl.send_reply(100, "Trying")
            self.try_gateways()

    def try_gateways(self) -> None:
        """Send an INVITE to the first address of a gateway that is alive and was not tried in this call."""
        for gateway in self.gateways:
            while keepalive.next_target(gateway) == 1:
                KSR.pv.sets(GATEWAY, gateway)
                KSR.tm.t_on_reply("ksr_reply_gateway")
                KSR.tm.t_on_failure("ksr_failure_gateway")
                KSR.tm.t_set_fr(ANSWER_MS, FIRST_REPLY_MS)
                if KSR.tm.t_relay() > 0:
                    return
        KSR.sl.send_reply(503, "No Gateway Alive")

    def ksr_reply_gateway(self, msg: object) -> int:
        """Tell KeepAlive what a gateway says to a call: one that answers pings alone is no gateway."""
        code = KSR.pv.get("$rs")
        if code >= FINAL:
            keepalive.report_reply(KSR.pv.get(GATEWAY), code)
        return 1

    def ksr_failure_gateway(self, msg: object) -> int:
        """Go on to the next address if one did not take the call."""
        if KSR.tm.t_is_canceled() > 0:
            return 1
        # What the callee said, such as 486, is an answer. Silence and 5xx are the gateway's own trouble.
        if KSR.tm.t_branch_timeout() > 0 or KSR.tm.t_check_status("408|5[0-9][0-9]") > 0:
            if KSR.tm.t_branch_timeout() > 0:
                # Sooner than its next ping: no second call waits for an address that is dead.
                keepalive.report_failure(KSR.pv.get(GATEWAY), "an INVITE timed out")
            self.try_gateways()
        return 1


def mod_init() -> Router:
    """Start: the gateways are the destinations that kamailio.cfg defines."""
    defined = KSR.pv.get("$def(KEEPALIVE_DESTINATIONS)").strip('"')
    keepalive.register_callback(log_change, ["unknown", "up", "down"])
    gateways = [
        uri if uri.lower().startswith(("sip:", "sips:")) else f"sip:{uri}"
        for uri in defined.replace(",", " ").split()
    ]
    for place, uri in enumerate(gateways):
        # As a group, so that the parameter group_min_alive can keep some of them in service.
        keepalive.add_destination(uri, "router", group=GROUP, priority=len(gateways) - place)
    return Router(gateways)
