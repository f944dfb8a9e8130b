"""All that operators can ask for and order, by name: JSON-RPC and the channel of kamcmd call it here."""

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from ..rules.json_rpc import Params
from ..rules.method_parameters import (
    MethodParameter,
    bound,
    flag,
    number,
    one_of,
    options,
    text,
    texts,
    whole,
)
from ..rules.modes import ADMIN_MODES, DRAIN, MOST_SECONDS, READY
from ..rules.operator import Operator
from ..rules.order import KEPT
from ..rules.showing import CLASSES, SORTS
from . import asking, driving, manual_methods, shown_cluster, shown_names, viewing

PREFIX: Final = "keepalive."

_P = MethodParameter
_MOST_ROWS: Final = 10_000_000
_NUMBER: Final = 2**53
"""the largest whole number that every reader of JSON reads as it is"""

_FROM: Final = _P("from", whole(0, _MOST_ROWS), 0)
_GROUP: Final = _P("group", text, "")
_STATE: Final = _P("state", one_of("", *CLASSES), "")
_DESTINATION: Final = _P("destination", text)
_REASON: Final = _P("reason", text, "")
_LISTED: Final = (_P("uri", text), _P("listname", text))
_OPTIONS: Final = _P("options", options, {})
_SMALL: Final = whole(-(2**31) + 1, 2**31 - 1)


class UnknownMethod(Exception):
    """There is no method of that name."""


class Method(NamedTuple):
    """What an operator can have done."""

    function: Callable[..., Any]
    """is given the operator, then the parameters by their names"""
    parameters: tuple[MethodParameter, ...] = ()
    changes: bool = False
    """whether it takes the right to change something"""


METHODS: Final[Mapping[str, Method]] = {
    # the C module's
    "list": Method(viewing.list_all, (_FROM, _P("count", whole(0, _MOST_ROWS), 0), _GROUP, _STATE)),
    "add": Method(manual_methods.add, _LISTED, changes=True),
    "del": Method(manual_methods.delete, _LISTED, changes=True),
    "get": Method(manual_methods.get, _LISTED),
    "flush": Method(manual_methods.flush, (_P("all", flag, False),), changes=True),
    # what is seen
    "view": Method(
        viewing.view,
        (
            _P("sort", one_of(*SORTS), SORTS[0]),
            _FROM,
            _P("count", whole(0, viewing.MOST_ROWS), 100),
            *(_GROUP, _STATE, _P("search", text, "")),
            *(_P("destinations", texts(viewing.MOST_NAMED), []), _P("partial", flag, False)),
            *(_P("names", one_of(*shown_names.WHICH), ""), _P("targets", flag, False)),
        ),
    ),
    "groups": Method(viewing.groups),
    "info": Method(asking.info, (_DESTINATION,)),
    "cluster": Method(shown_cluster.cluster, (_P("count", whole(0, viewing.MOST_ROWS), 100),)),
    "is_alive": Method(asking.is_alive, (_DESTINATION,)),
    "state": Method(asking.state, (_DESTINATION,)),
    "alive": Method(asking.alive, (_P("group", text),)),
    "is_group_alive": Method(asking.is_group_alive, (_P("group", text),)),
    "changes": Method(asking.changes, (_P("since", whole(0, _NUMBER), 0), _P("count", whole(0, 1000), 100))),
    "orders": Method(asking.orders, (_P("count", whole(0, KEPT), KEPT),)),
    "settings": Method(asking.settings),
    "selftest": Method(asking.selftest),
    "availability": Method(asking.availability_of_group, (_P("group", text),)),
    "what_if": Method(asking.what_if, (_DESTINATION, _P("policy", options))),
    # what is driven
    "set_admin": Method(
        driving.set_admin,
        (
            *(_DESTINATION, _P("mode", one_of(*ADMIN_MODES))),
            _P("until", number(0, MOST_SECONDS), 0),
            _P("why", text, ""),
        ),
        changes=True,
    ),
    "self": Method(
        driving.set_self,
        (
            _P("mode", one_of("", READY, DRAIN), ""),
            *(_P("until", number(0, MOST_SECONDS), 0), _P("why", text, "")),
        ),
        changes=True,
    ),
    "ping_now": Method(driving.ping_now, (_DESTINATION, _P("wait", flag, False)), changes=True),
    "report_failure": Method(driving.report_failure, (_DESTINATION, _REASON), changes=True),
    "report_success": Method(driving.report_success, (_DESTINATION, _REASON), changes=True),
    "report_reply": Method(driving.report_reply, (_DESTINATION, _P("code", whole(100, 699))), changes=True),
    "pause": Method(driving.pause, changes=True),
    "resume": Method(driving.resume, changes=True),
    "reload": Method(driving.reload, (_P("force", flag, False), _P("dry_run", flag, False)), changes=True),
    "add_destination": Method(
        driving.add_destination,
        (
            *(_P("uri", text), _P("owner", text, "rpc"), _GROUP),
            *(_P("priority", _SMALL, 0), _P("weight", _SMALL, 0), _OPTIONS),
        ),
        changes=True,
    ),
    "del_destination": Method(
        driving.del_destination, (_P("uri", text), _P("owner", text, "rpc")), changes=True
    ),
    "configure_group": Method(driving.configure_group, (_P("name", text), _OPTIONS), changes=True),
    "reload_script": Method(driving.reload_script, changes=True),
}
"""by their names without PREFIX"""

# What Python has another name for.
_ARGUMENTS: Final = {"from": "start"}


def method(name: str) -> Method:
    """Return the method of a name, without PREFIX. Raises: UnknownMethod."""
    found = METHODS.get(name)
    if found is None:
        raise UnknownMethod(name)
    return found


def call(name: str, params: Params, operator: Operator) -> Any:
    """Have a method done.

    Arguments: name; params, as JSON-RPC has them; operator, who asks.
    Returns: its answer, or a generator that returns it: it yields None whenever others may have a turn, or
    the seconds for which it has nothing to do.
    Raises: UnknownMethod, InvalidParams, or what is in REFUSALS; then nothing has changed. So may the
    generator.
    """
    asked = method(name)
    given = bound(asked.parameters, params)
    return asked.function(operator, **{_ARGUMENTS.get(each, each): value for each, value in given.items()})
