"""A real DNS server: dnsmasq of Debian's, which knows the names that a test gives to it."""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

from real.names import free_address
from real.records import answers, records
from real.server import wait_for

_OPTIONS = """
no-resolv
no-hosts
bind-interfaces
local=/test/
pid-file=
log-facility=-
"""


class Dnsmasq:
    """One running server, at port 53 of an address of its own: any name below "test" is in its hands.

    Arguments: text, its records (see records.py); elsewhere, by name, the address of another DNS server
    that has to be asked for what is below it.
    """

    def __init__(self, text: str = "", elsewhere: dict[str, str] | None = None) -> None:
        assert shutil.which("dnsmasq"), "dnsmasq is needed: scripts/need.sh test installs it"
        self.address = free_address()
        self._folder = Path(tempfile.mkdtemp(prefix="keepalive-dns-"))
        self._hosts = self._folder / "hosts"
        self._elsewhere = [f"server=/{name}/{address}" for name, address in (elsewhere or {}).items()]
        self._configured = ""
        self._process: subprocess.Popen[bytes] | None = None
        self._turns = itertools.count(1)
        self.say(text)

    def say(self, text: str) -> None:
        """Have these records from now on, and no others.

        Nothing is unanswered in between if addresses alone are others; else it starts again, which takes
        some milliseconds.
        """
        turn = next(self._turns)
        mark = ("turn.test", f"127.9.{turn // 250}.{turn % 250 + 1}")
        found = records(text)
        addresses = [(record.name, record.data[0]) for record in found if record.type in ("A", "AAAA")]
        self._hosts.write_text("".join(f"{address} {name}\n" for name, address in [*addresses, mark]))
        others = [record.of_dnsmasq for record in found if record.type not in ("A", "AAAA")]
        fixed = [f"listen-address={self.address}", f"addn-hosts={self._hosts}", *self._elsewhere]
        user = ["user=root"] if os.getuid() == 0 else []
        configured = _OPTIONS + "\n".join([*fixed, *user, *others]) + "\n"
        if configured == self._configured and self._process is not None:
            self._process.send_signal(signal.SIGHUP)
        else:
            self._configured = configured
            self._start()
        wait_for("the records", lambda: answers(self.address, *mark))

    def _start(self) -> None:
        self._stop()
        configuration = self._folder / "dnsmasq.conf"
        configuration.write_text(self._configured)
        command = ["dnsmasq", "--keep-in-foreground", f"--conf-file={configuration}"]
        self._process = subprocess.Popen(
            command, stdout=(self._folder / "log").open("a"), stderr=subprocess.STDOUT
        )

    def _stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)

    def pause(self) -> None:
        """Give no answer until it goes on."""
        assert self._process
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Answer again."""
        assert self._process
        self._process.send_signal(signal.SIGCONT)

    def close(self) -> None:
        """Stop, and leave nothing."""
        self._stop()
        shutil.rmtree(self._folder, ignore_errors=True)
