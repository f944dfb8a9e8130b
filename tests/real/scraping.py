"""What Prometheus does: asks a real server for its metrics, over the UNIX socket of one, and reads them."""

from __future__ import annotations

import gzip
import http.client
import socket
from functools import cached_property
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlencode

from prometheus_client.parser import text_string_to_metric_families

PREFIX = "kamailio_keepalive_"


class _Connection(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=60)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


class Fetched(NamedTuple):
    """An answer as it came."""

    status: int
    is_packed: bool
    body: bytes


def fetch(path: Path, **query: str) -> Fetched:
    """Ask as Prometheus does. Arguments: path, of the socket; query, the parameters."""
    connection = _Connection(path)
    where = f"/metrics?{urlencode(query)}" if query else "/metrics"
    connection.request("GET", where, headers={"Accept-Encoding": "gzip"})
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return Fetched(answer.status, answer.headers.get("Content-Encoding") == "gzip", body)


class Scrape:
    """The answer to one scrape. Arguments: as for fetch()."""

    def __init__(self, path: Path, **query: str) -> None:
        answer = fetch(path, **query)
        self.status = answer.status
        self.text = (gzip.decompress(answer.body) if answer.is_packed else answer.body).decode()

    @cached_property
    def samples(self) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
        """Each value by name, without the prefix, and labels."""
        found: dict[tuple[str, frozenset[tuple[str, str]]], float] = {}
        for family in text_string_to_metric_families(self.text):
            for each in family.samples:
                key = each.name.removeprefix(PREFIX), frozenset(each.labels.items())
                assert key not in found, f"{key} is there twice"
                found[key] = each.value
        return found

    def value(self, name: str, **labels: str) -> float | None:
        """Return one value, None if there is none."""
        return self.samples.get((name, frozenset(labels.items())))

    def values(self, name: str, label: str) -> set[str]:
        """Return which values a label has among the samples of a name."""
        return {dict(labels)[label] for each, labels in self.samples if each == name}


def is_served(path: Path) -> bool:
    """Say whether somebody answers."""
    try:
        return Scrape(path).status == 200
    except OSError:
        return False
