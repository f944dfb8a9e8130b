"""Asks what the tests of rules/ would let pass: each rule is changed a little, one place at a time.

A change that no test of tests/rules notices survives. docs/mutants.md lists the survivors with the reason
why each is harmless; this script compares: it fails if more than 3 % of all changes survive without a reason.
mutmut makes the changes and runs the tests, in .mutants: of a module the tests of its own name first, and for
what these let pass all tests of tests/rules that come by. What was caught stays so until its function is
changed; without .mutants all begins anew.

    scripts/mutants.py [MODULE...]     such as judging latency; all of rules/ without one
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Set
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RULES = ROOT / "kemi" / "keepalive_core" / "rules"
STAGE = ROOT / ".mutants"
DOCUMENT = ROOT / "docs" / "mutants.md"
MUTMUT = Path(sys.executable).with_name("mutmut")
# A change that makes a test run for ever is noticed, too.
CAUGHT = {"killed", "timeout"}
# Of all changes, those that may survive without a reason.
UNEXPLAINED_PERCENT = 3

# What asks for an answer only, whatever it says, takes long and notices little.
OTHER_TESTS = {"real", "services", "kamailio", "documents", "test_any_input.py"}
# mutmut looks for modules in src/, and for what the tests import beside it.
CONFIGURATION = """
[tool.mutmut]
source_paths = ["src"]
only_mutate = ["src/keepalive_core/rules/{modules}.py"]
also_copy = ["stubs", "testing"]
pytest_add_cli_args_test_selection = ["tests/rules{tests}"]
pytest_add_cli_args = ["--hypothesis-profile=mutants"]
timeout_constant = 10.0
timeout_multiplier = 6.0

[tool.pytest.ini_options]
pythonpath = ["src", "testing", "tests", "stubs"]
addopts = "--import-mode=importlib -m 'not full'"
markers = ["full: takes long"]
"""
# Of the folders in .mutants the one in which all tests run; each other one has the name of a module.
ALL = "all"


@dataclass(frozen=True)
class Change:
    """One change of a rule: where, and the lines before and after."""

    module: str
    function: str
    before: str
    after: str

    def __str__(self) -> str:
        return f"`{self.module}.{self.function}`: `{self.before}` -> `{self.after}`"


def stage(name: str) -> None:
    """Lay out the rules and their tests as mutmut wants them; what has not changed keeps its results.

    Arguments: name, of the module that is changed while the tests of its name run; or ALL.
    """
    for source, folder in (("kemi", "src"), ("stubs", "stubs"), ("testing", "testing")):
        _copy(ROOT / source, STAGE / name / folder)
    _copy(ROOT / "tests", STAGE / name / "tests", OTHER_TESTS)
    modules, tests = ("*", "") if name == ALL else (name, f"/test_{name}.py")
    _write(STAGE / name / "pyproject.toml", CONFIGURATION.format(modules=modules, tests=tests))


def _copy(source: Path, target: Path, left_out: Set[str] = frozenset()) -> None:
    """Make one folder like another; a file that is the same already keeps its date."""
    left_out = {*left_out, "__pycache__"}
    # testing/ has kemi/ and stubs/ in it by links.
    folders = (Path(folder) for folder, _, _ in os.walk(source, followlinks=True))
    files = {file.relative_to(source) for folder in folders for file in folder.iterdir() if file.is_file()}
    files = {file for file in files if not left_out & {*file.parts}}
    for file in target.rglob("*"):
        if file.is_file() and file.relative_to(target) not in files:
            file.unlink()
    for file in files:
        _write(target / file, (source / file).read_bytes())


def _write(file: Path, content: bytes | str) -> None:
    data = content.encode() if isinstance(content, str) else content
    if not file.exists() or file.read_bytes() != data:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)


def run(name: str, changes: list[str]) -> bool:
    """Have mutmut run the tests for some changes, or for all that were not tried yet.

    Returns: whether it could; it can't if a test fails without any change.
    """
    command = [str(MUTMUT), "run", "--max-children", str(os.cpu_count() or 1), *changes]
    return subprocess.run(command, cwd=STAGE / name).returncode == 0


def verdicts(name: str) -> dict[str, str]:
    """What became of each change that was tried, by mutmut's name of it."""
    found = {}
    for line in _ask(name, "results", "--all", "true").splitlines():
        change, separator, verdict = line.strip().rpartition(": ")
        if separator and change.startswith("keepalive_core.rules."):
            found[change] = verdict
    return found


