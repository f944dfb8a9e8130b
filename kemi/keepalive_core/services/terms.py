"""On which terms a destination is monitored, as this process looked them up.

They are looked up again after a change of any registration, setting or admin mode: a good call, or a ping's
end, costs one number to read.
"""

import json
from sys import getsizeof
from typing import NamedTuple

from ..kamailio import cluster_defines, destination_rows, server_rows, tables
from ..rules import counted
from ..rules.cache import Cache
from ..rules.modes import Admin
from ..rules.policy import Policy
from ..rules.rows import Registration
from ..rules.tracking import tracks
from ..rules.unmeasured import Span
from . import configuration, policies


class Terms(NamedTuple):
    """What holds for a destination while tables.revision() is the same."""

    registered: Registration | None
    """how it is registered; None if that row is lost"""
    policy: Policy
    """what is in force for it"""
    admin: Admin | None
    """what an administrator said of it; None if it is ready"""
    mass_failure: int
    """percent, as the setting has it"""
    log_format: str
    """how its changes stand in the log"""
    unmeasured: list[Span]
    """the times in which nobody was pinged"""
    group_set: str
    """for which set of groups what comes of it is counted, as in rules/counted.py"""
    is_name: bool
    """whether its targets are pinged, so that these alone say how it is"""
    is_told: bool
    """whether the callbacks, and who else wants to know, are told of its changes"""
    is_clustered: bool
    """whether the nodes of a cluster decide together how it is"""


# The policy is one of few, that many share. As an object a registration takes some six times its text.
_known: Cache[str, Terms] = Cache(
    16 << 20, lambda _, found: 500 + 6 * getsizeof(json.dumps(found.registered))
)


def terms_of(key: str) -> Terms:
    """Return the terms of a destination, under its lock."""
    found = _known.at(tables.revision()).answers.get(key)
    if found is not None:
        return found
    registered = destination_rows.registration(key, is_locked=True)
    values = configuration.values()
    wanted = policies.as_wanted(registered)
    policy = policies.policy_of(wanted)
    found = Terms(
        registered,
        policy,
        destination_rows.admin(key, is_locked=True),
        int(values["mass_failure"]),
        str(values["log_format"]),
        server_rows.unmeasured_spans(),
        counted.set_of(wanted.groups if wanted else ()),
        registered is not None and policies.is_name(registered, policy),
        registered is None or registered.target is None or policy.callback_targets,
        # What tracks another one follows that, of which they speak.
        cluster_defines.is_on() and not tracks(key, policy),
    )
    return found if registered is None else _known.remember(key, found)
