"""A cockpit that answers as it is told, over a UNIX socket, for tests of what asks it."""

from __future__ import annotations

import json
import socketserver
import threading
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any


class Refusal(Exception):
    """JSON-RPC's error: a code and a message."""


class Cockpit:
    """What answers over a UNIX socket; ``raw`` is a status and a body that it answers with in any case."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.asked: list[tuple[str, Any]] = []
        self.headers: dict[str, str] = {}
        self.answers: dict[str, Any] = {}
        self.raw: tuple[int, bytes] | None = None
        cockpit = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                cockpit.headers = dict(self.headers.items())
                status, body = cockpit.answered(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def address_string(self) -> str:
                return "unix"

            def log_message(self, *_: object) -> None:
                pass

        class Listening(socketserver.ThreadingUnixStreamServer):
            daemon_threads = True

        self._server = Listening(str(path), Handler)
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}).start()

    def answered(self, body: bytes) -> tuple[int, bytes]:
        """Return what a request is answered with."""
        asked = json.loads(body)
        method = asked["method"].removeprefix("keepalive.")
        self.asked.append((method, asked["params"]))
        if self.raw:
            return self.raw
        answer = self.answers[method]
        try:
            result = answer(**asked["params"]) if callable(answer) else answer
        except Refusal as refusal:
            code, message = refusal.args
            return 200, json.dumps(
                {"jsonrpc": "2.0", "id": 1, "error": {"code": code, "message": message}}
            ).encode()
        return 200, json.dumps({"jsonrpc": "2.0", "id": 1, "result": result}).encode()

    def close(self) -> None:
        """Answer no more."""
        self._server.shutdown()
        self._server.server_close()


def row(uri: str, shown: str = "up", **others: object) -> dict[str, Any]:
    """A row of the method view."""
    admin = shown if shown in ("drain", "maint") else "ready"
    return {
        "destination": f"{uri} as a key",
        "uri": uri,
        "state": "up" if admin != "ready" else shown,
        "admin": admin,
        "shown": shown,
        "why": "",
        "by": "",
        "until": 0,
        "since": 1000,
        "reason": "200 OK in 1.3 ms",
        "latency_ms": 1.3,
        "loss": 0,
        "groups": ["carriers"],
        "samples": [1.3, None, 20.0],
        "name": None,
        **others,
    }


def target(key: str, shown: str = "up", **others: object) -> dict[str, Any]:
    """A target of a name, as the methods view and info have it."""
    return {
        "target": key,
        "address": "192.0.2.1",
        "port": 5060,
        "transport": "udp",
        "priority": 10,
        "weight": 60,
        "record": "_sip._udp.p.com SRV",
        "shown": shown,
        "state": "up" if shown in ("drain", "maint") else shown,
        "alive": shown == "up",
        "since": 1000,
        "latency_ms": 1.3,
        "loss": 0.0,
        "admin": shown if shown in ("drain", "maint") else "ready",
        "reason": "200 OK in 1.3 ms",
        "kept": False,
        **others,
    }


def group(name: str = "carriers", **counts: int) -> dict[str, Any]:
    """A group of the method view."""
    known = {"up": 0, "down": 0, "unknown": 0, "drain": 0, "maint": 0, **counts}
    return {"name": name, "members": sum(known.values()), "alive": known["up"], **known, "held": False}


def view(*rows: dict[str, Any], groups: tuple[dict[str, Any], ...] = (), **others: object) -> dict[str, Any]:
    """What the method view returns."""
    counts = dict.fromkeys(("up", "down", "unknown", "drain", "maint"), 0)
    for each in rows:
        counts[each["shown"]] += 1
    return {
        "at": 1060,
        "server": "sbc1",
        "version": "1.0",
        "counts": counts,
        "names": {"total": 0, "dead": 0, "failing": 0},
        "targets": dict.fromkeys(counts, 0),
        "paused": False,
        "enabled": True,
        "groups": list(groups),
        "groups_total": len(groups),
        "total": len(rows),
        "rows": list(rows),
        **others,
    }


def node(**others: object) -> dict[str, Any]:
    """A node of the method cluster."""
    return {
        "state": "live",
        "live": True,
        "heard_ago": 0.4,
        "life": 7,
        "behind": 0,
        "counts": True,
        "degraded": False,
        "paused": False,
        "joining": False,
        "version": "1.0",
        "config_differs": False,
        "two_lives": False,
        **others,
    }


def cluster(**others: object) -> dict[str, Any]:
    """What the method view says of a cluster of two."""
    return {
        "node": "sip:10.0.0.1:5060",
        "life": 7,
        "version": "1.0",
        "signed": True,
        "owns": 34,
        "alone": 0,
        "doubted": 0,
        "trouble": [],
        "nodes": {"sip:10.0.0.1:5060": node(heard_ago=0), "sip:10.0.0.2:5060": node()},
        **others,
    }


def owned(owner: str, mine: bool = False, decision: str = "", **others: object) -> dict[str, Any]:
    """What the methods info and cluster say of a destination in a cluster; view has the first four."""
    return {
        "owner": owner,
        "mine": mine,
        "alone": False,
        "decision": decision,
        "asked": [],
        "words": {},
        **others,
    }