def not_killed(found: dict[str, str]) -> list[str]:
    """Of verdicts(), the changes at which no test has failed; one that took too long may have been slow."""
    return [change for change, verdict in found.items() if verdict != "killed"]


def _ask(name: str, *words: str) -> str:
    return subprocess.run(
        [MUTMUT, *words], cwd=STAGE / name, check=True, capture_output=True, text=True
    ).stdout


def try_changes(modules: list[str]) -> dict[str, str]:
    """Change these modules; return what became of each change. Raises: RuntimeError."""
    found: dict[str, str] = {}
    for name in modules:
        before = not_killed(verdicts(name)) if (STAGE / name).exists() else []
        stage(name)
        is_run = run(name, [])
        # There may be tests now that were not there when these survived.
        if is_run and (again := [change for change in not_killed(verdicts(name)) if change in before]):
            is_run = run(name, again)
        if not is_run:
            raise RuntimeError(f"mutmut can't run tests/rules/test_{name}.py: does it pass?")
        found |= verdicts(name)
    if left := not_killed(found):
        stage(ALL)
        if not run(ALL, left):
            raise RuntimeError("mutmut can't run tests/rules: do they pass?")
        others = verdicts(ALL)
        found |= {change: others[change] for change in left}
    return found


def change_of(name: str) -> Change:
    """Look at the change that mutmut has given a name."""
    lines = _ask(ALL, "show", name).splitlines()
    before = [line[1:].strip() for line in lines if re.match(r"-(?!--)", line)]
    after = [line[1:].strip() for line in lines if re.match(r"\+(?!\+\+)", line)]
    module, _, function = name.removeprefix("keepalive_core.rules.").partition(".")
    function = re.sub(r"__mutmut_\d+$", "", function).removeprefix("x_").lstrip("xǁ").replace("ǁ", ".")
    return Change(module, function, " ".join(before), " ".join(after))


def explained() -> dict[str, str]:
    """The changes that docs/mutants.md gives a reason for."""
    if not DOCUMENT.exists():
        return {}
    found = re.findall(r"^- (`.+` -> `.*`)\n  (\S.*)$", DOCUMENT.read_text(), re.MULTILINE)
    return dict(found)


def main(modules: list[str]) -> int:
    if not MUTMUT.exists():
        print(f"There is no {MUTMUT}: {sys.executable} -m pip install -r tests/requirements-mutants.txt")
        return 1
    os.nice(15)
    # A module of names only has nothing to change.
    modules = modules or sorted(each.stem for each in RULES.glob("[a-z]*.py") if "def " in each.read_text())
    try:
        tried = try_changes(modules)
    except RuntimeError as fault:
        print(fault)
        return 1
    survivors = [str(change_of(name)) for name, verdict in tried.items() if verdict not in CAUGHT]
    reasons = {change for change in explained() if change[1:].split(".")[0] in modules}
    unexplained = [change for change in survivors if change not in reasons]
    percent = 100 * len(unexplained) / max(1, len(tried))
    print(
        f"{len(tried)} changes:",
        ", ".join(f"{n} {what}" for what, n in Counter(tried.values()).most_common()),
    )
    for change in unexplained:
        print(f"- {change}")
    for change in reasons - set(survivors):
        print(f"docs/mutants.md explains what does not survive: {change}")
    print(f"{len(unexplained)} ({percent:.1f} %) survived without a reason in docs/mutants.md")
    return int(not tried or percent > UNEXPLAINED_PERCENT)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
