"""What a parameter is: a name, a default, a kind of values, and whose it is (pure)."""

from collections.abc import Mapping
from enum import IntEnum
from typing import Any, Generic, Protocol, TypeVar, overload

from .kinds import ValueKind

T = TypeVar("T")


class Whose(IntEnum):
    """What a parameter is of: the server only, a group too, or a single destination too."""

    SERVER = 0
    GROUP = 1
    DESTINATION = 2


class HasValues(Protocol):
    """What has the values of parameters: see parameters.Values."""

    by_name: Mapping[str, Any]


class Parameter(Generic[T]):
    """One parameter: of Values an attribute, which has the type of the parameter's kind.

    Arguments: default; kind, of values; help, one sentence that says what it is; more, what else there is to
    know, for the documents; whose; at_run_time, whether kamcmd may set it: not what names a file, which is
    for the owner of kamailio.cfg to say; of_profile, whether a profile says it: kamailio.cfg has the empty
    text for it then, so that a word of an operator can be told from the default.
    """

    def __init__(
        self,
        default: T,
        kind: ValueKind[T],
        help: str,
        more: str = "",
        whose: Whose = Whose.DESTINATION,
        at_run_time: bool = True,
        of_profile: bool = False,
    ) -> None:
        self.name = ""
        self.default = default
        self.kind = kind
        self.help = help
        self.more = more
        self.whose = whose
        self.at_run_time = at_run_time
        self.of_profile = of_profile

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, values: None, owner: type) -> "Parameter[T]": ...

    @overload
    def __get__(self, values: "HasValues", owner: type) -> T: ...

    def __get__(self, values: "HasValues | None", owner: type) -> "Parameter[T] | T":
        return self if values is None else values.by_name[self.name]

    @property
    def define(self) -> str:
        """The name of its define in kamailio.cfg."""
        return f"KEEPALIVE_{self.name.upper()}"

    @property
    def defined(self) -> str:
        """What it is in kamailio.cfg before anybody says anything."""
        return "" if self.of_profile else str(self.default)


def parameters_of(values: type) -> dict[str, Parameter[Any]]:
    """Return the parameters that a class has itself, by their names."""
    return {name: each for name, each in vars(values).items() if isinstance(each, Parameter)}
