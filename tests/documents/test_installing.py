"""What `make install` puts where; docker/adopter.py tries it, the package and pip in bare containers."""

import os
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from places import ROOT

SHARE = "usr/share/kamailio-kemi-keepalive"
EXAMPLES = "usr/share/doc/kamailio-kemi-keepalive/examples"
MODULES = "usr/lib/python3/dist-packages"


def make(target: str, *words: str, umask: int = 0o022) -> subprocess.CompletedProcess[str]:
    """Run a target of the Makefile as somebody with that umask."""
    environment = {name: value for name, value in os.environ.items() if name not in ("PREFIX", "DESTDIR")}
    return subprocess.run(
        ["make", "--no-print-directory", target, *words],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        umask=umask,
    )


def installed(folder: Path, target: str = "install") -> set[str]:
    """Install below a folder, as a package does; return the files that are there then."""
    done = make(target, f"DESTDIR={folder}", "PREFIX=/usr", f"PYTHON_DIR=/{MODULES}", umask=0o077)
    assert done.returncode == 0, done.stderr
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir()}


def test_what_is_installed(tmp_path: Path) -> None:
    """The modules are all there, the sample is none of them, and each may be read by Kamailio's user."""
    files = installed(tmp_path)
    core = {str(path.relative_to(ROOT / "kemi")) for path in (ROOT / "kemi" / "keepalive_core").rglob("*.py")}
    modules = {name.removeprefix(f"{MODULES}/") for name in files if name.startswith(MODULES)}
    others = {
        "keepalive.py",
        "dispatcher_bridge.py",
        "keepalive_core/py.typed",
        *(f"keepalive_core/cockpit/page/{name}" for name in ("index.html", "status.js", "status.css")),
        "keepalive-stubs/__init__.pyi",
    }
    assert modules == core | others
    assert {path.name for path in (tmp_path / SHARE).iterdir() if path.is_file()} == {
        path.name for path in (ROOT / "kemi").iterdir() if path.suffix in (".cfg", ".lua", ".js")
    }
    assert {name for name in files if "ctl" in name or "contrib" in name} == {
        "usr/sbin/keepalivectl",
        "usr/share/man/man8/keepalivectl.8",
        "usr/share/bash-completion/completions/keepalivectl",
        "usr/share/doc/kamailio-kemi-keepalive/contrib/cmd_keepalive.py",
        *(f"{SHARE}/keepalive_ctl/{path.name}" for path in (ROOT / "ctl" / "keepalive_ctl").glob("*.py")),
    }
    monitoring = {name for name in files if "monitoring" in name}
    assert {Path(name).name for name in monitoring} == {path.name for path in (ROOT / "monitoring").iterdir()}
    sample = {"kamailio.cfg", "router.py"}
    examples = {str(path.relative_to(ROOT / "examples")) for path in (ROOT / "examples").glob("*/*")}
    assert {name.removeprefix(f"{EXAMPLES}/") for name in files if name.startswith(EXAMPLES)} == {
        *sample,
        *examples,
    }
    for path in tmp_path.rglob("*"):
        assert path.stat().st_mode & 0o044 == 0o044, path
    assert installed(tmp_path, "uninstall") == set()


