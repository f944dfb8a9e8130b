"""The stubs are packages that pip installs and mypy knows; what they have is what stubs/MODULES.md says."""

import re
import shutil
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

import generate
from examples import named_examples
from keepalive_testing import signatures
from places import ROOT

STUBS = ROOT / "stubs"
MODULES = (STUBS / "MODULES.md").read_text()
SCRIPT = """
import KSR

reveal_type(KSR.tm.t_relay())
reveal_type(KSR.is_myself("sip:a@b"))
reveal_type(KSR.pv.get("$ru"))
KSR.tm.t_relay(1)
KSR.htable.sht_seti("table", "key", "1")
KSR.nonsense
"""


def pip(*words: str | Path) -> None:
    """Run the pip of this Python, which needs no network for it."""
    offline = ["--no-index", "--no-deps", "--disable-pip-version-check", "-q"]
    subprocess.run([sys.executable, "-m", "pip", *map(str, words), *offline], check=True)


def wheel(version: str, folder: Path) -> Path:
    """Build the wheel of a version's stubs, from a copy of them."""
    copy = folder / "source"
    shutil.copytree(STUBS / version, copy)
    pip("wheel", copy, "--no-build-isolation", "-w", folder)
    [file] = folder.glob("*.whl")
    return file


class Environment:
    """A Python environment with nothing in it, and mypy to look at a script with what it has."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        venv.create(folder)
        self.python = folder / "bin" / "python"

    def mypy(self, script: str) -> list[str]:
        """Return what mypy finds, without its last line, which counts that."""
        (self.folder / "routing.py").write_text(script)
        options = ["--strict", "--python-executable", self.python, "--cache-dir=cache", "routing.py"]
        command = [sys.executable, "-m", "mypy", *options]
        return subprocess.run(command, cwd=self.folder, capture_output=True, text=True).stdout.splitlines()[
            :-1
        ]


@pytest.fixture(scope="module", params=signatures.VERSIONS)
def environment(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """One in which the stubs of a version are installed; before that KSR is not known."""
    fresh = Environment(tmp_path_factory.mktemp("fresh"))
    [unknown, _] = fresh.mypy("import KSR\n")
    assert 'Cannot find implementation or library stub for module named "KSR"' in unknown
    file = wheel(request.param, tmp_path_factory.mktemp("wheel"))
    pip("--python", fresh.python, "install", file)
    return fresh


def test_mypy_knows_ksr_in_a_fresh_environment(environment: Environment) -> None:
    """With the stubs installed, and nothing set, it sees types and mistakes."""
    assert [line.split(": ", 1)[1] for line in environment.mypy(SCRIPT)] == [
        'note: Revealed type is "int"',
        'note: Revealed type is "bool"',
        'note: Revealed type is "Any"',
        'error: Too many arguments for "t_relay"  [call-arg]',
        'error: Argument 3 to "sht_seti" has incompatible type "str"; expected "int"  [arg-type]',
        'error: Module has no attribute "nonsense"  [attr-defined]',
    ]


def test_mypy_says_what_the_page_shows(environment: Environment) -> None:
    """Of the example of docs/stubs.md; nothing more."""
    page = (ROOT / "docs" / "stubs.md").read_text()
    found = environment.mypy(named_examples(page)["stubs: routing.py"])
    assert found == re.findall(r"^    (routing\.py:\d+: error: .*)", page, re.MULTILINE)


@pytest.mark.parametrize("version", signatures.VERSIONS)
def test_a_wheel_has_the_stubs_and_their_licence(version: str, tmp_path: Path) -> None:
    """Its version begins with Kamailio's. PEP 561 wants a py.typed of partial stubs, and not of these."""
    file = wheel(version, tmp_path)
    name, number, *_ = file.name.split("-")
    assert name == "kamailio_kemi_stubs"
    assert number.startswith(f"{version}.")
    origins = {
        text.read_text().split(" of Kamailio ")[1].split(". Written")[0] for text in stub_files(version)
    }
    assert origins == {number.rpartition(".")[0]}
    names = zipfile.ZipFile(file).namelist()
    assert {each.split("/")[0] for each in names} == {"KSR-stubs", f"{name}-{number}.dist-info"}
    assert {each for each in names if each.startswith("KSR-stubs/")} == {
        f"KSR-stubs/{stub.name}" for stub in stub_files(version)
    }
    [licence] = [each for each in names if each.endswith("/LICENSE")]
    assert zipfile.ZipFile(file).read(licence) == (ROOT / "LICENSE").read_bytes()


