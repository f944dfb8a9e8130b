"""The settings in force in this process: what the script and kamailio.cfg say of them, and operators."""

import logging
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from ..kamailio import cluster_defines, group_rows, listeners, server_rows, variables
from ..kamailio.kamailio_log import about
from ..rules.checks import Refused
from ..rules.parameter import Parameter, Whose
from ..rules.parameters import (
    ALIASES,
    DESTINATION,
    PARAMETERS,
    WITHOUT_CLUSTER,
    InvalidSetting,
    Value,
    check,
    check_options,
)
from ..rules.policy import Settings
from ..rules.quoting import quoted

log = logging.getLogger("keepalive")

settings = Settings()

_defines_read = False
# What kamailio.cfg says of parameters, as far as it can be used.
taken: dict[str, str] = {}
_unreadable: set[str] = set()
_replaced = False
_published: dict[str, Value] = {}
_groups_seen = 0
_NO_OPTIONS: Final[Mapping[str, Value]] = {}


def read_defines() -> None:
    """Take over what kamailio.cfg defines, once in each process; callable anywhere, in mod_init too."""
    global _defines_read
    if _defines_read:
        return
    _defines_read = True
    for name in present():
        text = text_of(name, variables.defined)
        if text is None:
            continue
        try:
            settings.define(name, text)
            taken[name] = text
        except InvalidSetting as error:
            # refresh() complains of it, in one process.
            log.debug("%s, in kamailio.cfg", error)
    for alias in defined_aliases():
        try:
            settings.define(alias, text_of(alias, variables.defined) or "")
        except InvalidSetting as error:
            log.debug("%s, in kamailio.cfg", error)


def present() -> Mapping[str, Parameter[Any]]:
    """Return the parameters that mean something here: not those of a cluster, if this server is in none."""
    return PARAMETERS if cluster_defines.is_on() else WITHOUT_CLUSTER


def defined_aliases() -> list[str]:
    """Return the names of the C module that kamailio.cfg defines, unless it says the parameter itself."""
    return [
        alias
        for alias, name in ALIASES.items()
        if text_of(alias, variables.defined) and taken.get(name) == PARAMETERS[name].defined
    ]


def text_of(name: str, read: Callable[[str], str | None]) -> str | None:
    """Return a setting's text, None if there is none, or none that can be read, which is told once."""
    try:
        text = read(name)
    except variables.Unreadable as error:
        if name not in _unreadable:
            _unreadable.add(name)
            log.error("setting %s is ignored: %s", name, error, extra=about(name))
        return None
    _unreadable.discard(name)
    return text


def modparam(name: object, value: object) -> None:
    """Take a value from the script, of the parameter's own type.

    Raises: InvalidSetting; then nothing has changed.
    """
    checked = check(name, value)
    check_sendable(name, checked)
    settings.modparam(name, checked)
    warn_of_aliases([name])


def check_sendable(name: object, value: Value) -> None:
    """Refuse a value with which no ping could be sent.

    What is so from the start on is no change that could be refused: the prober tells of it.

    Raises: InvalidSetting.
    """
    hindrance = ""
    if name == "ping_socket":
        hindrance = listeners.departure("", str(value)).hindrance
    elif name == "outbound_proxy":
        hindrance = listeners.departure(str(value), "").hindrance
    if hindrance:
        raise InvalidSetting(f"bad {name} {value!r}: {hindrance}")


def check_pingable(
    uri: str, options: Mapping[str, Value], group_options: Mapping[str, Value] = _NO_OPTIONS
) -> None:
    """Refuse a destination that can't be pinged by its URI and its own options.

    What the settings and its group say for all destinations is none of its faults.

    Arguments: uri and options, of the destination; group_options, of its group.
    Raises: Refused.
    """
    proxy = str(options.get("outbound_proxy", ""))
    has_other_proxy = group_options.get("outbound_proxy", values()["outbound_proxy"])
    next_hop = "" if has_other_proxy and not proxy else proxy or uri
    hindrance = listeners.departure(next_hop, str(options.get("ping_socket", ""))).hindrance
    if hindrance:
        raise Refused(f"{quoted(uri)} can't be pinged from here: {hindrance}")


def has_changed() -> bool:
    """Say whether the settings that the first prober published are others than the last time."""
    global _published
    in_force = dict(values())
    if in_force == _published:
        return False
    _published = in_force
    return True


def have_groups_changed() -> bool:
    """Say whether any group has other options than the last time; for a prober only."""
    global _groups_seen
    before, _groups_seen = _groups_seen, group_rows.options_change()
    return before != _groups_seen


def defined_destinations() -> str:
    """Return the list of destinations that kamailio.cfg defines, "" for none."""
    return text_of(DESTINATION + "s", variables.defined) or ""


def are_destinations_as_defined() -> bool:
    """Say whether the list of destinations of kamailio.cfg is the one of the start, to this process."""
    return not _replaced


def destinations_replaced() -> None:
    """Take note that another list than the one of the start is followed, perhaps in part."""
    global _replaced
    _replaced = True


def values() -> Mapping[str, Value]:
    """Return the value in force of every parameter."""
    read_defines()
    return server_rows.published_settings() or settings.values()


def check_group_options(options: Mapping[str, object]) -> dict[str, Value]:
    """Return the options of a group as they are to be used. Raises: InvalidSetting."""
    checked = check_options(options, Whose.GROUP)
    for name, value in checked.items():
        check_sendable(name, value)
    return checked


def warn_of_aliases(names: Iterable[object]) -> None:
    """Log that a parameter of the C module is taken for another one, which does something else."""
    for name in names:
        if name in ALIASES:
            log.warning(
                "%s is taken for %s: a destination that fails that often in a row is unregistered, and "
                "is_alive says -1; with the C module it stays, down and pinged no more",
                *(name, ALIASES[str(name)]),
            )
