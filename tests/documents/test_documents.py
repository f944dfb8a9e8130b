"""The documents say what the project is."""

import re
import runpy
from types import ModuleType

import pytest

from conftest import FakeServer
from examples import ARCHITECTURE, FUNCTIONS, GUIDES, README, REFERENCE, ROOT, named_examples, sessions, table
from keepalive_core.rules import service_code
from keepalive_core.rules.parameters import DESTINATION, PARAMETERS
from keepalive_core.rules.service_code import Service, code
from keepalive_core.rules.states import DOWN, UNKNOWN, UP
from limits_of_parameters import NUMBERS, limits

CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text()
CHANGELOG = (ROOT / "CHANGELOG.md").read_text()
SETTINGS_CFG = (ROOT / "kemi" / "keepalive-settings.cfg").read_text()


def rows_of(name: str) -> list[str]:
    """The rows of the README's tables for a parameter."""
    return [line for line in README.splitlines() if line.startswith(f"| `{name}`")]


def test_the_readmes_short_table_is_of_the_parameters() -> None:
    """The README's table has the eight that matter, in their order, with defines and defaults."""
    short = [cell.strip("`") for cell in table(README, "| `modparam` and")]
    assert short == [name for name in PARAMETERS if name in short]
    assert len(short) == 8
    for name in short:
        [row] = rows_of(name)
        cells = [cell.strip().strip("`") for cell in row.split("|")]
        assert cells[2] == PARAMETERS[name].define
        assert cells[3] == str(PARAMETERS[name].default)


def test_limits_that_the_readme_names_are_the_modules() -> None:
    """If a row of the table says "50 to 32000", that is what is allowed."""
    for name in NUMBERS:
        for row in rows_of(name):
            for named in re.findall(r"([\d.]+) to (\d+)", row):
                assert {float(each) for each in named} <= set(limits(name)[0]), name


def test_what_follows_from_the_table_is_as_it_is_written() -> None:
    """keepalive-settings.cfg and docs/parameters.md are what make parameters would write."""
    generator = runpy.run_path(str(ROOT / "scripts" / "parameters.py"))
    assert generator["with_block"](SETTINGS_CFG) == SETTINGS_CFG, "make parameters"
    assert generator["document"]() == (ROOT / "docs" / "parameters.md").read_text(), "make parameters"


def test_every_parameter_is_declared_with_its_default() -> None:
    """keepalive-settings.cfg has a define with the default for each, and declares what kamcmd may set."""
    for name, parameter in PARAMETERS.items():
        define = f"KEEPALIVE_{name.upper()}"
        declared = re.findall(
            rf'^keepalive.{name} = ("{define}"|{define}) desc "', SETTINGS_CFG, re.MULTILINE
        )
        assert len(declared) == parameter.at_run_time
        assert not declared or (declared[0] == f'"{define}"') == (f'#!subst "/^{define}$/' in SETTINGS_CFG)
        [default] = re.findall(rf"^#!define {define} (.+)", SETTINGS_CFG, re.MULTILINE)
        assert default.strip('"') == parameter.defined
    assert f"keepalive.{DESTINATION} = KEEPALIVE_DESTINATIONS desc" in SETTINGS_CFG


def functions_of(keepalive: ModuleType) -> set[str]:
    """What users call: what a * brings, and list()."""
    return {name for name in keepalive.__all__ if name.islower()} | {"list"}


def test_every_function_is_in_the_table(server: FakeServer) -> None:
    """The table of docs/functions.md has all functions of the API."""
    keepalive = server.process()
    named = {name for cell in table(FUNCTIONS, "| function |") for name in re.findall(r"`(\w+)\(", cell)}
    functions = functions_of(keepalive)
    assert named == functions


def test_contributing_is_a_map() -> None:
    """Each module that CONTRIBUTING names exists; it is short."""
    named = re.findall(r"`((?:rules|kamailio|services|cockpit)/\w+\.py)`", CONTRIBUTING)
    assert named
    for module in named:
        assert (ROOT / "kemi" / "keepalive_core" / module).is_file(), module
    assert len(CONTRIBUTING.splitlines()) < 90


def test_the_version_is_one(server: FakeServer) -> None:
    """Module, project and changelog name the same version."""
    version = server.process().__version__
    assert 'version = {attr = "keepalive_core.VERSION"}' in (ROOT / "pyproject.toml").read_text()
    assert re.findall(r"## \[(\d.*?)\]", CHANGELOG)[0] == version


