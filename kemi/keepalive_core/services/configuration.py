"""The settings in force in this process: filled by the script, by kamailio.cfg and by operators."""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from ..kamailio import group_rows, listeners, server_rows, variables
from ..rules.checks import Refused
from ..rules.parameters import DESTINATION, PARAMETERS, InvalidSetting, Value, Whose, check, check_options
from ..rules.policy import Policy, Settings
from ..rules.quoting import quoted
from ..rules.remembered import Remembered
from ..rules.rows import Registration

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
_Options = tuple[tuple[str, Value], ...]
# By the options of groups and of destinations, all of one version of the settings. One takes some 4 kB.
_policies: Remembered[tuple[_Options, _Options], Policy] = Remembered(
    16 << 20, lambda options, _: 4000 + sum(4 * len(str(value)) for each in options for _, value in each)
)
_NO_OPTIONS: Final[Mapping[str, Value]] = {}

# Who gives options to groups.
OF_SCRIPT: Final = "script"
OF_LIST_FILE: Final = "list file"

# The options of groups, all as they were at one number of options_change().
_group_options: Remembered[str, dict[str, Value]] = Remembered(
    4 << 20, lambda _, options: 100 + sum(100 + len(str(value)) for value in options.values())
)


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


def refresh() -> bool:
    """Take over what an operator changed at run time, and publish it; for the prober only.

    Returns: whether anything changed since the last time.
    """
    global _published
    for name, parameter in PARAMETERS.items():
        text = _text_of(name, variables.configured if parameter.at_run_time else variables.defined)
        if text is not None and text != _seen.get(name):
            _take_over(name, text)
    in_force = settings.values()
    if in_force == _published == server_rows.published_settings():
        return False
    server_rows.publish_settings(in_force)
    _published = in_force
    return True


def _take_over(name: str, text: str) -> None:
    defined_only_now = name not in _seen
    _seen[name] = text
    try:
        if defined_only_now:
            settings.define(name, text)
        else:
            _check_sendable(name, check(name, text))
            settings.change(name, text)
            log.info("%s is %s from now on, set at run time", name, text)
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
    _check_sendable(name, check(name, value))
    settings.modparam(name, value)


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


def policy(options: Mapping[str, Value], groups: Sequence[str] = ()) -> Policy:
    """Return what is in force for a destination.

    Destinations with the same options share one: there are many of these, and few of those.

    Arguments: options, of its own; groups, that it is in, the one first whose word counts.
    """
    in_force = values()
    given = options_of_groups(groups) if groups else _NO_OPTIONS
    question = (tuple(given.items()), tuple(options.items()))
    return _policies.at(in_force).answer(question, lambda _: Policy(in_force, options, given))


def policy_of(registered: Registration | None) -> Policy:
    """Return what is in force for a destination; None for what is not known: the settings alone."""
    return policy(registered.options, registered.groups) if registered else policy({})


def options_of_groups(groups: Iterable[str]) -> Mapping[str, Value]:
    """Return the options that groups have; if they differ, the word of the first one counts.

    What configure_group() said of a group counts more than what the list file says.
    """
    change = group_rows.options_change()
    known = _group_options.at(change)
    merged: dict[str, Value] = {}
    for name in groups:
        merged = {**known.answer(name, _options_of), **merged}
    return merged


def _options_of(name: str) -> dict[str, Value]:
    given = group_rows.options(name)
    return {**given.get(OF_LIST_FILE, {}), **given.get(OF_SCRIPT, {})}


def check_group_options(options: Mapping[str, object]) -> dict[str, Value]:
    """Return the options of a group as they are to be used. Raises: InvalidSetting."""
    checked = check_options(options, Whose.GROUP)
    for name, value in checked.items():
        _check_sendable(name, value)
    return checked
