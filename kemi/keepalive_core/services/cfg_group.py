"""Kamailio's cfg group ``keepalive``, which operators see and change by kamcmd: the first prober follows it.

It shows what is in force. What modparam said is written into it, and what was refused is taken out of it
again: so whatever an operator sets is another text than before, and is seen, even if it is what kamailio.cfg
defines, or what was refused before. An operator who sets what is shown changes nothing.
"""

import logging
from collections.abc import Mapping
from typing import Final

from ..kamailio import rpc, server_rows, variables
from ..kamailio.kamailio_log import about
from ..rules.operator import Operator
from ..rules.parameters import DESTINATION, PARAMETERS, InvalidSetting, Value, check
from ..rules.quoting import quoted
from . import configuration, order_book
from .configuration import settings

log = logging.getLogger("keepalive")

GROUP: Final = "keepalive"
ENABLED: Final = "enabled"
OPERATOR: Final = Operator("operator", "kamcmd cfg")
"""Who sets something in the group: kamcmd does not say more"""

_EMPTY: Final = "empty"

# 5.6.3, 6.0.1 and 6.1.5 were seen to take this number of bytes.
_MOST_WRITTEN: Final = 50_000
# A text that no setting has.
_NONE: Final = "\0"
# The texts of parameters that were read last, to tell what is new; at first what kamailio.cfg defines.
_seen: dict[str, str] = {}
_has_begun = False
# What the group was made to show, and of which settings.
_shown: tuple[Mapping[str, Value], Mapping[str, str]] = ({}, {})
_enabled = True
_enabled_seen = ""
_destinations_seen: str | None = None
_destinations_followed: str | None = None
_published: Mapping[str, Value] = {}
_profile: tuple[str, Mapping[str, Value], Mapping[str, Value]] = ("", {}, {})


def refresh() -> bool:
    """Take over what an operator changed at run time, and publish it; for the first prober only.

    Returns: whether anything changed since the last time. Raises: SharedMemoryFull.
    """
    global _published, _has_begun
    if not _has_begun:
        _has_begun = True
        _seen.update(configuration.taken)
        _tell_of_aliases()
    for name, parameter in configuration.present().items():
        read = variables.configured if parameter.at_run_time else variables.defined
        text = configuration.text_of(name, read)
        if text is not None and text != _seen.get(name):
            _take_over(name, text)
    _show()
    _tell_of_profile()
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
            if text:
                configuration.check_sendable(name, check(name, text))
            before = str(settings.values()[name]) or _EMPTY
            settings.change(name, text)
            order_book.note(OPERATOR, name, before, text or str(settings.values()[name]) or _EMPTY)
    except InvalidSetting as error:
        log.error("%s, in kamailio.cfg or set at run time; it is ignored", error, extra=about(name))


def _show() -> None:
    """Have the group show what is in force, if it shows something else.

    This process reads it as it was until its next tick.
    """
    global _shown
    if _shown == (settings.said(), _seen):
        return
    for name, text in _seen.items():
        if PARAMETERS[name].at_run_time and not settings.is_said_by(name, text):
            written = settings.text(name)
            _seen[name] = written if _write(name, written) else text
    _shown = settings.said(), _seen.copy()


def _write(name: str, value: str | int) -> bool:
    # Any other text might be read as another one than was written, and taken for an operator's.
    if isinstance(value, str) and not (value.isascii() and len(value) <= _MOST_WRITTEN):
        return False
    try:
        rpc.ask("cfg.seti" if isinstance(value, int) else "cfg.sets", GROUP, name, value)
    except rpc.Unanswered as error:
        log.warning("kamcmd cfg.get does not show that %s is %s: %s", name, quoted(value), error)
        return False
    return True


def _tell_of_aliases() -> None:
    for alias in configuration.defined_aliases():
        try:
            check(alias, configuration.text_of(alias, variables.defined))
            configuration.warn_of_aliases([alias])
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


# --- what is no parameter -----------------------------------------------------------------------------------


def destinations_changed() -> tuple[str, bool] | None:
    """Return the list of destinations of kamailio.cfg if it is another one than was followed, else None.

    For the prober only. Returns: the list, and whether it is what kamailio.cfg says, of which its define told
    something else.
    """
    text = configuration.text_of(DESTINATION, variables.configured)
    if text is None:
        return None
    is_first = _destinations_seen is None
    # What was defined at the start is registered by whichever process started first.
    if is_first and text == configuration.defined_destinations():
        destinations_followed(text)
    return None if text == _destinations_seen else (text, is_first)


def destinations_ordered(text: str) -> None:
    """Take note that a list is followed which an operator has set."""
    order_book.note(OPERATOR, DESTINATION, _followed() or _EMPTY, text or _EMPTY)
    destinations_followed(text)


def destinations_followed(text: str) -> None:
    """Take note which list of destinations of kamailio.cfg is followed."""
    global _destinations_seen, _destinations_followed
    _destinations_seen = _destinations_followed = text


def destinations_refused(text: str) -> None:
    """Show the list that is followed in the place of one that was refused, which so may be set once more."""
    global _destinations_seen
    followed = _followed()
    _destinations_seen = followed if _write(DESTINATION, followed) else text


def _followed() -> str:
    known = _destinations_followed
    return configuration.defined_destinations() if known is None else known


def destinations_to_try_again() -> None:
    """Take note that the list which is shown could not be followed, and may be the next time."""
    global _destinations_seen
    _destinations_seen = _NONE


def is_enabled(shows: bool) -> bool:
    """Say whether the setting ``enabled`` lets pings be sent; for a prober only.

    Arguments: shows, whether this is the prober that says so if it is neither, and shows what holds.
    """
    global _enabled, _enabled_seen
    text = configuration.text_of(ENABLED, variables.configured)
    if text in ("0", "1"):
        if shows and _enabled_seen and text != str(int(_enabled)):
            order_book.note(OPERATOR, ENABLED, str(int(_enabled)), text)
        _enabled = text == "1"
    elif text is not None and text != _enabled_seen and shows:
        log.error("bad enabled %s: 0 or 1 is needed; it is ignored", quoted(text))
        if _write(ENABLED, int(_enabled)):
            text = str(int(_enabled))
    _enabled_seen = text or ""
    return _enabled