def test_every_command_named_is_there() -> None:
    """Each make target and each file that the documents name exists."""
    makefile = (ROOT / "Makefile").read_text()
    for target in re.findall(
        r"make (run|test|check|unit|real|stubs|bench|soak|faults|parameters)\b", GUIDES + CONTRIBUTING
    ):
        assert f"\n{target}:" in makefile
    for path in re.findall(r"`((?:kemi|docker|tests|stubs)/[\w./-]+)`", GUIDES + CONTRIBUTING):
        assert (ROOT / path).exists(), path


def test_everything_has_an_example(server: FakeServer) -> None:
    """Each parameter and each function is in the headings of the reference's examples."""
    headings = {
        name for heading in re.findall(r"^### (.+)", REFERENCE, re.MULTILINE) for name in heading.split(", ")
    }
    assert headings == {*PARAMETERS, *functions_of(server.process())}
    assert REFERENCE.count("```") // 2 == len(sessions()) + len(named_examples(REFERENCE))


def test_the_readme_has_every_kind_of_configuration() -> None:
    """Each folder of examples/ has its row, and each include says at its top for whom it is."""
    folders = {path.name for path in (ROOT / "examples").iterdir()}
    assert set(re.findall(r"\]\(examples/([\w-]+)\)", README)) == folders
    includes = {path.name: path.read_text() for path in (ROOT / "kemi").glob("*.cfg")}
    others = {"keepalive-settings.cfg", "keepalive-python.cfg"}
    for name, text in includes.items():
        top = text.split("\n\n")[0]
        if name in others:
            assert "do not\n# include it yourself" in top or "do not include it yourself" in top
        else:
            assert top.startswith("# KeepAlive for a ")
            assert all(other in top for other in includes.keys() - others - {name}), name


@pytest.mark.parametrize("name", list(named_examples()))
def test_every_example_is_run_by_a_test(name: str) -> None:
    """Each named example of README and docs is used by a test on real servers; none is without a name.

    A test of docs/testing.md is run by one of the kit.
    """
    tests = ROOT / "tests" if name.startswith("test_") else ROOT / "tests" / "real"
    assert any(f'"{name}"' in file.read_text() for file in tests.glob("test_*.py"))
    assert not re.findall(r"(?<! -->)\n\n```(?:python|js|lua)\n", GUIDES)


def test_the_readme_is_short() -> None:
    """It is read in five minutes."""
    assert len(README.splitlines()) <= 150


def test_links_lead_somewhere() -> None:
    """Each link within the documents is to a file, and to a heading in it if it names one."""
    files = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *(ROOT / "stubs").rglob("*.md")]
    for file in files:
        for target in re.findall(r"\]\((?!http)([^)]+)\)", file.read_text()):
            path, _, anchor = target.partition("#")
            there = (file.parent / path).resolve() if path else file
            assert there.exists(), f"{file.name}: {target}"
            if anchor:
                headings = re.findall(r"^#+ (.+)", there.read_text(), re.MULTILINE)
                named = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
                assert anchor in named, f"{file.name}: {target}"


def test_the_numbers_of_the_table_of_states() -> None:
    """What is said of `htable.dump keepalive_state` is what lies there."""
    one, other, last = sorted(service_code.with_unknown_as(UNKNOWN, word) for word in ("up", "down", "error"))
    assert f"({UP} up, {DOWN} down, {one}, {other} or {last} unknown; 10 and more: drained" in ARCHITECTURE
    services = {
        code(UP, service) - UP for service in (Service.DRAINED, Service.MAINTENANCE, Service.OWN_DRAIN)
    }
    assert min(services) == 10
    assert f"or with {code(UNKNOWN, groups=1)} kept answering by a group" in " ".join(ARCHITECTURE.split())


def test_halves_is_the_word(server: FakeServer) -> None:
    """ "Half as long again" is longer, by half; a hold that is calm for a window gets shorter, by half."""
    documents = [README, *(file.read_text() for file in (ROOT / "docs").glob("*.md"))]
    assert not [text for text in documents if "half as long again" in " ".join(text.split())]
    assert any("halves for each calm `flap_window`" in text for text in documents)
