"""What an operator does: calls methods of a real server over its UNIX socket, with curl."""

from __future__ import annotations

import json
import socket
import subprocess
from pathlib import Path
from typing import Any

from real.server import Kamailio, wait_for

HTTP = "unix:FOLDER/http.sock"


class RpcError(Exception):
    """An error that was answered."""

    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(error["message"])
        self.code = error["code"]


def is_open(path: Path) -> bool:
    """Say whether somebody listens at a socket; it is there a moment before that."""
    with socket.socket(socket.AF_UNIX) as asking:
        return asking.connect_ex(str(path)) == 0


def post(server: Kamailio, body: bytes, *options: str) -> tuple[int, bytes]:
    """Return the HTTP status and the body of an answer to POST /RPC."""
    path = server.folder / "http.sock"
    wait_for("the socket", lambda: is_open(path))
    curl = ["curl", "-s", "--max-time", "20", "--unix-socket", str(path), "http://localhost/RPC"]
    done = subprocess.run(
        [*curl, "--data-binary", "@-", "-w", "\n%{http_code}", *options],
        input=body,
        capture_output=True,
        check=True,
    )
    answer, _, status = done.stdout.rpartition(b"\n")
    return int(status), answer


def ask(server: Kamailio, message: object) -> Any:
    """Return what is answered to a message of JSON."""
    status, body = post(server, json.dumps(message).encode())
    assert status == 200, body
    return json.loads(body)


def call(server: Kamailio, method: str, *params: Any, **named: Any) -> Any:
    """Return a method's result. Raises: RpcError."""
    request = {"jsonrpc": "2.0", "id": 7, "method": f"keepalive.{method}", "params": named or params}
    answer = ask(server, request)
    assert answer["id"] == 7
    if "error" in answer:
        raise RpcError(answer["error"])
    return answer["result"]
