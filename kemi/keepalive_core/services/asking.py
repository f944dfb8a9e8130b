"""What operators ask that changes nothing, beside the views: one destination, one group, the server.

Raises: what is in refusals.REFUSALS, among them NotMonitored.
"""

from collections.abc import Mapping
from typing import Any

from ..kamailio import destination_rows, name_rows
from ..rules import replay, uris
from ..rules.checks import NotMonitored, Refused
from ..rules.operator import Operator
from ..rules.parameters import PARAMETERS, check_options
from ..rules.quoting import quoted
from ..rules.replay import REPLAYED
from ..rules.service_code import ERROR
from ..rules.states import DOWN, STATE_NAMES, UP
from . import (
    alive_members,
    availability,
    change_log,
    configuration,
    driving,
    information,
    lookup,
    order_book,
    policies,
)
from . import selftest as tests_of_server


def info(operator: Operator, destination: str) -> information.Information:
    """Return all that is known of a destination."""
    key, _ = driving.monitored(destination)
    return information.of(key)


def is_alive(operator: Operator, destination: str) -> int:
    """Return what is_alive says of a destination, -1 if it is not monitored."""
    return lookup.is_alive(uris.parse(destination).key)


def state(operator: Operator, destination: str) -> int:
    """Return a destination's health, -1 if it is not monitored."""
    return lookup.state(uris.parse(destination).key)


def alive(operator: Operator, group: str) -> list[str]:
    """Return the members of a group that are alive, the best first."""
    return alive_members.alive(group)


def is_group_alive(operator: Operator, group: str) -> int:
    """Return 1 if any member of a group is alive, 2 if none is, -1 if there is no such group."""
    anyone = alive_members.is_alive(group)
    return ERROR if anyone is None else UP if anyone else DOWN


def changes(operator: Operator, since: int, count: int) -> dict[str, Any]:
    """Return the newest changes of states of all destinations."""
    return change_log.the_log.changes(since, count)


def orders(operator: Operator, count: int) -> list[dict[str, Any]]:
    """Return the last orders of operators, the newest first."""
    return order_book.orders(count)


def availability_of_group(operator: Operator, group: str) -> dict[str, Any]:
    """Return how much of its time a group was up. Raises: Refused if there is no such group."""
    found = availability.of_group(group)
    if found is None:
        raise Refused(f"there is no group {quoted(group)}")
    return found


def what_if(operator: Operator, destination: str, policy: Mapping[str, Any]) -> dict[str, Any]:
    """Return which changes of state another policy would have made of the last pings of a destination.

    Arguments: policy, parameters by their names, in the place of those that are in force.
    """
    key, _ = driving.monitored(destination)
    if unknown := [name for name in policy if name not in REPLAYED]:
        raise Refused(f"what_if knows {', '.join(REPLAYED)}, and not {quoted(unknown[0])}")
    given = check_options(policy)
    if name_rows.resolution(key) is not None:
        raise Refused(f"{quoted(destination)} is a name, which is not pinged itself: ask of its targets")
    registered, known = destination_rows.registration(key), destination_rows.health(key)
    if registered is None or known is None:
        raise NotMonitored(destination)
    found: dict[str, Any] = {"destination": key, "samples": len(known.samples)}
    in_force = policies.policy_of(registered)
    other = policies.policy({**registered.options, **given}, registered.groups)
    for name, each in (("in_force", in_force), ("what_if", other)):
        steps = replay.replayed(known.samples, each.criteria, each.interval)
        found[name] = {
            "policy": {"rise": each.criteria.rise, "fall": each.criteria.fall, "ping_timeout": each.timeout},
            "changes": [
                {"ago": step.ago, "from": STATE_NAMES[step.before], "to": STATE_NAMES[step.after]}
                for step in steps
            ],
        }
    return found


def settings(operator: Operator) -> dict[str, dict[str, Any]]:
    """Return what is in force of each parameter, its default, and who set it."""
    return {
        name: {
            "value": value,
            "default": PARAMETERS[name].default,
            "unit": PARAMETERS[name].kind.unit,
            "set_by": configuration.settings.set_by(name, value),
        }
        for name, value in configuration.values().items()
    }


def selftest(operator: Operator) -> list[str]:
    """Return what keepalive needs and is not there; the log has a line for each."""
    return tests_of_server.run()
