"""The server: JSON-RPC over a UNIX socket, or over TCP."""

from __future__ import annotations

import grp
import http.client
import json
import os
import pwd
import re
import socket
import stat
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from .failures import Misused, NoAnswer, Refused
from .texts import clean

SOCKET: Final = "/run/kamailio/keepalive.sock"
PATIENCE_SECONDS: Final = 15
"""a ping and its answer take 10 at the most"""
PAGE: Final = 1000
"""rows that are asked for at a time"""
PAGE_WITH_TARGETS: Final = 100
"""the same, if each name is to have its targets, of which there may be 64"""
_NOT_SERVED: Final = "Kamailio does not run, does not define KEEPALIVE_HTTP so, or its log says why"
_MOST_BYTES: Final = 256 * 1024 * 1024
"""of an answer; the list of 100,000 destinations has 20 MB"""
_ADDRESS: Final = re.compile(
    r"http(?P<secure>s?)://(?P<there>(?:\[[0-9A-Fa-f:.]+\]|[\w.-]+)(?::(?P<port>[0-9]{1,5}))?)/?", re.ASCII
)


class _OverUnixSocket(http.client.HTTPConnection):
    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


class Server:
    """The process that answers.

    Arguments: address, the path of a socket, or http://host:port; token, which allows to change something
    over TCP; patience, the seconds for which an answer is waited for.
    """

    def __init__(self, address: str, token: str, patience: float) -> None:
        self._address = address.removeprefix("unix:")
        self._token = token
        self.patience = patience
        """seconds"""
        self._connection()  # a misused address is told before anything is done

    def call(self, method: str, /, **parameters: object) -> Any:
        """Return the result of one of the module's methods. Raises: Refused, NoAnswer."""
        return self.ask(f"keepalive.{method}", parameters)

    def ask(self, method: str, parameters: object) -> Any:
        """Return the result of any method. Raises: Refused, NoAnswer."""
        asked = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters})
        headers = {"Content-Type": "application/json", "X-Keepalive": "1"}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        connection = self._connection()
        try:
            connection.request("POST", "/RPC", asked.encode(), headers)
            answer = connection.getresponse()
            text = answer.read(_MOST_BYTES)
        except (OSError, http.client.HTTPException) as error:
            raise NoAnswer(self._why(error)) from None
        finally:
            connection.close()
        return _result(answer.status, text)

    def _connection(self) -> http.client.HTTPConnection:
        if "://" not in self._address:
            if len(os.fsencode(self._address)) > 107 or not self._address:
                raise Misused(f"{self._address!r} is no path of a socket: 1 to 107 bytes")
            return _OverUnixSocket(self._address, self.patience)
        found = _ADDRESS.fullmatch(self._address)
        if not found or int(found["port"] or 1) not in range(1, 65536):
            raise Misused(f"{self._address} is no address such as http://127.0.0.1:8060")
        kind = http.client.HTTPSConnection if found["secure"] else http.client.HTTPConnection
        return kind(found["there"], timeout=self.patience)

    def _why(self, error: Exception) -> str:
        """Say why there is no answer, and what to do about it."""
        path = self._address
        match error:
            case FileNotFoundError():
                return f"{path} is not there: {_NOT_SERVED}"
            case PermissionError():
                return f"{path}: no permission: {_who_may(Path(path))}"
            case ConnectionRefusedError():
                return f"nobody listens at {path}: {_NOT_SERVED}"
            case TimeoutError():
                return f"no answer from {path} within {self.patience:g} s"
            case http.client.HTTPException():
                return f"what answers at {path} speaks no HTTP: {type(error).__name__}"
        return f"{path}: {error.strerror if isinstance(error, OSError) and error.strerror else error}"


def _who_may(path: Path) -> str:
    """Say whose a socket is, or the folder that lets nobody else see it."""
    for each in (path, *path.parents):
        try:
            found = each.stat()
        except OSError:
            continue
        group = _name_of(grp.getgrgid, found.st_gid)
        if found.st_mode & stat.S_IWGRP:
            return (
                f"{each} is for members of the group {group} (adduser {_own_name()} {group}, and log in anew)"
            )
        return f"{each} is for the user {_name_of(pwd.getpwuid, found.st_uid)} alone"
    return "nothing of it can be seen"


def _name_of(entry: Callable[[int], Sequence[Any]], number: int) -> str:
    try:
        return str(entry(number)[0])
    except KeyError:
        return str(number)


def _own_name() -> str:
    return _name_of(pwd.getpwuid, os.getuid())


def _result(status: int, text: bytes) -> Any:
    """Return the result that an answer has, or raise what it has instead."""
    try:
        answer = json.loads(text)
    except (ValueError, RecursionError):
        said = text[:200].decode("utf-8", "replace").strip() or "nothing"
        if status == http.client.NOT_FOUND or not 400 <= status < 500:
            raise NoAnswer(f"the answer is no JSON: HTTP {status}, {said}") from None
        raise Refused(f"{said} (HTTP {status})") from None
    if isinstance(answer, dict) and "result" in answer:
        return answer["result"]
    error = answer.get("error") if isinstance(answer, dict) else None
    if not isinstance(error, dict):
        raise NoAnswer(
            f"the answer is no JSON-RPC: HTTP {status}, {clean(text[:200].decode('utf-8', 'replace'))}"
        )
    raise Refused(": ".join(str(error[name]) for name in ("message", "data") if error.get(name)))