def test_a_wheel_is_the_same_each_time(tmp_path: Path) -> None:
    """Whenever, and from wherever it is built."""
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
    assert wheel("6.0", tmp_path / "one").read_bytes() == wheel("6.0", tmp_path / "other").read_bytes()


def stub_files(version: str) -> list[Path]:
    """The files of a version's stubs."""
    return sorted((STUBS / version / "KSR-stubs").iterdir())


@pytest.mark.parametrize("version", signatures.VERSIONS)
def test_what_each_distribution_encloses_is_of_this_tree(version: str) -> None:
    """README and licence are those beside and above it: make stubs copies them."""
    for file in generate.ENCLOSED:
        assert (STUBS / version / file.name).read_bytes() == file.read_bytes()


@pytest.mark.parametrize("version", signatures.VERSIONS)
def test_the_stubs_are_right_python(version: str, tmp_path: Path) -> None:
    """mypy has nothing to say of the stubs themselves, which it does not look at where they are installed."""
    shutil.copytree(STUBS / version / "KSR-stubs", tmp_path / "KSR")
    mypy = [sys.executable, "-m", "mypy", "--strict", "--cache-dir=cache", "KSR"]
    said = subprocess.run(mypy, cwd=tmp_path, capture_output=True, text=True).stdout
    assert said.startswith("Success"), said


def rows() -> list[tuple[str, list[str], list[int]]]:
    """The table of MODULES.md: module, its names in Python, and how many functions it has in each version."""
    cells = [row.split("|")[1:-1] for row in MODULES.splitlines() if row.startswith("| ")][1:]
    return [
        (module.strip(), re.findall(r"KSR\.?(\w*)", names), [int(count.strip() or 0) for count in counts])
        for module, names, *counts in cells
    ]


@pytest.mark.parametrize(("column", "version"), list(enumerate(signatures.VERSIONS)))
def test_the_table_counts_what_there_is(column: int, version: str) -> None:
    """MODULES.md and the stubs are of one making."""
    here = [(places, counts[column]) for _, places, counts in rows() if counts[column]]
    counted = {place for places, _ in here for place in places}
    assert counted == {*signatures.load(version), "async"}
    for places, count in here:
        alone = not any(set(places) & set(others) for others, _ in here if others is not places)
        stubs = [STUBS / version / "KSR-stubs" / f"{place or '__init__'}.pyi" for place in places]
        if alone and places != ["async"]:
            assert (
                len(re.findall(r"^(?!@).*\bdef ", "".join(map(Path.read_text, stubs)), re.MULTILINE)) == count
            )


def called(*files: Path) -> set[str]:
    """The modules of KSR that some code calls functions of."""
    return {place for file in files for place in re.findall(r"\bKSR\.(\w+)\.\w+\(", file.read_text())}


def loaded(*files: Path) -> set[str]:
    """The modules of KSR that are there behind the loadmodule lines of some configuration."""
    names = {"(Kamailio itself)"}.union(
        *(re.findall(r'^loadmodule "(\w+)', file.read_text(), re.MULTILINE) for file in files)
    )
    return {place for module, places, _ in rows() if module in names for place in places}


def test_what_keepalive_calls_is_loaded_by_its_includes() -> None:
    """The stubs know modules that it does not load: a function of one of those would not be there."""
    kemi = ROOT / "kemi"
    module = [kemi / "keepalive.py", kemi / "dispatcher_bridge.py", *(kemi / "keepalive_core").rglob("*.py")]
    assert {"tm", "htable", "mqueue"} <= called(*module) <= loaded(*kemi.glob("*.cfg"))
    assert called(kemi / "router.py") <= loaded(*kemi.glob("*.cfg"), ROOT / "kamailio.cfg")


def left_out_lines() -> list[str]:
    """What MODULES.md says is left out."""
    return [line for line in MODULES.splitlines() if line.startswith("- ")]


def test_what_is_left_out_has_a_reason() -> None:
    """Each line names a thing and why; all modules were loaded."""
    assert len(left_out_lines()) == len(generate.LEFT_OUT) + 1
    assert all(re.fullmatch(r"- `KSR\.[\w.]+`( of [\d.]+)?: .{20,}", line) for line in left_out_lines())
    assert "can't be loaded" not in MODULES
