"""The sample server's routing, with constant answers or with real ones: what does asking cost a call?

ANSWERS, a define: "constant", or "asked", which asks for the group and then for its members.
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
    """Says what nobody asked for."""

    @staticmethod
    def is_alive(uri):
        return 1

    @staticmethod
    def report_reply(uri, code):
        return 0


def mod_init():
    """Start."""
    asked = KSR.pv.get("$def(ANSWERS)").strip('"') == "asked"
    router = sample.mod_init()
    if asked:
        return Asking(router.gateways)
    sample.keepalive = Constant
    return router
