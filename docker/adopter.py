#!/usr/bin/env python3
"""Installs the module as an adopter does, on Debian alone: docker/bare.sh python3 docker/adopter.py.

First the package: built, looked at by lintian, installed with all that it needs, upgraded under a server that
runs, purged. Then `make install` and `make uninstall`, then pip. With each KEMI scripts and a native
kamailio.cfg of a folder of their own start as Kamailio's user, and ping; with the first two keepalivectl
drives one. Afterwards nothing is left. Before all that, what is released is built twice.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
NAME = "kamailio-kemi-keepalive"
FOLDER = Path("/srv/routing")
"""of the adopter's own files; the module is nowhere near"""
STATE_FILE = Path("/var/lib/kamailio/keepalive.state")
GATEWAY = "sip:127.0.0.1:5071"

KEMI_PY = f"""
import KSR
import keepalive

class Router(keepalive.Handlers):
    def ksr_request_route(self, msg):
        return keepalive.is_alive("{GATEWAY}")

def mod_init():
    keepalive.modparam("destination", "{GATEWAY}")
    return Router()
"""
CFG = """
debug=2
log_stderror=yes
children=2
listen=udp:127.0.0.1:5060
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "ctl.so"
"""
SETTINGS = f"""
#!define KEEPALIVE_PING_INTERVAL 1
#!define KEEPALIVE_STATE_FILE "{STATE_FILE}"
"""
KEMI_CFG = f"""{CFG}
loadmodule "app_python3.so"
modparam("app_python3", "load", "{FOLDER}/kemi.py")
cfgengine "python"
{SETTINGS}
include_file "SHARE/keepalive.cfg"
"""
NATIVE_CFG = f"""{CFG}
{SETTINGS}
#!define KEEPALIVE_DESTINATIONS "{GATEWAY}"
include_file "SHARE/keepalive-native.cfg"

request_route {{
    if (python_exec("is_alive", "{GATEWAY}") == 1) {{ sl_send_reply("200", "OK"); }}
}}
"""

SOCKET = Path("/run/kamailio/keepalive.sock")
HTTP_CFG = f"""
#!define KEEPALIVE_HTTP "unix:{SOCKET}"
{NATIVE_CFG}"""
HTTP_PACKAGES = ("python3-aiohttp", "python3-prometheus-client")
KAMCLI = Path("/usr/lib/python3/dist-packages/kamcli/commands")

# app_jsdt comes with Kamailio, app_lua would be one more package.
JS_CFG = f"""{CFG}
loadmodule "app_jsdt.so"
modparam("app_jsdt", "load", "{FOLDER}/script.js")
cfgengine "jsdt"
{SETTINGS}
#!define KEEPALIVE_DESTINATIONS "{GATEWAY}"
include_file "SHARE/keepalive-lua-js.cfg"
"""
JS = f"""
var keepalive = require("SHARE/keepalive.js");

function ksr_request_route() {{
    return keepalive.is_alive("{GATEWAY}");
}}
"""


