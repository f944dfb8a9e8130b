"""What is in force for a destination, as this process remembers it; rules/policy.py says whose word wins."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from ..kamailio import destination_rows, group_rows
from ..rules.cache import Cache
from ..rules.parameters import Value
from ..rules.policy import Policy
from ..rules.rows import Registration
from ..rules.uris import parse
from ..rules.ways import way_of
from . import configuration

_Options = tuple[tuple[str, Value], ...]
# By the options of groups and of destinations; valid for one version of the settings. One takes some 4 kB.
_policies: Cache[tuple[_Options, _Options], Policy] = Cache(
    16 << 20, lambda options, _: 4000 + sum(4 * len(str(value)) for each in options for _, value in each)
)
_NO_OPTIONS: Final[Mapping[str, Value]] = {}

# The owners of groups' options.
OF_SCRIPT: Final = "script"
OF_LIST_FILE: Final = "list file"

# The options of groups, by their names; valid for one number of options_change().
_group_options: Cache[str, dict[str, Value]] = Cache(
    4 << 20, lambda _, options: 100 + sum(100 + len(str(value)) for value in options.values())
)


def policy(options: Mapping[str, Value], groups: Sequence[str] = ()) -> Policy:
    """Return what is in force for a destination.

    Destinations with the same options share one: there are many of these, and few of those.

    Arguments: options, of its own; groups, that it is in, the one first whose word counts.
    """
    in_force = configuration.values()
    given = options_of_groups(groups) if groups else _NO_OPTIONS
    question = (tuple(given.items()), tuple(options.items()))
    return _policies.at(in_force).answer(question, lambda _: Policy(in_force, options, given))


def policy_of(registered: Registration | None) -> Policy:
    """Return what is in force for a destination; None for what is not known: the settings alone.

    For a target that is what is in force for its name.
    """
    wanted = as_wanted(registered)
    return policy(wanted.options, wanted.groups) if wanted else policy({})


def is_name(registered: Registration, in_force: Policy | None = None) -> bool:
    """Say whether the addresses behind a destination are pinged, each by itself, and not the destination.

    Arguments: registered; in_force, its policy, if the caller has it.
    """
    if registered.target is not None:
        return False
    in_force = in_force or policy_of(registered)
    # Its key says whether it is the very one that its group tracks.
    key = parse(registered.uri).key if in_force.track else ""
    return way_of(key, registered.uri, in_force).is_name


def as_wanted(registered: Registration | None) -> Registration | None:
    """Return the registration by those who want a destination: of a target its name's, None if unknown."""
    if registered is None or registered.target is None:
        return registered
    return destination_rows.registration(registered.target.name)


def options_of_groups(groups: Iterable[str]) -> Mapping[str, Value]:
    """Return the options that groups have; if they differ, the word of the first one counts.

    What configure_group() said of a group counts more than what the list file says.
    """
    known = _group_options.at(group_rows.options_change())
    merged: dict[str, Value] = {}
    for name in groups:
        merged = {**known.answer(name, _options_of), **merged}
    return merged


def _options_of(name: str) -> dict[str, Value]:
    given = group_rows.options(name)
    return {**given.get(OF_LIST_FILE, {}), **given.get(OF_SCRIPT, {})}
