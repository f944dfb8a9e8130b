"""What is refused is one line, what surprises has a traceback, and each caller has an answer of its own."""

from types import ModuleType
from typing import Any

import pytest

from conftest import FakeServer


@pytest.fixture
def refusals(server: FakeServer) -> ModuleType:
    """The module, in one process."""
    server.process()
    from keepalive_core.services import refusals

    return refusals


def test_a_refusal_is_one_line(refusals: ModuleType, server: FakeServer) -> None:
    """Of each kind of refusal the log has the name of the function and the reason, and no traceback."""
    for kind in refusals.REFUSALS:

        @refusals.never_raises(-1)
        def refuses(kind: Any = kind) -> int:
            error = kind.__new__(kind)
            error.args = ("because",)
            raise error

        assert refuses() == -1
    lines = server.ksr.lines("err")
    assert len(lines) == len(refusals.REFUSALS)
    assert all("refuses: " in line and "because" in line and "Traceback" not in line for line in lines)


def test_a_surprise_has_a_traceback(refusals: ModuleType, server: FakeServer) -> None:
    """What nobody thought of is answered too, and the log says where it was."""

    @refusals.never_raises(-1)
    def surprises(number: int) -> float:
        """Divide."""
        return 1 / number

    assert (surprises(0), surprises(2)) == (-1, 0.5)
    lines = server.ksr.lines("err")
    assert lines[0] == "keepalive: surprises failed"
    assert "ZeroDivisionError" in lines[-1]
    assert (surprises.__name__, surprises.__doc__) == ("surprises", "Divide.")


@pytest.mark.parametrize("empty", [[], {}])
def test_an_empty_answer_is_the_callers_own(refusals: ModuleType, server: FakeServer, empty: Any) -> None:
    """Whoever changes what he got after a failure changes nobody else's, and not what comes next."""

    @refusals.never_raises(empty)
    def fails() -> Any:
        raise RuntimeError

    first = fails()
    first.update({"x": 1}) if isinstance(first, dict) else first.append(1)
    assert not fails()
    assert not empty


@pytest.mark.parametrize("error", [RuntimeError("broken"), SystemExit(1)])
def test_what_kamailio_calls_is_done_in_any_case(
    refusals: ModuleType, server: FakeServer, error: BaseException
) -> None:
    """The answer is 1 whatever the task does, and an exit of a callback's ends nothing."""

    def task(fails: bool) -> int:
        if fails:
            raise error
        return -5

    assert (refusals.done(task, True), refusals.done(task, False)) == (1, 1)
    assert [line for line in server.ksr.lines("err") if "failed" in line] == ["keepalive: task failed"]
