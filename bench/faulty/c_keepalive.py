"""The C module keepalive behind the names that the sample router uses; what it can not do does nothing."""

import KSR

UNKNOWN, UP, DOWN = 0, 1, 2


class Handlers:
    """What Kamailio 5.6 needs to find."""

    def child_init(self, rank):
        return 0

    def ksr_reply_route(self, msg):
        return 1

    def ksr_onsend_route(self, msg):
        return 1


def is_alive(uri):
    # It knows what modparam gave it without the scheme only (5.6.3).
    return KSR.keepalive.is_alive(uri.removeprefix("sip:"))


def next_target(uri):
    """Send the message to a destination that is alive and that this call was not sent to; say 1 then."""
    tried = (KSR.pv.get("$avp(tried)") or "").split()
    if uri in tried or is_alive(uri) != 1:
        return -1
    KSR.pv.sets("$avp(tried)", " ".join([*tried, uri]))
    KSR.pv.sets("$du", uri)
    return 1


def nothing(*args, **options):
    return 0


add_destination = register_callback = report_failure = report_reply = nothing
