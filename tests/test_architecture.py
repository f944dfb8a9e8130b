"""The floors, read from the paths: who may know whom, and what the module may depend on."""

import ast
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

KEMI = Path(__file__).resolve().parents[1] / "kemi"
CORE = KEMI / "keepalive_core"
MODULES = sorted(file for file in CORE.rglob("*.py") if file.name != "__init__.py")

# What lies on no floor stands on all of them: what Kamailio calls.
TOP = {file.stem for file in MODULES if file.parent == CORE}
# Of each floor: on which it stands. A module may import its own floor too.
BELOW = {
    "": {"services", "kamailio", "rules"},
    "cockpit": {"services", "kamailio", "rules"},
    "rules": set(),
    "kamailio": {"rules"},
    "services": {"kamailio", "rules"},
}
# A rule is given the time, and what is to be decided about; it asks nobody.
ASKING = {
    *("KSR", "time", "datetime", "logging", "random", "secrets"),
    *("os", "io", "pathlib", "socket", "threading"),
}


def imports(file: Path) -> set[tuple[str, ...]]:
    """What a file imports, from the top: ("keepalive_core", "rules", "uris") or ("json",)."""
    return imports_of(ast.walk(ast.parse(file.read_text())), file)


def imports_of(nodes: Iterable[ast.AST], file: Path) -> set[tuple[str, ...]]:
    """What some lines of a file import."""
    package = file.relative_to(KEMI).parent.parts
    found: set[tuple[str, ...]] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {tuple(alias.name.split(".")) for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            parents = package[: len(package) - node.level + 1] if node.level else ()
            module = (*parents, *(node.module.split(".") if node.module else ()))
            found |= {(*module, alias.name) for alias in node.names}
    return found


def floor_of(file: Path) -> str:
    """The folder that a module lies in, "" for the top."""
    return file.relative_to(CORE).parent.name


def name(file: Path) -> str:
    return "/".join(file.relative_to(CORE).with_suffix("").parts)


@pytest.mark.parametrize("file", MODULES, ids=name)
def test_imports_go_down(file: Path) -> None:
    """A module knows its own floor and those below, and never the API above it."""
    floor = floor_of(file)
    known = {parts[1] for parts in imports(file) if parts[0] == "keepalive_core"}
    known.discard("VERSION")  # is no module: the package's own
    if name(file) == "handlers":
        known.discard("cockpit")  # see test_one_process_knows_the_cockpit()
    assert known <= BELOW[floor] | ({floor} if floor else TOP)
    assert not {parts for parts in imports(file) if parts[0] == "keepalive"}


@pytest.mark.parametrize("file", MODULES, ids=name)
def test_one_floor_knows_kamailio(file: Path) -> None:
    """KSR and the process's sockets are known to the floor that has Kamailio's name, and to no other."""
    asked = {parts[0] for parts in imports(file)} & {"KSR", "socket"}
    assert not asked or file.parent.name == "kamailio" or (floor_of(file) == "cockpit" and "KSR" not in asked)


def test_one_process_knows_the_cockpit() -> None:
    """Only what its timer calls imports it, when that is called."""
    at_the_top = {
        name(file): imports_of(ast.parse(file.read_text()).body, file)
        for file in MODULES
        if floor_of(file) != "cockpit"
    }
    assert not [where for where, known in at_the_top.items() if any("cockpit" in each for each in known)]
    inside = [name(file) for file in MODULES if any("cockpit" in each for each in imports(file))]
    assert [each for each in inside if not each.startswith("cockpit/")] == ["handlers"]


@pytest.mark.parametrize("file", sorted((CORE / "rules").glob("*.py")), ids=name)
def test_rules_ask_nobody(file: Path) -> None:
    """A rule has no way to Kamailio, to a clock, a file, the log or chance."""
    assert not {parts[0] for parts in imports(file)} & ASKING


@pytest.mark.parametrize("file", [*MODULES, KEMI / "keepalive.py"], ids=lambda file: file.stem)
def test_nothing_but_the_standard_library(file: Path) -> None:
    """The module lives in a SIP server's processes: it imports the standard library and KSR only.

    The cockpit has a process of its own, and two libraries there.
    """
    outside = {parts[0] for parts in imports(file)} - set(sys.stdlib_module_names)
    there = file.parent.name == "cockpit"
    assert outside <= {"KSR", "keepalive_core"} | ({"aiohttp", "prometheus_client"} if there else set())


# What is a table, a line for each thing, may be as long as there are things.
TABLES = {"services/information.of", "rules/policy.__init__", "rules/pinged.__init__"}


@pytest.mark.parametrize("file", [*MODULES, KEMI / "keepalive.py"], ids=lambda file: file.stem)
def test_a_module_is_read_in_one_sitting(file: Path) -> None:
    """None has more than 300 lines, and no function more than 40."""
    text = file.read_text()
    assert len(text.splitlines()) <= 300
    long = {
        f"{file.parent.name}/{file.stem}.{node.name}"
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef) and (node.end_lineno or 0) - node.lineno + 1 > 40
    }
    assert long <= TABLES


