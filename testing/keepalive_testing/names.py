"""What the resolver does when DNS answers, in tests in which there is none."""

from __future__ import annotations

import importlib
from collections.abc import Sequence

from keepalive_core.rules import uris
from keepalive_core.rules.resolution import Resolution, Target


def resolve(name: str, hops: Sequence[str], kept: Sequence[str] = (), fault: str = "") -> list[str]:
    """Have DNS say which addresses are behind a name, as the process at hand sees it.

    Arguments: name, its URI; hops, such as sip:192.168.10.20:5060; kept, those of before that still count;
    fault, why there are none. Returns: the keys of the targets, those of before last.
    """
    registrations = importlib.import_module("keepalive_core.services.registrations")
    name_rows = importlib.import_module("keepalive_core.kamailio.name_rows")
    key = uris.parse(name).key
    targets, old = ([Target(uris.target_key(key, hop), hop) for hop in each] for each in (hops, kept))
    known = name_rows.resolution(key) or Resolution()
    for target in (*targets, *old):
        assert registrations.register_target(key, target.hop)
    now = Resolution(1, 0 if fault else 1, fault, tuple(targets), tuple(old))
    name_rows.store_resolution(key, now)
    for gone in {*known.targets, *known.kept} - {*targets, *old}:
        registrations.remove_target(gone.key)
    registrations.have_followed(key)
    return [each.key for each in (*targets, *old)]
