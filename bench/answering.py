"""The KEMI script of all contenders: a MESSAGE makes a worker measure something."""

import json
import os
import sys
import time

ROOT = os.path.join(os.path.dirname(__file__), "..")
sys.path.insert(0, os.path.join(ROOT, "kemi"))

import KSR

OURS = hasattr(KSR, "htable")
if OURS:
    import keepalive

ROUNDS = 7


def _best(ask, uris, times):
    """Return the least microseconds that one question took, of several rounds over all of uris."""
    best = None
    for _ in range(ROUNDS):
        began = time.perf_counter_ns()
        for _ in range(times):
            for uri in uris:
                if ask(uri) == 1:
                    pass
        took = (time.perf_counter_ns() - began) / 1000 / times / len(uris)
        best = took if best is None else min(best, took)
    return best


def nothing(uris, times):
    """Measure the loop alone."""
    return _best(lambda uri: 1, uris, times)


def is_alive(uris, times):
    """Measure is_alive, answer included."""
    return _best(keepalive.is_alive if OURS else KSR.keepalive.is_alive, uris, times)


def totals():
    """Return what all destinations together have seen."""
    known = keepalive.list()
    return {
        "monitored": len(known),
        "up": sum(each["state"] == "up" for each in known),
        "ok": sum(each["ok"] for each in known),
        "failed": sum(each["failed"] for each in known),
        "timeouts": sum(each["timeouts"] for each in known),
        "changes": sum(len(each["history"]) for each in known),
    }


class Router(keepalive.Handlers if OURS else object):
    """Answers a MESSAGE with what the function in its body returned."""

    def ksr_request_route(self, msg):
        """Do what the body says."""
        if KSR.pv.get("$rm") != "MESSAGE":
            KSR.sl.sl_send_reply(200, "OK")
            return 1
        name, *args = json.loads(KSR.pv.get("$rb"))
        value = globals()[name](*args)
        KSR.hdr.append_to_reply(f"X-Result: {json.dumps(value)}\r\n")
        KSR.sl.sl_send_reply(200, "OK")
        return 1

    def child_init(self, rank):
        return 0

    def ksr_reply_route(self, msg):
        return 1

    def ksr_onsend_route(self, msg):
        return 1


def mod_init():
    """Start."""
    return Router()
