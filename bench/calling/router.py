"""The sample server's routing, with constant answers or with real ones: what does asking cost a call?

ANSWERS, a define: "constant"; "asked", which asks for the group and then for its members; "reported", which
does that and reports what the gateways say.
"""

import importlib.util
import os
import sys

KEMI = os.path.join(os.path.dirname(__file__), "..", "..", "kemi")
sys.path.insert(0, KEMI)

import KSR

import keepalive

spec = importlib.util.spec_from_file_location("sample_router", os.path.join(KEMI, "router.py"))
sample = importlib.util.module_from_spec(spec)
sys.modules["sample_router"] = sample
spec.loader.exec_module(sample)


class Asking(sample.Router):
    """Asks for the group first, as a route with priorities does."""

    def try_gateways(self, gateways):
        super().try_gateways(keepalive.alive(sample.GROUP))


class Constant:
    """Says what nobody asked for, and listens to nothing."""

    @staticmethod
    def is_alive(uri):
        return 1

    @staticmethod
    def report_reply(uri, code):
        return 0


class Asked(Constant):
    """Says what is so, and listens to nothing."""

    is_alive = staticmethod(keepalive.is_alive)


def mod_init():
    """Start."""
    answers = KSR.pv.get("$def(ANSWERS)").strip('"')
    router = sample.mod_init()
    sample.keepalive = {"constant": Constant, "asked": Asked, "reported": keepalive}[answers]
    return router if answers == "constant" else Asking(router.gateways)
