"""A real Kamailio for the tests: started, asked and stopped as an operator would."""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import pytest

from places import ROOT
from real import resolv_conf

HERE = ROOT / "tests" / "real"
NATIVE = "native"
"""The Kamailio of this machine; other servers are named by their Docker image."""

T = TypeVar("T")


def wait_for(what: str, ask: Callable[[], T], seconds: float = 10, step: float = 0.02) -> T:
    """Poll until an answer is true; return it, or fail naming what did not come.

    Arguments: what; ask; seconds, until it fails; step, seconds between two questions.
    """
    deadline = time.monotonic() + seconds
    while True:
        answer = ask()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: not within {seconds} s, last answer {answer!r}")
        time.sleep(step)  # the step of the poll, not a wait for something to be over


# What this process has of things of which there is one on the machine; they are free again when it ends.
_reserved: list[socket.socket] = []


def reserve(what: str, number: int) -> bool:
    """Take a thing that tests of other processes must not have at the same time; say whether it was free."""
    taken = socket.socket(socket.AF_UNIX)
    try:
        taken.bind(f"\0keepalive-tests-{what}-{number}")
    except OSError:
        taken.close()
        return False
    _reserved.append(taken)
    return True


# Below the ports that the kernel gives to clients (from 32768 on Linux): a client that gets the very port
# it asks, before the server has opened it, is connected with itself and reads its own question as the answer.
_untried_ports = iter(random.sample(range(10000, 30000), 20000))


def free_port() -> int:
    """Return a port of the loopback address that nobody uses, for UDP and TCP; nobody gets it again."""
    for port in _untried_ports:
        if not reserve("port", port):
            continue
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp, socket.socket() as tcp:
            try:
                udp.bind(("127.0.0.1", port))
                tcp.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("no port is free")


def _turned_clock(file: Path) -> dict[str, str]:
    """Return the environment in which a process reads its wall clock with the offset that a file says."""
    file.write_text("+0\n")
    [library] = Path("/usr/lib").glob("*/faketime/libfaketime.so.1")
    return {
        "LD_PRELOAD": str(library),
        "FAKETIME_TIMESTAMP_FILE": str(file),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }


def _demand_open_folders() -> None:
    """Skip a test of a server of another user if that can't read this project, as in root's home."""
    closed = [str(each) for each in (ROOT, *ROOT.parents) if not each.stat().st_mode & 0o001]
    if closed:
        pytest.skip(f"another user can't read this project: {closed[0]} is closed")


class Host(NamedTuple):
    """A network namespace with an address, which has all of its ports to itself."""

    namespace: str
    address: str
    """at which this machine reaches it"""


class Launch(NamedTuple):
    """How a server is started, beside its kamailio.cfg and what that is given."""

    children: int = 4
    """SIP workers"""
    port: int = 0
    """at which it listens for SIP, 0 for a free one"""
    files: dict[str, str] = {}  # noqa: RUF012 - a NamedTuple's default, never changed
    """texts by name, to be written to the server's folder, which stands in them as FOLDER"""
    share: Path | None = None
    """one more folder that it can read and write"""
    memory: int = 128
    """MB of shared memory"""
    options: tuple[str, ...] = ()
    """more of the command line"""
    resolver: str = ""
    """the only DNS server that it knows"""
    tcp: bool = True
    """whether it listens for SIP over TCP"""
    user: str = ""
    """as whom it runs, with the group of that name; its folder is then everybody's"""
    turned_clock: bool = False
    """whether turn_clock() is to work"""
    host: Host | None = None
    """where it lives, if not on the machine itself"""


_USUAL = Launch()


def _inside(host: Host, command: list[str]) -> list[str]:
    """Return the command that runs another one in a host's network."""
    return ["nsenter", f"--net=/run/netns/{host.namespace}", *command]


def _processes() -> Iterator[tuple[str, str]]:
    """Yield the state and the process group of each process of this machine, as proc(5) has them."""
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, _, group = path.read_text().rpartition(") ")[2].split()[:3]
            yield state, group


