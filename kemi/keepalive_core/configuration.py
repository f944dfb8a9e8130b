"""The settings in force in this process: filled by the script, by kamailio.cfg and by operators."""

import logging
from collections.abc import Mapping

from . import shared_memory
from .settings import DESTINATION, SETTINGS, InvalidSetting, Policy, Settings, Value

log = logging.getLogger("keepalive")

settings = Settings()

_defines_read = False
# What this process read last, to tell what is new.
_seen: dict[str, str] = {}
_published: dict[str, Value] = {}
# Policies by the options that differ from the settings; all of one version of the settings.
_policies: dict[tuple[tuple[str, Value], ...], Policy] = {}
_policies_of: list[Mapping[str, Value]] = [{}]
_MOST_POLICIES = 10_000


def read_defines() -> None:
    """Take over what kamailio.cfg defines, once in each process; callable anywhere, in mod_init too."""
    global _defines_read
    if _defines_read:
        return
    _defines_read = True
    for name in SETTINGS:
        text = shared_memory.defined(name)
        if text is None:
            continue
        try:
            settings.define(name, text)
            _seen[name] = text
        except InvalidSetting as error:
            # A define may name another define, whose value is only seen by refresh(), which complains.
            log.debug("%s, in kamailio.cfg", error)


def refresh() -> bool:
    """Take over what an operator changed at run time, and publish it; for the prober only.

    Returns: whether anything changed since the last time.
    """
    global _published
    for name in SETTINGS:
        text = shared_memory.configured(name)
        if text is None or text == _seen.get(name):
            continue
        defined_only_now = name not in _seen
        _seen[name] = text
        try:
            if defined_only_now:
                settings.define(name, text)
            else:
                settings.change(name, text)
                log.info("%s is %s from now on, set at run time", name, text)
        except InvalidSetting as error:
            log.error("%s, in kamailio.cfg or set at run time; it is ignored", error)
    in_force = settings.values()
    if in_force == _published:
        return False
    shared_memory.publish_settings(in_force)
    _published = in_force
    return True


def has_changed() -> bool:
    """Say whether the settings that the first prober published are others than the last time."""
    global _published
    in_force = dict(values())
    if in_force == _published:
        return False
    _published = in_force
    return True


def destinations_changed() -> str | None:
    """Return the list of destinations of kamailio.cfg if it was changed at run time, else None.

    For the prober only.
    """
    # What was defined at the start is registered by whichever process started first.
    before = _seen.setdefault(DESTINATION, shared_memory.defined(DESTINATION + "s") or "")
    text = shared_memory.configured(DESTINATION)
    if text is None or text == before:
        return None
    _seen[DESTINATION] = text
    return text


def is_enabled() -> bool:
    """Say whether the setting ``enabled`` lets pings be sent; for the prober only."""
    return shared_memory.configured("enabled") != "0"


def values() -> Mapping[str, Value]:
    """Return the value in force of every parameter."""
    read_defines()
    return shared_memory.published_settings() or settings.values()


def policy(options: Mapping[str, Value]) -> Policy:
    """Return what is in force for a destination with options of its own.

    Destinations with the same options share one: there are many of these, and few of those.
    """
    in_force = values()
    if in_force is not _policies_of[0] or len(_policies) > _MOST_POLICIES:
        _policies_of[0] = in_force
        _policies.clear()
    asked = tuple(options.items())
    found = _policies.get(asked)
    if found is None:
        found = _policies[asked] = Policy(in_force, options)
    return found
