"""A receiver of webhooks, for tests: over HTTP, or HTTPS with a certificate that they make."""

from __future__ import annotations

import json
import socket
import ssl
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple


class Certificate(NamedTuple):
    """A certificate for localhost, which is its own authority."""

    file: Path
    key: Path

    @classmethod
    def made(cls, folder: Path, name: str) -> Certificate:
        """Return a new one, with its files in a folder."""
        made = cls(folder / f"{name}.pem", folder / f"{name}.key")
        command = ["openssl", "req", "-x509", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
        command += ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
        command += [
            "-addext",
            "subjectAltName=DNS:localhost",
            "-keyout",
            str(made.key),
            "-out",
            str(made.file),
        ]
        subprocess.run(command, check=True, capture_output=True)
        return made


class Got(NamedTuple):
    """A request as it came."""

    at: float
    """time.time()"""
    headers: Any
    body: bytes

    @property
    def notice(self) -> dict[str, Any]:
        """What it says."""
        said: dict[str, Any] = json.loads(self.body)
        return said


class Hook:
    """A receiver, which answers as a test says. Arguments: certificate, None for HTTP."""

    def __init__(self, certificate: Certificate | None = None) -> None:
        self.answers: list[int] = []
        """the codes of its next answers; then 200"""
        self.usual = 200
        self.headers: dict[str, str] = {}
        """more of its answers"""
        self.got: list[Got] = []
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                hook.got.append(Got(time.time(), self.headers, self.rfile.read(length)))
                self.send_response(hook.answers.pop(0) if hook.answers else hook.usual)
                for name, value in hook.headers.items():
                    self.send_header(name, value)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = _Server(("127.0.0.1", 0), Handler)
        scheme, host = "http", "127.0.0.1"
        if certificate is not None:
            scheme, host = "https", "localhost"
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate.file, certificate.key)
            self._server.socket = context.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self.port = self._server.server_address[1]
        self.url = f"{scheme}://{host}:{self.port}/secret"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def numbers(self) -> list[int]:
        """The numbers of what it was told, in the order in which it was."""
        return [got.notice["number"] for got in self.got]

    def close(self) -> None:
        """Be there no more."""
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    def handle_error(self, *_: object) -> None:
        """Keep quiet of a client that does not trust it."""


class Silent:
    """A receiver that takes connections and says nothing."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}/secret"

    def close(self) -> None:
        """Be there no more."""
        self._socket.close()
