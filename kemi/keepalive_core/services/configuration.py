"""The settings in force in this process: filled by the script, by kamailio.cfg and by operators."""

import logging
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from ..kamailio import group_rows, listeners, server_rows, variables
from ..rules.checks import Refused
from ..rules.parameter import Whose
from ..rules.parameters import (
    ALIASES,
    DESTINATION,
    PARAMETERS,
    InvalidSetting,
    Value,
    check,
    check_options,
)
from ..rules.policy import Settings
from ..rules.quoting import quoted

log = logging.getLogger("keepalive")

settings = Settings()

ENABLED: Final = "enabled"

_defines_read = False
# A text that no setting has.
_NONE: Final = "\0"
# What this process read last, to tell what is new.
_seen: dict[str, str] = {}
_unreadable: set[str] = set()
_replaced = False
_enabled = True
_published: dict[str, Value] = {}
_groups_seen = 0
_profile: tuple[str, Mapping[str, Value], Mapping[str, Value]] = ("", {}, {})
_NO_OPTIONS: Final[Mapping[str, Value]] = {}


def read_defines() -> None:
    """Take over what kamailio.cfg defines, once in each process; callable anywhere, in mod_init too."""
    global _defines_read
    if _defines_read:
        return
    _defines_read = True
    for name in PARAMETERS:
        text = _text_of(name, variables.defined)
        if text is None:
            continue
        try:
            settings.define(name, text)
            _seen[name] = text
        except InvalidSetting as error:
            # refresh() complains of it, in one process.
            log.debug("%s, in kamailio.cfg", error)
    for alias in defined_aliases():
        try:
            settings.define(alias, _text_of(alias, variables.defined) or "")
        except InvalidSetting as error:
            log.debug("%s, in kamailio.cfg", error)


def defined_aliases() -> list[str]:
    """Return the names of the C module that kamailio.cfg defines, unless it says the parameter itself."""
    return [
        alias
        for alias, name in ALIASES.items()
        if _text_of(alias, variables.defined) and _seen.get(name) == PARAMETERS[name].defined
    ]


def refresh() -> bool:
    """Take over what an operator changed at run time, and publish it; for the prober only.

    Returns: whether anything changed since the last time.
    """
    global _published
    if not _published:
        _tell_of_aliases()
    for name, parameter in PARAMETERS.items():
        text = _text_of(name, variables.configured if parameter.at_run_time else variables.defined)
        if text is not None and text != _seen.get(name):
            _take_over(name, text)
    _tell_of_profile()
    in_force = settings.values()
    if in_force == _published == server_rows.published_settings():
        return False
    server_rows.publish_settings(in_force)
    _published = in_force
    return True


def _tell_of_aliases() -> None:
    for alias in defined_aliases():
        try:
            check(alias, _text_of(alias, variables.defined))
            warn_of_aliases([alias])
        except InvalidSetting as error:
            log.error("%s, in kamailio.cfg; it is ignored", error)


def _tell_of_profile() -> None:
    """Log the profile in full, and what is said beside it, if it is another one than the last time."""
    global _profile
    before, _profile = _profile, settings.profile()
    name, says, instead = _profile
    if not name or _profile == before:
        return
    log.info(
        "profile %s: %s; %s",
        *(name, _listed(says)),
        f"instead of that: {_listed(instead)}" if instead else "nothing is said beside it",
    )


def _listed(values: Mapping[str, Value]) -> str:
    return ", ".join(f"{name} {value}" for name, value in values.items())


def _take_over(name: str, text: str) -> None:
    defined_only_now = name not in _seen
    _seen[name] = text
    try:
        if defined_only_now:
            settings.define(name, text)
        else:
            if text:
                _check_sendable(name, check(name, text))
            settings.change(name, text)
            log.info("%s is %s from now on, set at run time", name, text or settings.values()[name])
    except InvalidSetting as error:
        log.error("%s, in kamailio.cfg or set at run time; it is ignored", error)


def _text_of(name: str, read: Callable[[str], str | None]) -> str | None:
    """Return a setting's text, None if there is none, or none that can be read, which is told once."""
    try:
        text = read(name)
    except variables.Unreadable as error:
        if name not in _unreadable:
            _unreadable.add(name)
            log.error("setting %s is ignored: %s", name, error)
        return None
    _unreadable.discard(name)
    return text


def modparam(name: object, value: object) -> None:
    """Take a value from the script, of the parameter's own type.

    Raises: InvalidSetting; then nothing has changed.
    """
    checked = check(name, value)
    _check_sendable(name, checked)
    settings.modparam(name, checked)
    warn_of_aliases([name])


def _check_sendable(name: object, value: Value) -> None:
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
    return _text_of(DESTINATION + "s", variables.defined) or ""


def are_destinations_as_defined() -> bool:
    """Say whether the list of destinations of kamailio.cfg is the one of the start, to this process."""
    return not _replaced


def destinations_replaced() -> None:
    """Take note that another list than the one of the start is followed, perhaps in part."""
    global _replaced
    _replaced = True


def destinations_changed() -> tuple[str, bool] | None:
    """Return the list of destinations of kamailio.cfg if it is another one than was followed, else None.

    For the prober only. Returns: the list, and whether it is what kamailio.cfg says, of which its define told
    something else.
    """
    text = _text_of(DESTINATION, variables.configured)
    if text is None:
        return None
    is_first = DESTINATION not in _seen
    # What was defined at the start is registered by whichever process started first.
    if is_first and text == defined_destinations():
        destinations_followed(text)
    return None if text == _seen.get(DESTINATION) else (text, is_first)


def destinations_followed(text: str | None) -> None:
    """Take note which list of destinations of kamailio.cfg need not be followed; None for none."""
    _seen[DESTINATION] = _NONE if text is None else text


def is_enabled() -> bool:
    """Say whether the setting ``enabled`` lets pings be sent; for the prober only."""
    global _enabled
    text = _text_of(ENABLED, variables.configured)
    if text in ("0", "1"):
        _enabled = text == "1"
    elif text is not None and text != _seen.get(ENABLED):
        log.error("bad enabled %s: 0 or 1 is needed; it is ignored", quoted(text))
    _seen[ENABLED] = text or ""
    return _enabled


def values() -> Mapping[str, Value]:
    """Return the value in force of every parameter."""
    read_defines()
    return server_rows.published_settings() or settings.values()


def check_group_options(options: Mapping[str, object]) -> dict[str, Value]:
    """Return the options of a group as they are to be used. Raises: InvalidSetting."""
    checked = check_options(options, Whose.GROUP)
    for name, value in checked.items():
        _check_sendable(name, value)
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
