"""What a method of JSON-RPC is given: by position or by name, each checked (pure)."""

from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

from .json_rpc import Params
from .quoting import quoted

# The most characters of a text; what it names has a limit of its own.
_MOST_TEXT: Final = 4096


class InvalidParams(ValueError):
    """What a method was given is not what it takes; the message names the parameter and the reason."""


class _Required:
    """Stands in the place of a default: there is none."""


REQUIRED: Final = _Required()

Kind = Callable[[object], str]
"""Says what is needed instead of a value, "" if that will do"""


def text(value: object) -> str:
    """Take a text."""
    if not isinstance(value, str):
        return "a text is needed"
    return "" if len(value) <= _MOST_TEXT else f"up to {_MOST_TEXT} characters are allowed"


def flag(value: object) -> str:
    """Take true or false."""
    return "" if isinstance(value, bool) else "true or false is needed"


def options(value: object) -> str:
    """Take an object of names and values, which is checked where it is used."""
    is_sound = isinstance(value, dict) and all(
        isinstance(each, str | int | float) and not isinstance(each, bool) for each in value.values()
    )
    return "" if is_sound else "an object of parameters with numbers and texts is needed"


def texts(most: int) -> Kind:
    """Return the kind that is an array of texts. Arguments: most, how many."""
    needed = f"an array of up to {most} texts is needed"
    return lambda value: (
        "" if isinstance(value, list) and len(value) <= most and not any(map(text, value)) else needed
    )


def one_of(*words: str) -> Kind:
    """Return the kind that is one of some words; "" is any of them, if it is among them."""
    needed = f"one of {', '.join(word for word in words if word)} is needed"
    return lambda value: "" if isinstance(value, str) and value in words else needed


def whole(least: int, most: int) -> Kind:
    """Return the kind that is a whole number of a range."""
    needed = f"a whole number from {least} to {most} is needed"
    return lambda value: "" if type(value) is int and least <= value <= most else needed


def number(least: int, most: int) -> Kind:
    """Return the kind that is a number of a range."""
    needed = f"a number from {least} to {most} is needed"
    return lambda value: (
        ""
        if isinstance(value, int | float) and type(value) is not bool and least <= value <= most
        else needed
    )


class MethodParameter(NamedTuple):
    """One of what a method takes."""

    name: str
    kind: Kind
    default: Any = REQUIRED


def bound(parameters: Sequence[MethodParameter], params: Params) -> dict[str, Any]:
    """Return what a method is given, by names, with its defaults. Raises: InvalidParams."""
    if isinstance(params, list):
        if len(params) > len(parameters):
            raise InvalidParams(f"{len(params)} values, {_signature(parameters)} is what it takes")
        params = {each.name: value for each, value in zip(parameters, params, strict=False)}
    unknown = params.keys() - {each.name for each in parameters}
    if unknown:
        raise InvalidParams(f"unknown {quoted(min(unknown))}, {_signature(parameters)} is what it takes")
    return {each.name: _checked(each, params.get(each.name, each.default)) for each in parameters}


def _checked(parameter: MethodParameter, value: Any) -> Any:
    if value is REQUIRED:
        raise InvalidParams(f"{parameter.name} is missing")
    needed = parameter.kind(value)
    if needed:
        raise InvalidParams(f"{parameter.name} {quoted(value)}: {needed}")
    return value


def _signature(parameters: Sequence[MethodParameter]) -> str:
    names = (each.name if each.default is REQUIRED else f"[{each.name}]" for each in parameters)
    return " ".join(names) or "nothing"
