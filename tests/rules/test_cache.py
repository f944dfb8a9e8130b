"""What a process remembers."""

from sys import getsizeof

from keepalive_core.rules.cache import Cache


def test_what_is_remembered_has_a_bound_in_bytes() -> None:
    """Whatever comes, it takes no more; one that is too large is not remembered, the last answer counts."""
    known: Cache[str, str] = Cache(10_000, lambda _, answer: len(answer))
    assert known.remember("a", "x" * 2600) == "x" * 2600
    assert known.answers == {}
    for length in (100, 2000, 300):
        known.remember("a", "x" * length)
    assert known.answers == {"a": "x" * 300}
    for number in range(1000):
        known.remember(f"q{number}", "x" * 400)
        assert known.answers[f"q{number}"]
        assert 550 * len(known.answers) <= 10_000
    assert len(known.answers) > 1
    known.forget()
    assert known.answers == {}


def test_what_is_remembered_holds_at_one_version() -> None:
    """All is forgotten once what it follows from is another thing, and the dictionary stays the same."""
    known: Cache[str, int] = Cache(10_000, lambda _, answer: 4)
    answers = known.answers
    found = []

    def find(question: str) -> int:
        found.append(question)
        return len(found)

    settings = {"rise": 2}
    assert known.at(settings).answer("a", find) == known.at(settings).answer("a", find) == 1
    assert known.at({"rise": 2}).answer("a", find) == 1, "another one that says the same"
    assert known.at({"rise": 3}).answer("a", find) == 2
    for version in (7, 7, 8, None, None, 7):
        known.at(version).answer("b", find)
    assert len(found) == 6
    assert answers is known.answers == {"b": 6}


def test_room_for_all_that_fits() -> None:
    """Answers are forgotten when the next one has no room, and not before."""
    slot = 100 + getsizeof("a")
    known: Cache[str, int] = Cache(4 * (slot + 50), lambda question, answer: answer * len(question))
    for _ in range(3):
        for question in "abcd":
            known.remember(question, 50)
    assert [*known.answers] == [*"abcd"]
    for size in (10, 50, 10):
        known.remember("b", size)
    assert known.answers == {"a": 50, "c": 50, "d": 50, "b": 10}
    known.remember("b", 50)
    known.remember("e", 1)
    assert known.answers == {"e": 1}, "there was no room"
    known.forget()
    for question in "abcd":
        known.remember(question, 50)
    assert len(known.answers) == 4, "all of the room is free again"
    known.remember("f", 51)
    assert "f" not in known.answers, "more than a quarter of the room"


def test_an_answer_is_found_once() -> None:
    """By its question."""
    known: Cache[str, str] = Cache(10_000, lambda _, answer: len(answer))
    assert [known.answer("a", lambda question: question * 3) for _ in range(2)] == ["aaa", "aaa"]
    assert known.answer("a", lambda question: "another") == "aaa"
