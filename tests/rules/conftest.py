"""What the tests of the rules share."""

import importlib
import pkgutil
from collections.abc import Callable

import pytest

from keepalive_core import rules
from keepalive_core.rules.cache import Cache


def _memories() -> list[Callable[[], None]]:
    """What makes each memory of a rule forget."""
    names = [module.name for module in pkgutil.iter_modules(rules.__path__)]
    modules = [importlib.import_module(f"{rules.__name__}.{name}") for name in names]
    values = [value for module in modules for value in vars(module).values()]
    return [each.forget for each in values if isinstance(each, Cache)] + [
        each.cache_clear for each in values if hasattr(each, "cache_clear")
    ]


_MEMORIES = _memories()


@pytest.fixture(autouse=True)
def nothing_is_remembered() -> None:
    """What an earlier test had worked out would hide that it is worked out wrongly now."""
    for forget in _MEMORIES:
        forget()
