"""The documents say what the project is."""

import re

import pytest

from conftest import FakeServer
from documents import README, REFERENCE, ROOT, named_examples, sessions, table
from keepalive_core.rules.settings import DESTINATION, SETTINGS
from test_settings import NUMBERS, limits

CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text()
CHANGELOG = (ROOT / "CHANGELOG.md").read_text()
SETTINGS_CFG = (ROOT / "kemi" / "keepalive-settings.cfg").read_text()


def test_every_parameter_is_in_the_readme_with_its_default() -> None:
    """The README's table has all parameters and no others, with their defines and defaults."""
    assert table(README, "| `modparam` and") == [f"`{name}`" for name in [*SETTINGS, DESTINATION]]
    for name, setting in SETTINGS.items():
        [row] = [line for line in README.splitlines() if line.startswith(f"| `{name}`")]
        cells = [cell.strip().strip("`") for cell in row.split("|")]
        assert cells[2] == f"KEEPALIVE_{name.upper()}"
        assert cells[3] == str(setting.default)


def test_limits_that_the_readme_names_are_the_modules() -> None:
    """Where a row of the table says "50 to 32000", that is what is allowed."""
    for name in NUMBERS:
        [row] = [line for line in README.splitlines() if line.startswith(f"| `{name}`")]
        for named in re.findall(r"([\d.]+) to (\d+)", row):
            assert {float(each) for each in named} <= set(limits(name)[0]), name


def test_every_setting_is_declared_with_the_same_default() -> None:
    """keepalive-settings.cfg has a define with the default for each, and declares what kamcmd may set."""
    for name, setting in SETTINGS.items():
        define = f"KEEPALIVE_{name.upper()}"
        assert (f"keepalive.{name} = {define} desc" in SETTINGS_CFG) == setting.at_run_time
        [default] = re.findall(rf"^#!define {define} (.+)", SETTINGS_CFG, re.MULTILINE)
        assert default.strip('"') == str(setting.default)
    assert f"keepalive.{DESTINATION} = KEEPALIVE_DESTINATIONS desc" in SETTINGS_CFG


def test_every_function_is_in_the_readme(server: FakeServer) -> None:
    """The README's table has all functions of the face."""
    keepalive = server.process()
    named = {name for cell in table(README, "| function |") for name in re.findall(r"`(\w+)\(", cell)}
    functions = {name for name in keepalive.__all__ if name.islower()}
    assert named == functions


def test_contributing_is_a_map() -> None:
    """Each module that CONTRIBUTING names exists; it is short."""
    named = re.findall(r"`((?:rules|kamailio|services)/\w+\.py)`", CONTRIBUTING)
    assert named
    for module in named:
        assert (ROOT / "kemi" / "keepalive_core" / module).is_file(), module
    assert len(CONTRIBUTING.splitlines()) < 80


def test_the_version_is_one(server: FakeServer) -> None:
    """Module, project and changelog name the same version."""
    version = server.process().__version__
    assert f'version = "{version}"' in (ROOT / "pyproject.toml").read_text()
    assert re.findall(r"## \[(\d.*?)\]", CHANGELOG)[0] == version


def test_every_command_named_is_there() -> None:
    """Each make target and each file that the documents name exists."""
    makefile = (ROOT / "Makefile").read_text()
    for target in re.findall(
        r"make (run|test|check|unit|real|stubs|bench|soak|faults)\b", README + CONTRIBUTING
    ):
        assert f"\n{target}:" in makefile
    for path in re.findall(r"`((?:kemi|docker|tests|stubs)/[\w./-]+)`", README + CONTRIBUTING):
        assert (ROOT / path).exists(), path


def test_everything_has_an_example(server: FakeServer) -> None:
    """Each parameter and each function is in the headings of the reference's examples."""
    headings = {
        name for heading in re.findall(r"^### (.+)", REFERENCE, re.MULTILINE) for name in heading.split(", ")
    }
    functions = {name for name in server.process().__all__ if name.islower()}
    assert headings == {*SETTINGS, *functions}
    assert REFERENCE.count("```") // 2 == len(sessions()) + len(named_examples(REFERENCE))


@pytest.mark.parametrize("name", list(named_examples()))
def test_every_example_is_run_by_a_test(name: str) -> None:
    """Each named example of the README is used by tests/real/test_readme.py; none is without a name."""
    assert f'"{name}"' in (ROOT / "tests" / "real" / "test_readme.py").read_text()
    assert len(named_examples()) == README.count("```") // 2
