"""Asks what the tests of rules/ would let pass: each rule is changed a little, one place at a time.

A change that no test of tests/rules notices survives. docs/mutants.md lists the survivors with the reason
why each is harmless; this script compares: it fails if more than 3 % of all changes survive without a reason.
mutmut makes the changes and runs the tests, in .mutants; a module takes some minutes, all of them hours.

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
only_mutate = ["src/keepalive_core/rules/*"]
also_copy = ["stubs"]
pytest_add_cli_args_test_selection = ["tests/rules"]
pytest_add_cli_args = ["--hypothesis-profile=mutants"]
timeout_constant = 20.0

[tool.pytest.ini_options]
pythonpath = ["src", "tests", "stubs"]
addopts = "--import-mode=importlib -m 'not full'"
markers = ["full: takes long"]
"""


@dataclass(frozen=True)
class Change:
    """One change of a rule: where, and the lines before and after."""

    module: str
    function: str
    before: str
    after: str

    def __str__(self) -> str:
        return f"`{self.module}.{self.function}`: `{self.before}` -> `{self.after}`"


def stage() -> None:
    """Lay out the rules and their tests as mutmut wants them; what has not changed keeps its results."""
    for source, folder in (("kemi", "src"), ("stubs", "stubs")):
        _copy(ROOT / source, STAGE / folder)
    _copy(ROOT / "tests", STAGE / "tests", OTHER_TESTS)
    _write(STAGE / "pyproject.toml", CONFIGURATION)


def _copy(source: Path, target: Path, left_out: Set[str] = frozenset()) -> None:
    """Make one folder like another; a file that is the same already keeps its date."""
    left_out = {*left_out, "__pycache__"}
    files = {file.relative_to(source) for file in source.rglob("*") if file.is_file()}
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


def run(module: str) -> bool:
    """Have mutmut change a module and run the tests of what is changed, one process at a time.

    Returns: whether it could; it can't if a test fails without any change.
    """
    mutants = f"keepalive_core.rules.{module}.*"
    return subprocess.run([MUTMUT, "run", "--max-children", "1", mutants], cwd=STAGE).returncode == 0


def verdicts() -> dict[str, str]:
    """What became of each change that was tried, by mutmut's name of it."""
    found = {}
    for line in _ask("results", "--all", "true").splitlines():
        name, separator, verdict = line.strip().rpartition(": ")
        if separator and name.startswith("keepalive_core.rules."):
            found[name] = verdict
    return found


def _ask(*words: str) -> str:
    return subprocess.run([MUTMUT, *words], cwd=STAGE, check=True, capture_output=True, text=True).stdout


def change_of(name: str) -> Change:
    """Look at the change that mutmut has given a name."""
    lines = _ask("show", name).splitlines()
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
    stage()
    os.nice(19)
    modules = modules or sorted(file.stem for file in RULES.glob("[a-z]*.py"))
    for module in modules:
        if not run(module):
            print(f"mutmut can't run the tests of {module}: does pytest tests/rules pass?")
            return 1
    tried = {name: verdict for name, verdict in verdicts().items() if name.split(".")[2] in modules}
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
