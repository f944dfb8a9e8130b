"""scenario.py, with what a script should not do: take the pings' replies, and give us those of others."""

import KSR
import scenario

import keepalive

# The callbacks are looked for in the script.
on_any_change = scenario.on_any_change


class Router(scenario.Router):
    """Sends an OPTIONS of its own when a MESSAGE to "own" asks for that."""

    def __init__(self):
        self.sends_own = False

    def ksr_request_route(self, msg):
        """Send it to the URI in the body."""
        if KSR.pv.get("$rU") != "own":
            return super().ksr_request_route(msg)
        headers = "From: <sip:a@b>\r\nTo: <sip:c@d>\r\n"
        self.sends_own = True
        KSR.tm.t_uac_send("OPTIONS", KSR.pv.get("$rb"), "", "", headers, "")
        self.sends_own = False
        KSR.sl.sl_send_reply(200, "OK")
        return 1

    def ksr_keepalive_tm_event(self, msg, event="tm:local-request"):
        """Have the replies to the own requests go to keepalive."""
        if self.sends_own:
            KSR.tm.t_on_reply("ksr_keepalive_reply")
            return 1
        return super().ksr_keepalive_tm_event(msg, event)

    def ksr_own_event(self, msg, event):
        """Take the replies, and the end, behind keepalive's back."""
        keepalive.on_tm_event(event)
        KSR.tm.t_on_reply("ksr_own_reply")
        KSR.tm.t_on_failure("ksr_own_reply")
        return 1

    def ksr_own_reply(self, msg):
        """Do nothing."""
        return 1


def mod_init():
    """Start."""
    scenario.mod_init()
    return Router()
