"""The sample server's routing, on this module or on the C module; a MESSAGE asks who is alive."""

import importlib.util
import json
import os
import sys

HERE = os.path.dirname(__file__)
KEMI = os.path.join(HERE, "..", "..", "kemi")
sys.path[:0] = [HERE, KEMI]

import KSR

if hasattr(KSR, "htable"):
    import keepalive
else:
    import c_keepalive as keepalive

    sys.modules["keepalive"] = keepalive

spec = importlib.util.spec_from_file_location("sample_router", os.path.join(KEMI, "router.py"))
sample = importlib.util.module_from_spec(spec)
sys.modules["sample_router"] = sample
spec.loader.exec_module(sample)

WATCHED = []


def watched():
    """Return the destinations of the file that the define WATCHED names."""
    if not WATCHED:
        with open(KSR.pv.get("$def(WATCHED)").strip('"')) as file:
            WATCHED.extend(line.split()[0] for line in file)
    return WATCHED


class Router(sample.Router):
    """Routes as the sample does, and says what is_alive says, a digit for each destination watched."""

    def ksr_request_route(self, msg):
        if KSR.pv.get("$rm") != "MESSAGE":
            return super().ksr_request_route(msg)
        answers = "".join(str(abs(keepalive.is_alive(uri))) for uri in watched())
        KSR.hdr.append_to_reply(f"X-Result: {json.dumps(answers)}\r\n")
        KSR.sl.sl_send_reply(200, "OK")
        return 1


def mod_init():
    """Start."""
    return Router(sample.mod_init().gateways)
