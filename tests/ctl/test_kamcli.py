"""The command of kamcli: with kamcli itself if Debian's is there, else with what it asks of click."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from fake_cockpit import Cockpit, view
from places import ROOT

SYSTEM = "/usr/bin/python3"
# What kamcli does with a command: it imports cmd_NAME of its folder, and runs ``cli`` with a context.
STANDING_IN = """
import importlib
import click

class Context:
    pass

pass_context = click.make_pass_decorator(Context, ensure=True)

class Commands(click.MultiCommand if hasattr(click, "MultiCommand") else click.Group):
    def list_commands(self, ctx):
        return ["keepalive"]

    def get_command(self, ctx, name):
        return importlib.import_module("kamcli.commands.cmd_" + name).cli

@click.command(cls=Commands)
@click.option("--config", "-c", default="")
@pass_context
def cli(ctx, config):
    ctx.gconfig_paths = [config]
"""


HERE = ["kamcli"] if Path("/usr/lib/python3/dist-packages/kamcli").is_dir() else []


@pytest.fixture(params=["click alone", *HERE])
def kamcli(request: pytest.FixtureRequest, folder: Path) -> list[str]:
    """The command line of a kamcli that knows ours; Debian's is tried by docker/adopter.py too."""
    ours = folder / "commands"
    ours.mkdir()
    shutil.copy(ROOT / "ctl" / "cmd_keepalive.py", ours)
    run = f"""
import sys
sys.path.insert(0, {str(folder)!r})
import kamcli.commands
kamcli.commands.__path__.append({str(ours)!r})
import kamcli.cli
kamcli.cli.cli()
"""
    if request.param == "kamcli":
        return [SYSTEM, "-c", run]
    package = folder / "kamcli"
    (package / "commands").mkdir(parents=True)
    for name, text in (("__init__.py", ""), ("commands/__init__.py", ""), ("cli.py", STANDING_IN)):
        (package / name).write_text(text)
    return [sys.executable, "-c", run]


def test_it_does_what_keepalivectl_does(
    kamcli: list[str], cockpit: Cockpit, environment: dict[str, str], folder: Path
) -> None:
    """All words are keepalivectl's, options too; kamcli.ini names the socket; the end is the same."""
    cockpit.answers["view"] = view()
    (folder / "kamcli.ini").write_text(f"[keepalive]\nsocket={cockpit.path}\n")
    del environment["KEEPALIVE_SOCKET"]
    environment["PATH"] = f"{ROOT / 'ctl'}:{environment['PATH']}"

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        line = [*kamcli, "-c", str(folder / "kamcli.ini"), "keepalive", *words]
        return subprocess.run(line, env=environment, capture_output=True, text=True)

    done = run("list", "--json", "--count", "3")
    assert (done.returncode, done.stdout, done.stderr) == (0, "[]\n", "")
    assert run("check").returncode == 3
    assert run("--help").stdout.startswith("usage: keepalivectl ")
    environment["KEEPALIVE_SOCKET"] = "/nowhere"
    assert run("summary").returncode == 3


def test_without_keepalivectl(
    kamcli: list[str], environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says what is missing."""
    if shutil.which("keepalivectl", path=os.defpath + ":/usr/local/sbin:/usr/sbin"):
        pytest.skip("keepalivectl is installed on this machine")
    environment["PATH"] = "/nowhere"
    done = subprocess.run([*kamcli, "keepalive", "list"], env=environment, capture_output=True, text=True)
    assert done.returncode == 1
    assert "keepalivectl is not there: it comes with kamailio-kemi-keepalive" in done.stderr