class Kamailio:
    """One running server.

    Arguments: kind, NATIVE or a Docker image; cfg, the name of a file in tests/real, of one of the files, or
    the path of one; defines, what to set with -A; launch, how it is started.
    """

    def __init__(
        self,
        kind: str,
        cfg: str | Path,
        defines: dict[str, object] | None = None,
        launch: Launch = _USUAL,
    ) -> None:
        self.kind = kind
        self.address = launch.host.address if launch.host else "127.0.0.1"
        self.port = launch.port or (5060 if launch.host else free_port())
        self.rpc_port = 5059 if launch.host else free_port()
        self.folder = Path(tempfile.mkdtemp(prefix="keepalive-"))
        self._log = self.folder / "log"
        self._log_begins = 0
        """bytes"""
        self.container = f"keepalive-test-{uuid.uuid4().hex[:12]}"
        self._borrows = False
        """whether it has the machine's DNS server replaced, if nothing else can be done"""
        command = ["kamailio", "-DD", "-E", "-m", str(launch.memory), "-M", "16", "-Y", str(self.folder)]
        command += launch.options
        if launch.user:
            _demand_open_folders()
            command += ["-u", launch.user, "-g", launch.user]
            self.folder.chmod(0o777)
        for name, text in launch.files.items():
            (self.folder / name).write_text(text.replace("FOLDER", str(self.folder)))
        command += ["-f", str((self.folder if cfg in launch.files else HERE) / cfg)]
        command += ["-l", f"udp:{self.address}:{self.port}"]
        command += ["-l", f"tcp:{self.address}:{self.port}"] if launch.tcp else []
        command += ["-n", str(launch.children)]
        values: dict[str, object] = {"RPC": f"udp:{self.address}:{self.rpc_port}", **(defines or {})}
        for name, value in values.items():
            value = value.replace("FOLDER", str(self.folder)) if isinstance(value, str) else value
            quoted = value if isinstance(value, int) or '"' in str(value) else f'"{value}"'
            command += ["-A", f"{name}={quoted}"]
        command = self._placed(command, launch)
        self.process = subprocess.Popen(
            command, stdout=self._log.open("a"), stderr=subprocess.STDOUT, start_new_session=True
        )
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.connect((self.address, self.rpc_port))
        self._asked = 0
        self._socket.settimeout(0.3)
        try:
            # Many may start side by side, on a machine that has two processors.
            wait_for("the server's start", self._is_up, 90)
            self._socket.settimeout(5)
        except BaseException:
            self.stop()
            print(self.log)
            raise

    def _placed(self, command: list[str], launch: Launch) -> list[str]:
        """Return the command that runs another one where this server lives: here, or in a container."""
        names = f"nameserver {launch.resolver}\n" if launch.resolver else ""
        clock = _turned_clock(self.folder / "clock") if launch.turned_clock else {}
        environment = [f"{name}={value}" for name, value in clock.items()]
        environment.append(f"PYTHONPATH={HERE / 'whole_lines'}")
        command = _inside(launch.host, command) if launch.host else command
        if self.kind == NATIVE:
            command = ["env", *environment, *command]
            self._borrows = names != ""
            return resolv_conf.placed(command, names, self.folder) if names else command
        options = ["-v", f"{ROOT}:{ROOT}:ro", "-v", f"{self.folder}:{self.folder}"]
        if names:
            file = self.folder / "resolv.conf"
            file.write_text(names)
            options += ["-v", f"{file}:/etc/resolv.conf:ro"]
        if launch.host:
            seen = f"/run/netns/{launch.host.namespace}"
            options += ["--cap-add", "SYS_ADMIN", "-v", f"{seen}:{seen}"]
        if launch.share is not None:
            options += ["-v", f"{launch.share}:{launch.share}"]
        if clock:
            options += ["-v", f"{clock['LD_PRELOAD']}:{clock['LD_PRELOAD']}:ro"]
        for each in environment:
            options += ["-e", each]
        run = ["docker", "run", "--rm", "--network", "host", "--name", self.container, *options]
        # Through docker's own pipe the log would come late.
        return [*run, self.kind, "sh", "-c", f'exec "$@" >{self._log} 2>&1', "sh", *command]

    def __enter__(self) -> Kamailio:
        return self

    def __exit__(self, error: object, *_: object) -> None:
        self.stop()
        if error is not None:
            print(self.whole_log[-100_000:])

    def _is_up(self) -> bool:
        assert self.process.poll() is None, f"Kamailio ended at its start:\n{self.log}"
        try:
            return bool(self.rpc("core.version"))
        except OSError:
            return False

    def stop(self) -> None:
        """End the server, however it is."""
        if self.process.poll() is None:
            if self.kind == NATIVE:
                self.process.terminate()
            else:
                subprocess.run(["docker", "stop", "-t", "5", self.container], capture_output=True)
            # A process that was just starting misses the signal: all get it once more.
            for seconds, name in ((3, signal.SIGTERM), (12, signal.SIGKILL)):
                try:
                    self.process.wait(seconds)
                except subprocess.TimeoutExpired:
                    os.killpg(self.process.pid, name)
            self.process.wait(5)
            if self.kind != NATIVE:
                # One that the engine was still making when it was to be stopped begins behind that.
                subprocess.run(["docker", "rm", "-f", self.container], capture_output=True)
        self._socket.close()
        self._give_back()

    def _give_back(self) -> None:
        if self._borrows:
            self._borrows = False
            resolv_conf.give_back()

    def kill(self) -> None:
        """End the server as a crash does, all its processes at once."""
        if self.kind == NATIVE:
            os.killpg(self.process.pid, signal.SIGKILL)
        else:
            subprocess.run(["docker", "kill", "-s", "KILL", self.container], capture_output=True)
        self.process.wait(15)
        # Its ports are free when the last one is gone.
        wait_for("the end of all its processes", self._is_gone)
        self._give_back()

    def _is_gone(self) -> bool:
        # A container of which the first process takes no orphans in has them as zombies for ever.
        return not any(group == str(self.process.pid) and state not in "ZX" for state, group in _processes())

    def process_numbers(self, part: str) -> list[int]:
        """The numbers of its processes whose descriptions contain a text, as the server counts them."""
        return [each["PID"] for each in self.rpc("core.psx") if part in each["DSC"]]

    def signal(self, name: str, *processes: int) -> None:
        """Send a signal, such as STOP, to some of its processes."""
        self.run(f"kill -{name} {' '.join(map(str, processes))}")

    def run(self, command: str) -> str:
        """Return what a shell writes that runs a command where the server lives."""
        where = [] if self.kind == NATIVE else ["docker", "exec", self.container]
        shell = [*where, "sh", "-c", command]
        return subprocess.run(shell, check=True, capture_output=True, text=True).stdout

    def turn_clock(self, seconds: int) -> None:
        """Set the server's wall clock so far before or behind the true time, in one jump."""
        draft = self.folder / "clock.new"
        draft.write_text(f"{seconds:+d}\n")
        draft.replace(self.folder / "clock")

    def forget(self) -> None:
        """Remove what the server left on the disk."""
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def log(self) -> str:
        """What the server has written to its log, all of it or since begin_log()."""
        with self._log.open("rb") as file:
            file.seek(self._log_begins)
            return file.read().decode("utf-8", "replace")

    @property
    def whole_log(self) -> str:
        """What the server has written to its log."""
        return self._log.read_text("utf-8", "replace")

    def begin_log(self) -> None:
        """Look no more at what the log has now."""
        self._log_begins = self._log.stat().st_size

    def log_lines(self, part: str) -> list[str]:
        """The lines of the log that contain a text; one that is just being written is none yet."""
        written, _, _ = self.log.rpartition("\n")
        return [line for line in written.splitlines() if part in line]

    @property
    def errors(self) -> list[str]:
        """The lines of ERROR, but the one that Kamailio has if there is no /etc/protocols."""
        return [line for line in self.log_lines("ERROR") if "could not get TCP protocol number" not in line]

    def logged(self, part: str, least: int = 1) -> list[str]:
        """Wait for lines of the log that contain a text; return them.

        A state is known before its line is written. Arguments: part; least, how many lines there are to be.
        """
        wait_for(f"{part!r} in the log", lambda: len(self.log_lines(part)) >= least, 15)
        return self.log_lines(part)

    @property
    def events(self) -> list[Any]:
        """What scenario.py's callbacks were told: [name, uri, state, user_attr, answer, pid, changes]."""
        return [json.loads(line.split("EVENT ", 1)[1]) for line in self.log_lines("EVENT ")]

    def rpc(self, method: str, *parameters: object) -> Any:
        """Ask as kamcmd does; return the result, raise RuntimeError with the server's complaint."""
        self._asked += 1
        request = {"jsonrpc": "2.0", "method": method, "params": list(parameters), "id": self._asked}
        # Half of a character stands for a byte that is no UTF-8, which an operator may type.
        self._socket.send(json.dumps(request, ensure_ascii=False).encode("utf-8", "surrogateescape"))
        reply = json.loads(self._socket.recv(1 << 16))
        while reply["id"] != self._asked:  # of one that was given up before
            reply = json.loads(self._socket.recv(1 << 16))
        if "error" in reply:
            raise RuntimeError(reply["error"]["message"])
        return reply["result"]

    def kamcmd(self, *words: str) -> str:
        """Run kamcmd beside a server that was started with CTL="unix:FOLDER/ctl"; return what it writes."""
        where = [] if self.kind == NATIVE else ["docker", "exec", self.container]
        command = [*where, "kamcmd", "-s", f"unix:{self.folder}/ctl", *words]
        ran = subprocess.run(command, capture_output=True, text=True, timeout=20)
        return ran.stdout + ran.stderr

    def request(self, body: str, port: int, uri_user: str = "scenario") -> bytes:
        """Return a MESSAGE that a client at a port may send; half characters are bytes that are no UTF-8."""
        mark = uuid.uuid4().hex
        content = body.encode(errors="surrogateescape")
        lines = [
            f"MESSAGE sip:{uri_user}@{self.address}:{self.port} SIP/2.0",
            f"Via: SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bK{mark}",
            f"From: <sip:test@127.0.0.1>;tag={mark}",
            "To: <sip:scenario@127.0.0.1>",
            f"Call-ID: {mark}",
            "CSeq: 1 MESSAGE",
            "Max-Forwards: 10",
            "Content-Type: application/json",
            f"Content-Length: {len(content)}",
        ]
        return ("\r\n".join(lines) + "\r\n\r\n").encode() + content

    def message(self, body: str, uri_user: str = "scenario", seconds: float = 5) -> tuple[int, str]:
        """Send a MESSAGE to a worker; return the reply's code and its X-Result header within a time."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.connect((self.address, self.port))
            client.settimeout(seconds)
            client.send(self.request(body, client.getsockname()[1], uri_user))
            reply = client.recv(65535).decode()
        code = int(reply.split(" ", 2)[1])
        result = [line.split(": ", 1)[1] for line in reply.splitlines() if line.startswith("X-Result")]
        return code, result[0] if result else ""

    def call(self, function: str, *args: object, **options: object) -> Any:
        """Call a function of keepalive in whichever worker takes the request (see scenario.py)."""
        code, result = self.message(json.dumps({"call": function, "args": args, "options": options}))
        assert code == 200, f"{function}: {code} {result}"
        return json.loads(result)["value"]

    def state(self, destination: str) -> int:
        """Return keepalive.state(destination) as a worker sees it."""
        value: int = self.call("state", destination)
        return value

    def wait_for_state(self, destination: str, wanted: int, seconds: float = 10) -> None:
        """Wait until a worker sees a state."""
        wait_for(f"{destination} in state {wanted}", lambda: self.state(destination) == wanted, seconds)
