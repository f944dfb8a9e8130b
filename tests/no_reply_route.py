"""A script of a class that has no ksr_reply_route: what each of its functions comes to is in the log.

A request's user names which functions are to be called: "reply", "failure" or "reply failure".
"""

from __future__ import annotations

import KSR


class Router:
    """Kamailio calls its methods."""

    def child_init(self, rank: int) -> int:
        """Start a process."""
        return 0

    def ksr_request_route(self, msg: object) -> int:
        """Relay a request to the gateway."""
        KSR.info("KIT request\n")
        wanted = str(KSR.pv.get("$rU"))
        if "reply" in wanted:
            KSR.tm.t_on_reply("replied")
        if "failure" in wanted:
            KSR.tm.t_on_failure("failed")
        KSR.tm.t_set_fr(1500, 300)
        KSR.pv.sets("$du", f"sip:127.0.0.1:{KSR.pv.get('$def(GATEWAY)')}")
        KSR.tm.t_relay()
        return 1

    def ksr_onsend_route(self, msg: object) -> int:
        """Let everything leave."""
        return 1

    def replied(self, msg: object) -> int:
        """See a reply."""
        KSR.info("KIT reply\n")
        KSR.info("KIT end of reply\n")
        return 1

    def failed(self, msg: object) -> int:
        """See that a gateway failed."""
        KSR.info("KIT failure\n")
        KSR.info("KIT end of failure\n")
        return 1


def mod_init() -> Router:
    """Start."""
    return Router()
