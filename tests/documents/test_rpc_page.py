"""docs/rpc.md has the methods that there are."""

import json
import re

import pytest

from cockpit_calls import Desk
from conftest import FakeServer
from keepalive_core.rules import json_rpc
from keepalive_core.rules.method_parameters import REQUIRED, MethodParameter
from keepalive_core.rules.showing import CLASSES, SORTS
from places import ROOT

PAGE = (ROOT / "docs" / "rpc.md").read_text()


@pytest.fixture
def desk(server: FakeServer) -> Desk:
    return Desk(server)


def written(parameter: MethodParameter) -> str:
    """A parameter as the tables have it."""
    default = "" if parameter.default is REQUIRED else f"={json.dumps(parameter.default)}"
    return f"`{parameter.name}`{default}"


def test_the_tables_have_each_method(desk: Desk) -> None:
    """With its parameters, their order and defaults; those that change something stand where it says so."""
    from keepalive_core.services import operators

    found = {}
    for row in re.findall(r"^\| `keepalive\..*", PAGE, re.MULTILINE):
        names, parameters, _ = row.strip("| ").split(" |", 2)
        for name in re.findall(r"`keepalive\.(\w+)`", names):
            found[name] = parameters.strip()
    assert found == {
        name: " ".join(map(written, method.parameters)) for name, method in operators.METHODS.items()
    }
    driven = re.findall(r"`keepalive\.(\w+)`", PAGE[PAGE.index("## What is driven") : PAGE.index("Each of")])
    assert set(driven) | {"add", "del", "flush"} == {
        name for name, method in operators.METHODS.items() if method.changes
    }


def test_words_and_limits_are_true() -> None:
    """Those of sorts, classes and errors."""
    assert f"`worst` ({', '.join(CLASSES)})" in PAGE
    assert all(f"`{sort}`" in PAGE for sort in SORTS)
    codes = [json_rpc.PARSE_ERROR, json_rpc.INVALID_REQUEST, json_rpc.METHOD_NOT_FOUND]
    codes += [json_rpc.INVALID_PARAMS, json_rpc.INTERNAL_ERROR]
    codes += [json_rpc.NOT_MONITORED, json_rpc.REFUSED, json_rpc.NOT_ALLOWED]
    assert re.findall(r"^\| (-\d+) \|", PAGE, re.MULTILINE) == [str(code) for code in codes]
    assert f"{json_rpc.MOST_BYTES >> 10} kB" in PAGE
    assert f"up to {json_rpc.MOST_REQUESTS} requests" in PAGE
    assert f"nested deeper than {json_rpc.MOST_DEPTH}" in PAGE
