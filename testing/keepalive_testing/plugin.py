"""The plugin of pytest: the fixtures ``kamailio`` and ``ksr``, and a KSR that scripts can import."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from keepalive_testing.kamailio import Kamailio
    from keepalive_testing.ksr import FakeKSR


class _Door(ModuleType):
    """The KSR that is imported: that of the test that runs. Files of tests and their scripts keep it."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):  # what pytest asks of all that a file of tests has
            raise AttributeError(name)
        return getattr(_inside(), name)

    def __dir__(self) -> list[str]:
        return dir(_inside())

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(_inside(), name, value)

    def __delattr__(self, name: str) -> None:
        vars(_inside()).pop(name, None)  # a mock may be taken back when its test's KSR has gone


_fakes: list[FakeKSR] = []
"""that of the test that runs, behind one for what is imported before"""


def _inside() -> ModuleType:
    from keepalive_testing.ksr import FakeKSR

    if not _fakes:
        _fakes.append(FakeKSR())
    return _fakes[-1].module


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let users name the Kamailio that they run."""
    parser.addini(
        "kamailio_version", "the Kamailio whose functions scripts may call: 5.6, 6.0, 6.1", default="5.6"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Let scripts import KSR, and the files of tests too."""
    sys.modules.setdefault("KSR", _Door("KSR"))


@pytest.fixture
def ksr(request: pytest.FixtureRequest) -> Iterator[FakeKSR]:
    """A fake KSR, strict to the end."""
    from keepalive_testing.ksr import FakeKSR

    # pytest.ini keeps the quotation marks that pyproject.toml needs.
    fake = FakeKSR(request.config.getini("kamailio_version").strip('"'))
    _fakes.append(fake)
    yield fake
    _fakes.remove(fake)
    assert fake.violations == []
    assert fake.locks == []


@pytest.fixture
def kamailio(ksr: FakeKSR, monkeypatch: pytest.MonkeyPatch) -> Iterator[Kamailio]:
    """A Kamailio that runs a script: ``kamailio.load("router.py")``, ``up``, ``down``, ``request``."""
    from keepalive_testing.kamailio import Kamailio

    running = Kamailio(ksr, monkeypatch)
    yield running
    running.end()