def run(*command: str | Path, folder: Path = ROOT) -> str:
    """Run a command to its end; return what it wrote, or fail with that."""
    began = time.monotonic()
    done = subprocess.run(
        [str(word) for word in command],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    print(f"{time.monotonic() - began:5.1f} s  {' '.join(map(str, command))}", flush=True)
    assert done.returncode == 0, done.stdout[-4000:]
    return done.stdout


def apt(*words: str | Path) -> None:
    """Install with apt, which asks nothing."""
    run("env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-y", "-qq", "--no-install-recommends", *words)


def wait_for(what: str, ask: Callable[[], object], seconds: float = 20) -> None:
    """Poll until an answer is true, or fail naming what did not come."""
    deadline = time.monotonic() + seconds
    while not ask():
        assert time.monotonic() < deadline, f"{what}: not within {seconds} s"
        time.sleep(0.1)


class Server:
    """A Kamailio with a configuration of the adopter's, started as the unit of Debian's package does."""

    def __init__(self, cfg: str, share: str) -> None:
        (FOLDER / "kamailio.cfg").write_text(cfg.replace("SHARE", share))
        self._log = FOLDER / "log"
        with self._log.open("w") as log:
            cfg_file = str(FOLDER / "kamailio.cfg")
            command = ["kamailio", "-DD", "-E", "-u", "kamailio", "-g", "kamailio", "-f", cfg_file]
            whole_lines = {**os.environ, "PYTHONPATH": str(ROOT / "tests" / "real" / "whole_lines")}
            self.process = subprocess.Popen(
                command, stdout=log, stderr=subprocess.STDOUT, cwd="/", env=whole_lines
            )

    def logged(self, words: str, times: int = 1) -> None:
        """See that a line comes, and how often."""
        wait_for(f"{words!r} in the log", lambda: words in self.log)
        assert self.log.count(words) == times, f"{words}: {self.log}"

    @property
    def log(self) -> str:
        assert self.process.poll() is None, f"Kamailio ended: {self._log.read_text()}"
        return self._log.read_text()


@contextlib.contextmanager
def server(cfg: str, share: str) -> Iterator[Server]:
    """A server that is stopped in the end."""
    started = Server(cfg, share)
    try:
        yield started
    except AssertionError:
        print((FOLDER / "log").read_text()[-4000:])
        raise
    finally:
        started.process.terminate()
        started.process.wait(20)


def version() -> str:
    """The version of this working tree."""
    text = (ROOT / "kemi" / "keepalive_core" / "__init__.py").read_text()
    return text.split('VERSION: Final = "')[1].split('"')[0]


def see_that_it_works(
    share: str, modules: str, configurations: tuple[str, ...] = (KEMI_CFG, NATIVE_CFG, JS_CFG)
) -> None:
    """See that each configuration starts with the module of that folder, pings, and keeps its state."""
    (FOLDER / "script.js").write_text(JS.replace("SHARE", share))
    for cfg in configurations:
        STATE_FILE.unlink(missing_ok=True)
        with server(cfg, share) as started:
            started.logged(f"keepalive: version {version()}, of {modules}\n")
            started.logged(f"{GATEWAY} unknown -> up")
            wait_for("a state file", STATE_FILE.exists)
            assert "ERROR: app_python3" not in started.log
            assert " keepalive: " not in "".join(re.findall("ERROR.*", started.log))
    found = subprocess.run(
        [sys.executable, "-I", "-c", "import router"], capture_output=True, text=True, cwd="/"
    )
    assert "No module named 'router'" in found.stderr


def see_that_it_is_driven(share: str, prefix: str) -> None:
    """See that keepalivectl, its completion and kamcli's command do what docs/operating.md says."""
    # What the unit of Debian's package does by RuntimeDirectory.
    run("install", "-d", "-o", "kamailio", "-g", "kamailio", "-m", "770", SOCKET.parent)
    if subprocess.run(["dpkg", "-s", *HTTP_PACKAGES], capture_output=True).returncode:
        with server(HTTP_CFG, share) as started:
            started.logged(f"apt-get install {' '.join(HTTP_PACKAGES)}")
    apt("install", *HTTP_PACKAGES, "kamcli")
    contrib = Path(f"{prefix}/share/doc/{NAME}/contrib/cmd_keepalive.py")
    shutil.copy(contrib, KAMCLI)
    # Nothing that a user's environment names is imported, whatever made the package.
    assert Path(f"{prefix}/sbin/keepalivectl").read_text().startswith("#!/usr/bin/python3 -I\n")
    with server(HTTP_CFG, share) as started:
        started.logged(f"{GATEWAY} unknown -> up")
        wait_for("the socket", SOCKET.exists)
        told = run(f"{prefix}/sbin/keepalivectl", "maint", GATEWAY, "--for", "1h", "--why", "card swap")
        assert f"{GATEWAY}: ready -> maint until " in told, told
        started.logged(f"keepalive: root (unix socket): {GATEWAY} ready -> maint until ")
        assert run("kamcli", "keepalive", "list", "--state", "maint", "--names") == f"{GATEWAY}\n"
        completed = run("bash", "-c", f'''
            PATH={prefix}/sbin:$PATH
            source {prefix}/share/bash-completion/completions/keepalivectl
            COMP_LINE="keepalivectl ready s" COMP_POINT=20
            _keepalivectl
            echo "${{COMPREPLY[*]}}"''')  # fmt: skip
        assert completed == f"{GATEWAY}\n", completed
    (KAMCLI / contrib.name).unlink()
    shutil.rmtree(KAMCLI / "__pycache__", ignore_errors=True)


def nothing_is_left() -> None:
    """See that what bears the module's name, and the folder of its states, is Kamailio's own or gone."""
    kamailios = run("dpkg", "-L", "kamailio").splitlines()
    words = ("keepalive", "dispatcher_bridge", "/kamailio.service.d/", "/var/lib/kamailio")
    left: list[str] = []
    for top in ("/etc", "/opt", "/usr", "/var/lib"):
        for folder, folders, names in os.walk(top):
            paths = (os.path.join(folder, name) for name in [*folders, *names])
            left += [
                path for path in paths if any(word in f"{path}/" for word in words) and path not in kamailios
            ]
    left = [path for path in left if not path.startswith("/var/lib/dpkg/")]
    assert not left, left


def build(tree: Path) -> Path:
    """Build the package of a working tree."""
    return Path(run("make", "deb", folder=tree).splitlines()[-1])


def later() -> Path:
    """Build the package of a later version."""
    tree = Path("/tmp/later")
    shutil.copytree(ROOT, tree, ignore=shutil.ignore_patterns(".git", ".venv", "build"))
    core = tree / "kemi" / "keepalive_core" / "__init__.py"
    core.write_text(core.read_text().replace(f'"{version()}"', '"99.0"'))
    return build(tree)


def try_the_release() -> None:
    """Build all that is released, twice: it is the same, byte for byte, and has a package and wheels."""
    apt("install", "python3-venv", "debhelper", "dh-python")
    # HEAD may be the release itself, or a rehearsal of it, which is one line more.
    sums = {
        tuple(re.findall(r"^([0-9a-f]{64})  (\S+)$", run("make", "release"), re.MULTILINE)) for _ in range(2)
    }
    assert len(sums) == 1, sums
    names = [name for _, name in sums.pop()]
    assert {Path(name).suffix for name in names} == {".deb", ".whl"}, names


def try_the_package(with_lintian: bool) -> None:
    """Build, install, upgrade and purge the package; Kamailio comes with it."""
    package, upgrade = build(ROOT), later()
    if with_lintian:
        apt("install", "lintian")
        print(run("lintian", "--fail-on", "error", package))
    apt("install", package)
    share, modules = f"/usr/share/{NAME}", "/usr/lib/python3/dist-packages"
    see_that_it_works(share, modules)
    see_that_it_is_driven(share, "/usr")
    with server(NATIVE_CFG, share) as started:
        started.logged(f"state_file {STATE_FILE}: 1 destinations")
        apt("install", upgrade)
        run("kamcmd", "app_python.reload")
        started.logged(f"{modules} has other files than the keepalive {version()} that runs")
    with server(NATIVE_CFG, share) as started:
        started.logged(f"keepalive: version 99.0, of {modules}\n")
        started.logged(f"state_file {STATE_FILE}: 1 destinations")
    apt("remove", NAME)
    assert STATE_FILE.exists()
    apt("purge", NAME)
    nothing_is_left()


def local_modules() -> str:
    """Where Python looks for what is installed beside the packages."""
    return run(sys.executable, "-I", "-c", "import site; print(site.getsitepackages()[0])").strip()


def try_make_install() -> None:
    """Install with make, twice, and take it away again."""
    apt("install", "kamailio", "kamailio-python3-modules")
    run("make", "install")
    run("make", "install")
    see_that_it_works(f"/usr/local/share/{NAME}", local_modules())
    see_that_it_is_driven(f"/usr/local/share/{NAME}", "/usr/local")
    run("make", "uninstall")
    shutil.rmtree(STATE_FILE.parent)
    nothing_is_left()


def try_pip() -> None:
    """Install with pip, for the same Python; the KEMI way needs no define then."""
    apt("install", "kamailio", "kamailio-python3-modules", "python3-pip")
    run("install", "-d", "-o", "kamailio", STATE_FILE.parent)
    pip = ("env", "PIP_BREAK_SYSTEM_PACKAGES=1", "PIP_ROOT_USER_ACTION=ignore", sys.executable, "-m", "pip")
    run(*pip, "install", ".")
    see_that_it_works(f"/usr/local/share/{NAME}", local_modules(), (KEMI_CFG,))
    run(*pip, "uninstall", "-y", NAME)
    shutil.rmtree(STATE_FILE.parent)
    nothing_is_left()
    see_that_stubs_are_known(pip)


def see_that_stubs_are_known(pip: tuple[str, ...]) -> None:
    """See that mypy knows KSR by the stubs alone, as stubs/README.md has it."""
    run(*pip, "install", "mypy", "./stubs/6.0")
    script = FOLDER / "routing.py"
    script.write_text("import KSR\n\nanswer: int = KSR.tm.t_relay()\n")
    run(sys.executable, "-m", "mypy", "--strict", script, folder=FOLDER)
    script.write_text("import KSR\n\nanswer: str = KSR.tm.t_relay()\n")
    found = subprocess.run([sys.executable, "-m", "mypy", script], cwd=FOLDER, capture_output=True, text=True)
    assert 'expression has type "int", variable has type "str"' in found.stdout, found.stdout
    run(*pip, "uninstall", "-y", "kamailio-kemi-stubs")


def main() -> int:
    """Try the ways that are named, or all: release, package, lintian, make, pip."""
    ways = sys.argv[1:] or ["release", "package", "lintian", "make", "pip"]
    began = time.monotonic()
    run("apt-get", "update", "-qq")
    FOLDER.mkdir()
    (FOLDER / "kemi.py").write_text(KEMI_PY)
    gateway = subprocess.Popen([sys.executable, ROOT / "docker" / "gateway.py", GATEWAY.removeprefix("sip:")])
    try:
        if "release" in ways:
            try_the_release()
        if "package" in ways:
            try_the_package("lintian" in ways)
        if "make" in ways:
            try_make_install()
        if "pip" in ways:
            try_pip()
    finally:
        gateway.terminate()
        gateway.wait()
    print(f"installed and taken away in {time.monotonic() - began:.0f} s: {' '.join(ways)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
