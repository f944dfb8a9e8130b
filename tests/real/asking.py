"""An OPTIONS, as a peer sends it to see whether a server can take calls."""

from __future__ import annotations

import re
import socket
import uuid

from real.server import Kamailio


def asked(
    server: Kamailio, address: str = "127.0.0.1", uri: str = "", method: str = "OPTIONS", seconds: float = 5
) -> tuple[int, int]:
    """Return the code of its answer, and the seconds of its Retry-After, 0 for none.

    Arguments: server; address, to ask from; uri, for another one than the server's own; method, for another
    one; seconds, to wait.
    """
    mark = uuid.uuid4().hex
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.bind((address, 0))
        client.connect(("127.0.0.1", server.port))
        client.settimeout(seconds)
        lines = [
            f"{method} {uri or f'sip:127.0.0.1:{server.port}'} SIP/2.0",
            f"Via: SIP/2.0/UDP {address}:{client.getsockname()[1]};branch=z9hG4bK{mark}",
            f"From: <sip:test@{address}>;tag={mark}",
            "To: <sip:127.0.0.1>",
            f"Call-ID: {mark}",
            f"CSeq: 1 {method}",
            "Max-Forwards: 10",
            "Content-Length: 0",
        ]
        client.send(("\r\n".join(lines) + "\r\n\r\n").encode())
        reply = client.recv(65535).decode()
    again = re.search(r"^Retry-After: (\d+)\r$", reply, re.MULTILINE)
    return int(reply.split(" ", 2)[1]), int(again[1]) if again else 0
