"""A terminal in which a program runs, and what it shows there."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import termios
import time
from collections.abc import Sequence


class Terminal:
    """A terminal of 80 columns and 12 lines in which a program runs.

    Arguments: command, its command line; environment, of the program.
    """

    def __init__(self, command: Sequence[object], environment: dict[str, str]) -> None:
        self._ours, theirs = pty.openpty()
        termios.tcsetwinsize(self._ours, (12, 80))
        self.before = termios.tcgetattr(self._ours)
        self.shown = ""
        self.process = subprocess.Popen(
            [str(word) for word in command],
            stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
            env={**environment, "TERM": "xterm", "PYTHONUTF8": "1"},
        )  # fmt: skip
        os.close(theirs)

    def wait_for(self, text: str) -> None:
        """Read until a text was shown."""
        deadline = time.monotonic() + 10
        while text not in self.shown:
            assert time.monotonic() < deadline, f"{text!r} is not in {self.shown[-1000:]!r}"
            self._read()

    def _read(self) -> bool:
        if not select.select([self._ours], [], [], 0.05)[0]:
            return True
        try:
            read = os.read(self._ours, 65536)
        except OSError:  # its last reader ended
            read = b""
        self.shown += read.decode()
        return bool(read)

    def press(self, keys: str) -> None:
        os.write(self._ours, keys.encode())

    def settings(self) -> list[object]:
        return termios.tcgetattr(self._ours)

    def end(self) -> int:
        """Return how it ended, with all read that it wrote."""
        code = self.process.wait(10)
        while select.select([self._ours], [], [], 0)[0] and self._read():
            pass
        return code

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._ours)
