"""The servers that are compared: this module, the C module keepalive, dispatcher; and what each costs."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / folder) for folder in ("tests", "docker")]

from places import ROOT
from real.server import NATIVE, Kamailio, Launch

HEAD = """
debug=1
log_stderror=yes
auto_aliases=no
udp_mtu=0
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "kex.so"
loadmodule "textops.so"
loadmodule "jsonrpcs.so"
modparam("jsonrpcs", "transport", 4)
modparam("jsonrpcs", "dgram_socket", RPC)
"""
TAIL = f"""
loadmodule "app_python3.so"
modparam("app_python3", "load", "{ROOT}/bench/answering.py")
cfgengine "python"
"""


class Watched(Kamailio):
    """A running server, and what it takes."""

    def processes(self) -> dict[int, str]:
        """Return the numbers of its processes, with their descriptions."""
        return {each["PID"]: each["DSC"] for each in self.rpc("core.psx")}

    def cpu(self) -> float:
        """Return the seconds of CPU that all its processes have taken."""
        return sum(_cpu(process) for process in self._pids())

    def cpu_by_process(self) -> dict[str, float]:
        """Return the seconds of CPU of each process, by its description and number."""
        named = self.processes()
        return {f"{named.get(pid, '?')} {pid}": _cpu(pid) for pid in self._pids()}

    def _pids(self) -> list[int]:
        numbers = [int(folder.name) for folder in Path("/proc").iterdir() if folder.name.isdigit()]
        return [number for number in numbers if _fields(number)[2:3] == [str(self.process.pid)]]

    def transactions(self) -> dict[str, int]:
        """Return tm's counters: how many were sent, how many had an answer of which class."""
        return {name: int(value) for name, value in self.rpc("tm.stats").items()}

    def private_memory(self) -> dict[str, int]:
        """Return the kB of private memory of each process, by its description and number."""
        named = self.processes()
        sizes = {}
        for pid in self._pids():
            for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                if line.startswith("Private_Dirty"):
                    sizes[f"{named.get(pid, '?')} {pid}"] = int(line.split()[1])
        return sizes

    def shared_memory(self) -> int:
        """Return the bytes of shared memory in use."""
        return int(self.rpc("core.shmmem")["used"])


class Contender(Watched):
    """A running server under load."""

    def __init__(
        self, cfg: str, files: dict[str, str], memory: int = 256, resolver: str = "", **defines: object
    ) -> None:
        super().__init__(
            NATIVE,
            "kamailio.cfg",
            defines,
            Launch(
                children=2,
                files={"kamailio.cfg": HEAD + cfg + TAIL, **files},
                memory=memory,
                resolver=resolver,
            ),
        )

    def stop(self) -> None:
        """End the server and what it left."""
        super().stop()
        self.forget()

    def ask(self, function: str, *args: object) -> Any:
        """Call a function of answering.py in a worker."""
        for _ in range(8):
            try:
                code, result = self.message(json.dumps([function, *args]), seconds=15)
            except TimeoutError:  # a burst of replies has left no room for it
                continue
            assert code == 200, (code, self.log[-2000:])
            return json.loads(result)
        raise AssertionError(f"no answer to {function}\n{self.log[-2000:]}")


def _fields(pid: int) -> list[str]:
    """Return the fields of /proc/PID/stat behind the name: state, parent, process group, and so on."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    except OSError:
        return []


def _cpu(pid: int) -> float:
    """Return the seconds that a process was on a CPU, to the nanosecond; it has one thread."""
    try:
        return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9
    except OSError:
        return 0.0


def this_module(
    uris: list[str],
    interval: int,
    memory: int = 256,
    cfg: str = "",
    resolver: str = "",
    version: Path = ROOT,
    **defines: object,
) -> Contender:
    """Start a server with this module.

    Arguments: uris, of the destinations; interval, s; memory, MB of shared memory; cfg, more of kamailio.cfg;
    resolver, the only DNS server; version, the folder of the version that runs; defines, settings.
    """
    return Contender(
        f'{cfg}\ninclude_file "{version}/kemi/keepalive.cfg"\n',
        {"list": "\n".join(uris) + "\n"},
        memory,
        resolver,
        **{
            "KEMI": version / "kemi",
            "KEEPALIVE_LIST_FILE": "FOLDER/list",
            "KEEPALIVE_PING_INTERVAL": interval,
            **defines,
        },
    )


def c_keepalive(uris: list[str], interval: int, cfg: str = "") -> Contender:
    """Start a server with the C module keepalive."""
    destinations = "".join(f'modparam("keepalive", "destination", "{uri}")\n' for uri in uris)
    module = f'loadmodule "keepalive.so"\nmodparam("keepalive", "ping_interval", {interval})\n'
    return Contender(f"{cfg}\n{module}{destinations}", {})


def dispatcher(uris: list[str], interval: int, cfg: str = "") -> Contender:
    """Start a server with the C module dispatcher, pinging all of its set."""
    module = (
        'loadmodule "dispatcher.so"\nmodparam("dispatcher", "list_file", "FOLDER/list")\n'
        f'modparam("dispatcher", "ds_ping_interval", {interval})\n'
        'modparam("dispatcher", "ds_probing_mode", 1)\n'
    )
    return Contender(f"{cfg}\n{module}", {"list": "".join(f"1 {uri}\n" for uri in uris)})
