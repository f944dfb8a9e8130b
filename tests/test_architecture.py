"""The rooms: who may know Kamailio, and what the module may depend on."""

import ast
import sys
from pathlib import Path

import pytest

KEMI = Path(__file__).resolve().parents[1] / "kemi"
ROOMS = sorted((KEMI / "keepalive_core").glob("*.py"))
KNOW_KSR = {"shared_memory", "variables", "tm", "answers", "kamailio_log", "rpc", "listeners"}
PURE = {
    *("uris", "quoting", "checks", "modes", "settings", "ways", "list_file", "replacing", "reply_codes"),
    *("state_row", "state_format"),
    *(
        "health",
        "schedule",
        "guards",
        "listening",
        "calls",
        "freshness",
        "turns",
        "fleet",
        "news",
        "rows",
        "lanes",
        "sockets",
    ),
    *("rosters", "shown", "remembered"),
}


def imports(file: Path) -> set[str]:
    """The modules that a file imports, those of its own package with a dot."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names = [node.module] if node.module else [alias.name for alias in node.names]
            found |= {("." * node.level + name) if node.level else name.partition(".")[0] for name in names}
    return found


@pytest.mark.parametrize("room", ROOMS, ids=lambda file: file.stem)
def test_few_rooms_know_kamailio(room: Path) -> None:
    """KSR is known to these, and to no other room."""
    assert ("KSR" in imports(room)) == (room.stem in KNOW_KSR)


@pytest.mark.parametrize("name", sorted(PURE))
def test_pure_rooms_know_pure_rooms_only(name: str) -> None:
    """A pure room has no way to Kamailio, not even through another room, and reads no clock."""
    known = imports(KEMI / "keepalive_core" / f"{name}.py")
    assert {module for module in known if module.startswith(".")} <= {f".{room}" for room in PURE}
    assert not known & {"time", "os", "logging", "random"}


@pytest.mark.parametrize("file", [*ROOMS, KEMI / "keepalive.py"], ids=lambda file: file.stem)
def test_nothing_but_the_standard_library(file: Path) -> None:
    """The module lives in a SIP server's processes: it imports the standard library and KSR only."""
    outside = {module for module in imports(file) if not module.startswith(".")}
    assert outside <= set(sys.stdlib_module_names) | {"KSR", "keepalive_core"}


def test_every_room_is_in_the_packages_list() -> None:
    """The package's docstring names every room."""
    listed = (KEMI / "keepalive_core" / "__init__.py").read_text()
    for room in ROOMS:
        assert room.stem == "__init__" or f"``{room.stem}``" in listed
