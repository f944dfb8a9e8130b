"""How what came up gains its weight: little by little, as HAProxy's slowstart has it (pure)."""

from typing import NamedTuple


class Ramp(NamedTuple):
    """From when on a destination gains its weight, and for how long."""

    began: int
    """when it came up, in us"""
    takes: int
    """us, above 0"""

    @property
    def ends(self) -> int:
        """When it has its whole weight, in us."""
        return self.began + self.takes

    def part_at(self, now: int) -> float:
        """Return which part of its weight it has, 0 to 1. Arguments: now, in us."""
        return min(1.0, max(0, now - self.began) / self.takes)

    def text(self) -> str:
        """Return it as its row has it."""
        return f"{self.began} {self.takes}"

    @staticmethod
    def from_text(text: str) -> "Ramp":
        """Return what a row says. Raises: ValueError for what was not written by text()."""
        began, takes = map(int, text.split())
        if began < 0 or takes <= 0:
            raise ValueError("a time below 0")
        return Ramp(began, takes)
