"""An upgrade comes in with a restart: a reload never mixes new files with what is in memory."""

import importlib
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from conftest import FakeServer

SCRIPT = """
import keepalive

VERSION = 1

class Router(keepalive.Handlers):
    def ksr_request_route(self, msg):
        return VERSION

def mod_init():
    return Router()
"""


class Installation:
    """A copy of the module's files, and what the process in which they run knows of them."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.installed: Any = sys.modules["keepalive_core.services.installed"]
        self.reloads: Any = sys.modules["keepalive_core.services.reloads"]
        kemi = self.installed.FOLDER
        shutil.copytree(kemi / "keepalive_core", folder / "keepalive_core")
        shutil.copy2(kemi / "keepalive.py", folder)
        monkeypatch.setattr(self.installed, "FOLDER", folder)

    def start(self, name: str) -> tuple[ModuleType, Any]:
        """Start with a script, as Kamailio does."""
        self.reloads._process.script = name
        module = importlib.import_module(name)
        handler = module.mod_init()
        assert handler.child_init(1) == 0
        return module, handler

    @staticmethod
    def reload(module: ModuleType) -> Any:
        """Reload it, as Kamailio does."""
        handler = importlib.reload(module).mod_init()
        assert handler.child_init(1) == 0
        return handler


@pytest.fixture
def installation(
    tmp_path: Path, keepalive: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Installation]:
    """An installation that runs."""
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "a_script.py").write_text(SCRIPT)
    yield Installation(tmp_path, monkeypatch)
    sys.modules.pop("a_script", None)


def change(file: Path) -> None:
    file.write_text(file.read_text() + "\nNEW = 1\n")


def move(file: Path) -> None:
    file.rename(file.with_name("renamed.py"))


def add(file: Path) -> None:
    file.with_name("added.py").write_text("")


UPGRADES = {
    "another version": lambda folder: change(folder / "keepalive_core" / "__init__.py"),
    "a deep module": lambda folder: change(folder / "keepalive_core" / "rules" / "judging.py"),
    "the API": lambda folder: change(folder / "keepalive.py"),
    "a module more": lambda folder: add(folder / "keepalive_core" / "services" / "prober.py"),
    "a module that has gone": lambda folder: (folder / "keepalive_core" / "services" / "prober.py").unlink(),
    "a module of another name": lambda folder: move(folder / "keepalive_core" / "rules" / "judging.py"),
    "nothing is left": lambda folder: (folder / "keepalive.py").unlink(),
}
"""what an upgrade, or a removal, does to the files"""


@pytest.mark.parametrize("upgrade", UPGRADES)
def test_our_own_script_stays_behind_an_upgrade(
    installation: Installation, server: FakeServer, upgrade: str
) -> None:
    """In a native configuration the old functions go on; one ERROR for all processes says restart."""
    module, handler = installation.start("keepalive")
    functions = {name: value for name, value in vars(module).items() if callable(value)}
    UPGRADES[upgrade](installation.folder)
    for _ in range(3):
        assert installation.reload(module) is handler
    functions.pop("mod_init")  # which Kamailio calls only then
    assert functions.items() <= vars(module).items()
    [line] = server.ksr.lines("err")
    assert f"{installation.folder} has other files than the keepalive {module.__version__} that runs" in line
    assert module.reload_script() == -1
    assert "restart Kamailio" in server.ksr.lines("err")[-1]


def test_the_same_files_once_more_are_no_upgrade(installation: Installation, server: FakeServer) -> None:
    """Files of another time with the same contents, and bytecode, change nothing: the script is reloaded."""
    module, handler = installation.start("keepalive")
    for file in installation.folder.rglob("*.py"):
        file.write_text(file.read_text())
    cache = installation.folder / "keepalive_core" / "__pycache__"
    cache.mkdir(exist_ok=True)
    (cache / "new.pyc").write_text("")
    assert installation.reload(module) is not handler
    assert server.ksr.lines("err") == []


def test_what_python_never_imports_is_no_file_of_the_module(
    installation: Installation, server: FakeServer
) -> None:
    """An editor's lock, a link to nothing and a FIFO neither end the start nor look like an upgrade."""
    services = installation.folder / "keepalive_core" / "services"
    os.mkfifo(services / "pipe.py")
    (services / "gone.py").symlink_to("nowhere")
    before = installation.installed._sum()
    (services / ".#prober.py").symlink_to("root@server.1234")
    (services / "prober.py.orig").write_text("")
    assert installation.installed._sum() == before
    (services / "prober.py").unlink()
    assert installation.installed._sum() != before


def test_a_users_script_is_reloaded_behind_an_upgrade(installation: Installation, server: FakeServer) -> None:
    """It goes on with the functions that it had, and one ERROR says restart, once a minute."""
    module, _ = installation.start("a_script")
    keepalive = sys.modules["keepalive"]
    UPGRADES["another version"](installation.folder)
    (installation.folder / "a_script.py").write_text(SCRIPT.replace("VERSION = 1", "VERSION = 2"))
    assert installation.reload(module).ksr_request_route(None) == 2
    assert sys.modules["keepalive"] is keepalive
    assert len(server.ksr.lines("err")) == 1
    installation.reload(module)
    assert len(server.ksr.lines("err")) == 1
    server.now += 61_000_000
    installation.reload(module)
    assert len(server.ksr.lines("err")) == 2


@pytest.mark.parametrize(
    "words",
    [
        "import dispatcher_bridge",
        "import keepalive_core.services.new",
        "import importlib; importlib.reload(keepalive)",
        "import sys; del sys.modules['keepalive']; import keepalive",
    ],
)
def test_what_a_script_would_mix_is_refused(
    installation: Installation, server: FakeServer, monkeypatch: pytest.MonkeyPatch, words: str
) -> None:
    """No module of ours is executed behind an upgrade: the script that runs goes on, and the log says why."""
    module, handler = installation.start("a_script")
    monkeypatch.setitem(sys.modules, "keepalive", sys.modules["keepalive"])
    monkeypatch.delitem(sys.modules, "dispatcher_bridge", raising=False)
    (installation.folder / "keepalive_core" / "services" / "new.py").write_text("")
    (installation.folder / "a_script.py").write_text(
        SCRIPT.replace("import keepalive\n", f"import keepalive\n{words}\n")
    )
    assert installation.reload(module) is handler
    assert "is refused, the script that runs goes on: ImportError: " in server.ksr.lines("err")[-1]
    assert "restart Kamailio" in server.ksr.lines("err")[-1]


def test_a_folder_that_is_closed_is_called_so(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that has begun as root goes on as a user who can't read it: a restart is no help."""
    installation.start("keepalive")
    installed = importlib.import_module("keepalive_core.services.installed")
    shutil.rmtree(installation.folder / "keepalive_core")
    monkeypatch.setattr(installed.os, "access", lambda path, mode: False)
    with pytest.raises(ImportError, match=r"can't be read by the user that Kamailio runs as$"):
        installed.look_before_an_import("keepalive_core.rules.judging")


def test_the_log_says_what_runs(server: FakeServer) -> None:
    """One INFO line at the start has the version and the folder."""
    keepalive = server.process()
    folder = Path(str(keepalive.__file__)).parent
    assert server.said_at_import == [("info", f"keepalive: version {keepalive.__version__}, of {folder}")]
