"""A cache: what a process remembers so as not to work it out again, within a number of bytes (pure)."""

from collections.abc import Callable, Hashable
from sys import getsizeof
from typing import Final, Generic, Self, TypeVar

Q = TypeVar("Q", bound=Hashable)
A = TypeVar("A")

# The bytes that a dictionary needs for each question, while it grows.
_SLOT: Final = 100


class Cache(Generic[Q, A]):
    """Answers by their questions.

    Arguments: most, bytes that all of them may take: one that would take a quarter of that is not remembered;
    size_of, returns the bytes of an answer, given its question and itself.
    """

    def __init__(self, most: int, size_of: Callable[[Q, A], int]) -> None:
        self.answers: dict[Q, A] = {}
        """to be read only; always the same dictionary"""
        self._most = most
        self._size_of = size_of
        self._size = 0
        self._version: object = None

    def at(self, version: object) -> Self:
        """Return itself, with those answers alone that hold at a version of what they follow from.

        Arguments: version, read before anything that an answer is found by: a change meanwhile makes that
        answer one of an older version.
        """
        if version is not self._version:
            if version != self._version:
                self.forget()
            self._version = version
        return self

    def answer(self, question: Q, find: Callable[[Q], A]) -> A:
        """Return the answer to a question: as remembered, or as it is found, which is remembered then.

        Raises: what find raises.
        """
        known = self.answers.get(question)
        return self.remember(question, find(question)) if known is None else known

    def remember(self, question: Q, answer: A) -> A:
        """Remember an answer, the last one to its question; return it.

        If there is no room for it, all others are forgotten at once: what is asked for is back soon, and no
        order of use needs to be kept.
        """
        if question in self.answers:
            self._size -= self._bytes(question, self.answers.pop(question))
        size = self._bytes(question, answer)
        if size <= self._most // 4:
            if self._size + size > self._most:
                self.forget()
            self.answers[question] = answer
            self._size += size
        return answer

    def forget(self) -> None:
        """Forget all answers."""
        self.answers.clear()
        self._size = 0

    def _bytes(self, question: Q, answer: A) -> int:
        return _SLOT + getsizeof(question) + self._size_of(question, answer)
