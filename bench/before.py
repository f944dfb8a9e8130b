"""Compares this version with an earlier one, in alternation, on one machine: what groups and is_alive cost.

    make before                   with the version before groups had rosters
    make before COMMIT=main~20    with another one

It prints tables in Markdown; BENCHMARKS.md has the last ones. As root, it needs kamailio as make test does.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

import fleet
from contenders import Contender, this_module
from places import ROOT
from responder import Responder
from run import head, row, until_registered

BEFORE = "50a593e"
PORT = 9
# The time between two ticks, us, in both versions.
TICK = 90_000
SECOND = 1_000_000
GROUP = "g"
# As many members of a group change.
CHANGING = 100


@contextmanager
def version(commit: str) -> Iterator[Path]:
    """Check a version out beside this one."""
    with tempfile.TemporaryDirectory(prefix="keepalive-before-") as folder:
        path = Path(folder) / "version"
        git = ["git", "-C", str(ROOT), "worktree"]
        subprocess.run([*git, "add", "--detach", str(path), commit], check=True, capture_output=True)
        try:
            yield path
        finally:
            subprocess.run([*git, "remove", "--force", str(path)], check=True)


class Compared:
    """The two versions, by the names that the tables have for them.

    Arguments: before, the folder of the earlier one; rounds, how often each server of a table runs.
    """

    def __init__(self, before: Path, rounds: int) -> None:
        self._folders = {"before": before, "now": ROOT}
        self._rounds = rounds

    def run(
        self, lines: list[str], ask: Callable[[Contender], Any], versions: str = "before now"
    ) -> dict[str, list[Any]]:
        """Start each version in turns, with the lines of a list file; return its answers to a question."""
        answers: dict[str, list[Any]] = {name: [] for name in versions.split()}
        for _ in range(self._rounds):
            for name, known in answers.items():
                folder = self._folders[name]
                defines: dict[str, Any] = {"KEEPALIVE_TABLE_SIZE": 14, "KEEPALIVE_ENABLED": 0}
                server = this_module(lines, 3600, 512, version=folder, **defines)
                try:
                    known.append(ask(server))
                finally:
                    server.stop()
        return answers

    def start(self, lines: list[str], interval: int) -> dict[str, Contender]:
        """Start both versions at a time."""
        return {
            name: this_module(lines, interval, 256, version=folder) for name, folder in self._folders.items()
        }


def figures(answers: list[float], unit: str, digits: int = 1) -> str:
    """Return the median of some rounds, and each of them."""
    each = ", ".join(f"{answer:.{digits}f}" for answer in answers)
    return f"{median(answers):.{digits}f} {unit}" + (f" ({each})" if len(answers) > 1 else "")


def members(number: int, more: str = f" group={GROUP}") -> list[str]:
    """Return the lines of a list file, of destinations that nobody pings."""
    return [f"{uri}{more}" for uri in fleet.uris(number, PORT)]


def from_a_list(compared: Compared, numbers: dict[str, list[int]]) -> None:
    """Print what it takes to register a list file, all in one group or in none."""
    head("a list file", "CPU", "private memory of the largest process", "shared memory of one")
    for name, known in numbers.items():
        for number in known:
            for what, more in (("no group", ""), ("one group", f" group={GROUP}")):
                lines = members(number, more)
                answers = compared.run(lines, partial(_registered, number=number), name)[name]
                took, private, shared = zip(*answers, strict=True)
                row(
                    f"{number:,} in {what}, {name}",
                    figures(list(took), "s", 2),
                    figures(list(private), "MB"),
                    f"{median(shared):.0f} bytes",
                )


def _registered(server: Contender, number: int) -> tuple[float, float, float]:
    """Return the seconds of CPU that a start took, MB and bytes."""
    until_registered(server, number)
    took = server.cpu()
    private = max(server.private_memory().values()) / 1024
    return took, private, server.shared_memory() / number


def one_by_one(compared: Compared, numbers: dict[str, list[int]]) -> None:
    """Print what it takes to add members one by one, in a worker."""
    head("added one by one by a worker", "each, in no group", "each, in one group", "ratio")
    for name, known in numbers.items():
        for number in known:
            took = {}
            for group in ("", GROUP):
                answers = compared.run([], partial(_added, number=number, group=group), name)
                took[group] = [each / number * 1e6 for each in answers[name]]
            ratio = median(took[GROUP]) / median(took[""])
            row(f"{number:,}, {name}", *(figures(each, "us") for each in took.values()), f"{ratio:.2f}")


def _added(server: Contender, number: int, group: str) -> float:
    """Add destinations in a worker; return the seconds."""
    took: float = server.ask("add", number, PORT, group)
    return took


def changes(compared: Compared, numbers: dict[str, list[int]]) -> None:
    """Print what a change of a member costs, by kinds of guards."""
    kinds = {
        "in no group": "",
        "in a group": f" group={GROUP}",
        "group_min_alive 1": f" group={GROUP} group_min_alive=1",
        "group_min_alive 50%": f" group={GROUP} group_min_alive=50%",
        "group_min_alive 100%": f" group={GROUP} group_min_alive=100%",
    }
    head("a change, CPU", *kinds, "the most of the first")
    for name, known in numbers.items():
        for number in known:
            took = []
            for more in kinds.values():
                answers = compared.run(members(number, more), partial(_changed, number=number), name)
                took.append(answers[name])
            row(
                f"{number:,}, {name}",
                *(figures(each, "us") for each in took),
                f"{max(map(median, took)) / median(took[0]):.2f}",
            )


def _changed(server: Contender, number: int) -> float:
    until_registered(server, number)
    # Those in the middle: half of the others rank before them.
    took: float = server.ask("cost_of_change", number // 2, number // 2 + CHANGING, number, PORT)
    return took


def waits(compared: Compared, numbers: dict[str, int], seconds: int) -> None:
    """Print how long two workers wait for locks that both change members of one group all the time."""
    head(
        "two workers change members",
        *("changes a second", "locks taken", "longest wait", "waits over 1 ms", "longest held, CPU"),
    )
    for name, number in numbers.items():
        for what, more in (("no group", ""), ("one group, 50%", f" group={GROUP} group_min_alive=50%")):
            answers = compared.run(
                members(number, more), partial(_changed_by_two, number=number, seconds=seconds), name
            )[name]
            each = [answer for both in answers for answer in both]
            row(
                f"{number:,} in {what}, {name}",
                f"{sum(answer['changes'] for answer in each) / seconds / len(answers):,.0f}",
                f"{sum(answer['waits'] for answer in each):,}",
                f"{max(answer['longest_wait'] for answer in each) / 1000:.1f} ms",
                sum(answer["over_1_ms"] for answer in each),
                f"{max(answer['longest_held'] for answer in each) / 1000:.2f} ms",
            )


def _changed_by_two(server: Contender, number: int, seconds: int) -> list[dict[str, float]]:
    until_registered(server, number)
    with ThreadPoolExecutor(2) as clients:
        asked = [
            clients.submit(server.ask, "change", first, first + CHANGING, number, PORT, seconds)
            for first in (0, number // 2)
        ]
        return [each.result() for each in asked]


def alive(compared: Compared, number: int) -> None:
    """Print what asking for a group costs."""
    head(f"alive(group) of {number:,}", "as before", "after a change elsewhere", "after one inside")
    stranger, *inside = fleet.uris(number + 1, PORT)
    lines = [stranger, *(f"{uri} group={GROUP}" for uri in inside)]

    def ask(server: Contender) -> dict[str, float]:
        until_registered(server, number + 1)
        took: dict[str, float] = server.ask("cost_of_alive", GROUP, inside[number // 2], stranger)
        return took

    for name, answers in compared.run(lines, ask).items():
        took = [[each[when] for each in answers] for when in ("as before", "elsewhere", "inside")]
        row(name, *(figures(each, "us") for each in took))


def is_alive(compared: Compared, numbers: list[int]) -> None:
    """Print what is_alive takes, by what is known of a destination."""
    head("is_alive", "up", "unknown", "down", "not monitored", "the most of the first")
    for number in numbers:
        for name, answers in _asked(compared, number).items():
            took = [min(each) for each in zip(*answers, strict=True)]
            row(f"{number:,}, {name}", *(f"{each:.2f} us" for each in took), f"{max(took) / took[0]:.1f}")


def _asked(compared: Compared, number: int) -> dict[str, list[Any]]:
    def ask(server: Contender) -> list[float]:
        until_registered(server, number)
        # In a server's first seconds a process that is asked looks whether all timers have called.
        time.sleep(3)
        server.ask("asked_by_answer", number, PORT, 1)
        time.sleep(1)
        took = [server.ask("asked_by_answer", number, PORT, 1)]
        took.append(server.ask("asked_by_answer", number, PORT, -1, "nobody"))
        for answer, report in ((1, "report_success"), (2, "report_failure")):
            server.ask("report_all", report, number, PORT)
            took.append(server.ask("asked_by_answer", number, PORT, answer))
        unknown, stranger, up, down = took
        return [up, unknown, down, stranger]

    return compared.run(members(number, ""), ask)


def pings(compared: Compared, number: int, interval: int, seconds: int) -> None:
    """Print what a ping costs, and a tick with nothing to do, of both versions at the same time."""
    head(
        f"{number:,} destinations every {interval} s, both at a time",
        *("CPU a ping", "of it the SIP workers", "the prober", "answered", "the prober's CPU a tick, idle"),
    )
    responder = Responder()
    servers = compared.start(responder.uris(number), interval)
    try:
        for server in servers.values():
            until_registered(server, number)
        time.sleep(interval + 8)
        before = {name: (_cpu(server), server.transactions()) for name, server in servers.items()}
        time.sleep(seconds)
        busy = {name: (_cpu(server), server.transactions()) for name, server in servers.items()}
        for server in servers.values():
            server.rpc("cfg.seti", "keepalive", "enabled", 0)
        time.sleep(8)
        begun = {name: _cpu(server) for name, server in servers.items()}
        time.sleep(seconds)
        for name, server in servers.items():
            (cpu, counted), (then, were) = busy[name], before[name]
            sent = counted["total"] - were["total"]
            took = [(cpu[part] - then[part]) * 1e6 / sent for part in ("", "udp receiver", "keepalive_tick")]
            idle = (_cpu(server)["keepalive_tick"] - begun[name]["keepalive_tick"]) * 1e6
            row(
                name,
                *(f"{each:.1f} us" for each in took),
                f"{(counted['2xx'] - were['2xx']) / sent:.1%}",
                f"{idle * TICK / SECOND / seconds:.0f} us",
            )
    finally:
        for server in servers.values():
            server.stop()
        responder.close()


def _cpu(server: Contender) -> dict[str, float]:
    """Return the seconds of CPU that all processes have taken, the SIP workers, and the prober."""
    took = server.cpu_by_process()
    return {
        part: sum(each for name, each in took.items() if part in name)
        for part in ("", "udp receiver", "keepalive_tick")
    }


def main() -> None:
    """Run what the arguments say."""
    parser = argparse.ArgumentParser(description="Compares this version with an earlier one.")
    parser.add_argument("--commit", default=BEFORE, help="the earlier version")
    parser.add_argument("--rounds", type=int, default=3, help="how often each server runs")
    parser.add_argument("--only", default="", help="the names of some tables, such as waits")
    parser.add_argument("--smallest", action="store_true", help="only to see that it works, some seconds")
    asked = parser.parse_args()
    if asked.smallest:
        print("this module, beside itself")
        changes(Compared(ROOT, 1), {"before": [100], "now": [100]})
        return
    print(f"this version, and {asked.commit} before it")
    with version(asked.commit) as before:
        compared = Compared(before, asked.rounds)
        tables: dict[str, Callable[[], None]] = {
            "is_alive": lambda: is_alive(compared, [10, 10_000]),
            "pings": lambda: pings(compared, 4_000, 10, 20),
            "alive": lambda: alive(compared, 5_000),
            # With 1,500 and a guard each start of the version before takes minutes.
            "changes": lambda: changes(compared, {"before": [300], "now": [300, 1_500, 10_000]}),
            "waits": lambda: waits(compared, {"before": 1_500, "now": 10_000}, 8),
            "one_by_one": lambda: one_by_one(compared, {"before": [300, 1_500], "now": [300, 1_500, 10_000]}),
            "from_a_list": lambda: from_a_list(compared, {"before": [1_500], "now": [1_500, 10_000]}),
        }
        for name in asked.only.split() or tables:
            tables[name]()


if __name__ == "__main__":
    main()
