"""How far a run is, beside its tables: on a terminal a bar, elsewhere a line now and then."""

from __future__ import annotations

import sys
from types import TracebackType

from tqdm import tqdm


class Progress:
    """Steps of a run; each is named when it begins.

    Arguments: total, how many there are; unit, what one is.
    """

    def __init__(self, total: int, unit: str = "steps") -> None:
        quiet = not sys.stderr.isatty()
        self._bar: tqdm[None] = tqdm(
            total=total,
            unit=f" {unit}",
            file=sys.stderr,
            dynamic_ncols=True,
            mininterval=30 if quiet else 0.5,
        )

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End it."""
        self._bar.close()

    def at(self, what: str) -> None:
        """Say what is under way."""
        self._bar.set_description_str(what)

    def done(self, steps: int = 1) -> None:
        """So many more are over."""
        self._bar.update(steps)


def say(text: str) -> None:
    """Print a line of a table, beside a bar that is there."""
    tqdm.write(text)
    sys.stdout.flush()
