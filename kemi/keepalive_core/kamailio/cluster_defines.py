"""Which cluster this server is in, as kamailio.cfg defines it at the start."""

from collections.abc import Mapping
from functools import cache

from ..rules.cluster_settings import NAMES, ClusterSettings, parse_settings
from . import variables


@cache
def read() -> tuple[ClusterSettings, list[str]]:
    """Return what holds, and a sentence for each define that can't be; a process asks Kamailio once.

    Without KEEPALIVE_NODE nothing more is asked.
    """
    given: dict[str, str] = {}
    unreadable: list[str] = []
    for name in NAMES:
        try:
            text = variables.defined(name)
        except variables.Unreadable as error:
            unreadable.append(f"KEEPALIVE_{name.upper()} is ignored: {error}")
            continue
        if text is not None:
            given[name] = text
        elif name == "node":
            return ClusterSettings(), []
    found, refused = parse_settings(given)
    return found, unreadable + refused


@cache
def brings_dmq() -> bool:
    """Say whether keepalive's include has loaded module dmq, so that it is for nobody else."""
    return variables.is_defined("brings_dmq")


def is_on() -> bool:
    """Say whether this server is a node of a cluster."""
    return read()[0].node != ""


def me() -> str:
    """Return this node's name, such as sip:10.0.0.1:5060; "" if it is in no cluster."""
    return read()[0].node


def peers() -> Mapping[str, str]:
    """Return the other nodes: their addresses, as module dmq was given them, by their names."""
    return read()[0].peers


def secret_file() -> str:
    """Return the path of the file with the keys of the cluster, "" for none."""
    return read()[0].secret_file