def test_a_module_is_found_by_its_name() -> None:
    """Each module lies on a floor, and no two have one name."""
    names = [file.stem for file in MODULES]
    assert {floor_of(file) for file in MODULES} == set(BELOW)
    assert {"handlers", "native_handlers", "routing"} == TOP
    assert len(names) == len(set(names))


# --- tests: each floor has a folder, each module a file ---------------------------------------------------

TESTS = Path(__file__).resolve().parent


@pytest.mark.parametrize("file", sorted((TESTS / "rules").glob("test_*.py")), ids=lambda file: file.stem)
def test_rules_are_tested_without_a_server(file: Path) -> None:
    """What is in tests/rules asks for no process and no fake server, and knows no floor but the rules'."""
    tree = ast.parse(file.read_text())
    known = {each for parts in imports_of_a_test(tree) for each in parts}
    assert not known & {"KSR", "keepalive", "kamailio", "services", "conftest", "keepalive_testing"}
    asked = {each.arg for each in ast.walk(tree) if isinstance(each, ast.arg)}
    assert not asked & {"keepalive", "server", "ksr"}


def imports_of_a_test(tree: ast.AST) -> set[tuple[str, ...]]:
    """What a test imports, from the top."""
    found: set[tuple[str, ...]] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {tuple(alias.name.split(".")) for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {(*(node.module or "").split("."), alias.name) for alias in node.names}
    return found


def test_each_module_has_a_test_file() -> None:
    """Of its name, on its floor; who wants to know what a module does reads that."""
    missing = {
        name(file)
        for file in MODULES
        if not (TESTS / file.relative_to(CORE).parent / f"test_{file.stem}.py").exists()
    }
    assert missing == set()


def test_a_test_says_what_its_layer_adds() -> None:
    """A name that tests/real has too says there that it is about real servers."""
    docstrings: dict[str, list[tuple[bool, str]]] = {}
    for file in TESTS.rglob("test_*.py"):
        for node in ast.parse(file.read_text()).body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                said = (file.parent.name == "real", ast.get_docstring(node) or "")
                docstrings.setdefault(node.name, []).append(said)
    shared = {
        name: said for name, said in docstrings.items() if {is_real for is_real, _ in said} == {True, False}
    }
    assert not [
        name
        for name, said in shared.items()
        for is_real, text in said
        if is_real and "eal server" not in text
    ]


def test_links_lead_to_what_the_repository_has() -> None:
    """None is of the machine on which it was committed, such as one to a virtual environment."""
    root = KEMI.parent
    command = ["git", "-C", str(root), "ls-files", "--stage"]
    listed = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    files = {line.partition("\t")[2] for line in listed}
    links = {line.partition("\t")[2] for line in listed if line.startswith("120000")}
    assert "testing/keepalive_testing/kemi" in links
    led_to = {link: os.path.normpath(f"{link}/../{os.readlink(root / link)}") for link in links}
    folders = {str(folder) for file in files for folder in Path(file).parents}
    assert {link: to for link, to in led_to.items() if to not in files | folders} == {}
