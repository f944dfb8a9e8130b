"""Work in steps, between which its process may do something else: generators that yield None (pure)."""

from collections.abc import Generator
from typing import TypeVar

R = TypeVar("R")

Steps = Generator[None, None, R]
"""work that returns an R when it is done"""


def at_once(work: Steps[R]) -> R:
    """Do all steps of some work; return what it returns, and raise what it raises."""
    while True:
        try:
            next(work)
        except StopIteration as end:
            answer: R = end.value
            return answer
