"""The settings of HTTP, as kamailio.cfg defines them at the start."""

import logging
from functools import cache
from typing import Final

from ..kamailio import variables
from ..rules.http_settings import HttpSettings, parse

log = logging.getLogger("keepalive")

_NAMES: Final = ("http", "http_allow", "http_hosts", "http_rpc", "http_token_file")


@cache
def settings() -> HttpSettings:
    """Return what holds; the first time tell the log of each word that can't be."""
    given: dict[str, str] = {}
    unreadable: list[str] = []
    for name in _NAMES:
        try:
            given[name] = variables.defined(name) or ""
        except variables.Unreadable as error:
            unreadable.append(f"KEEPALIVE_{name.upper()} is ignored: {error}")
    found, refused = parse(given)
    for sentence in unreadable + refused:
        log.error("bad setting of HTTP: %.300s", sentence)
    return found