def test_the_wheel_has_what_make_install_has(tmp_path: Path) -> None:
    """The modules and their types, and the includes."""
    clone = tmp_path / "clone"  # a build leaves files behind
    for name in ("kemi", "packaging"):
        shutil.copytree(ROOT / name, clone / name, symlinks=True)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, clone)
    pip = [sys.executable, "-m", "pip", "wheel", "-q", "--no-index", "--no-deps", "--no-build-isolation"]
    done = subprocess.run([*pip, "-w", tmp_path, clone], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    [wheel] = tmp_path.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    modules = {name for name in names if ".dist-info/" not in name and ".data/" not in name}
    files = installed(tmp_path / "here")
    assert modules == {name.removeprefix(f"{MODULES}/") for name in files if name.startswith(MODULES)}
    includes = {name.rpartition("/")[2] for name in names if ".data/" in name}
    assert includes == {path.name for path in (tmp_path / "here" / SHARE).iterdir() if path.is_file()}


def test_a_release_is_made_with_what_its_projects_ask_for() -> None:
    """make release has pip look at no build-system table, and pip install at those alone."""
    pins = dict(
        line.split("==") for line in (ROOT / "packaging/requirements.txt").read_text().splitlines()[1:]
    )
    for folder in (ROOT, ROOT / "testing", *(ROOT / "stubs").glob("*.*/")):
        if folder.is_dir():
            asked = tomllib.loads((folder / "pyproject.toml").read_text())["build-system"]["requires"]
            for needed in map(Requirement, asked):
                assert needed.specifier.contains(pins[needed.name]), folder


def test_the_package_has_what_make_install_has(tmp_path: Path) -> None:
    """packaging/build.sh hands on all that `make install` puts somewhere, and nothing hidden."""
    programs = tmp_path / "bin"
    programs.mkdir()
    stub = programs / "dpkg-buildpackage"
    install = f"make install DESTDIR={tmp_path}/package PREFIX=/usr PYTHON_DIR=/{MODULES}"
    stub.write_text(f"#!/bin/sh\nset -e\n{install}\nls -A >{tmp_path}/source\ntouch ../made.deb\n")
    stub.chmod(0o755)
    done = subprocess.run(
        [ROOT / "packaging" / "build.sh", tmp_path / "out"],
        env={**os.environ, "PATH": f"{programs}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    package = tmp_path / "package"
    there = {str(path.relative_to(package)) for path in package.rglob("*") if not path.is_dir()}
    assert there == installed(tmp_path / "here")
    assert (tmp_path / "out" / "made.deb").exists()
    assert not [name for name in (tmp_path / "source").read_text().split() if name.startswith(".")]


def test_what_is_installed_needs_no_define(tmp_path: Path) -> None:
    """The includes and the sample name folders in which things will lie, and no other."""
    installed(tmp_path)
    python = (tmp_path / SHARE / "keepalive-python.cfg").read_text()
    assert f'#!define KEEPALIVE_DIR "/{MODULES}"\n' in python
    sample = (tmp_path / EXAMPLES / "kamailio.cfg").read_text()
    assert f'#!define KEEPALIVE_DIR "/{EXAMPLES}"\n' in sample
    assert f'include_file "/{SHARE}/keepalive.cfg"' in sample
    for path in tmp_path.rglob("*.*"):
        assert path.is_dir() or str(tmp_path) not in path.read_text(), path


def test_keepalivectl_runs_where_it_is_installed(tmp_path: Path) -> None:
    """It finds its modules from wherever it lies, and from wherever it is called, by a link too."""
    installed(tmp_path)
    program = tmp_path / "usr/sbin/keepalivectl"
    assert program.stat().st_mode & 0o777 == 0o755
    (tmp_path / "link").symlink_to(program)
    for path in (program, tmp_path / "link"):
        done = subprocess.run([path, "--help"], cwd="/", capture_output=True, text=True)
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.startswith("usage: keepalivectl ")


def test_what_is_installed_elsewhere_says_so(tmp_path: Path) -> None:
    """Includes, shims and examples name the folder in which they lie, whatever PREFIX is."""
    words = [f"DESTDIR={tmp_path}", "PREFIX=/usr/local", f"PYTHON_DIR=/{MODULES}"]
    assert make("install", *words).returncode == 0
    files = [path for path in (tmp_path / "usr/local/share").rglob("*.*") if path.is_file()]
    assert sum("/usr/local/share/kamailio-kemi-keepalive" in path.read_text() for path in files) > 10
    for path in files:
        assert "/usr/share/kamailio-kemi-keepalive" not in path.read_text(), path


def test_an_upgrade_leaves_nothing_of_what_was(tmp_path: Path) -> None:
    """What an older version had, and this one has not, is gone; what is somebody else's stays."""
    old = tmp_path / MODULES / "keepalive_core" / "services" / "old.py"
    mine = tmp_path / MODULES / "mine.py"
    old.parent.mkdir(parents=True)
    old.touch()
    mine.touch()
    installed(tmp_path)
    assert not old.exists()
    assert installed(tmp_path, "uninstall") == {f"{MODULES}/mine.py"}


def test_a_package_of_that_name_is_in_the_way(tmp_path: Path) -> None:
    """A package keepalive, as of Debian's python3-keepalive, would be imported: nothing is installed."""
    (tmp_path / MODULES / "keepalive").mkdir(parents=True)
    done = make("install", f"DESTDIR={tmp_path}", "PREFIX=/usr", f"PYTHON_DIR=/{MODULES}")
    assert done.returncode
    assert f"/{MODULES}/keepalive, as of Debian's python3-keepalive, is in the way" in done.stderr
    assert not list(tmp_path.rglob("*.py"))


@pytest.mark.parametrize("target", ["install", "uninstall"])
def test_a_folder_that_python_does_not_know_is_refused(tmp_path: Path, target: str) -> None:
    """No import would find the module there: one line says what to give."""
    done = make(target, f"DESTDIR={tmp_path}", "PREFIX=/nowhere")
    assert done.returncode
    assert "Python looks for modules in no folder of /nowhere" in done.stderr
    assert not list(tmp_path.iterdir())
