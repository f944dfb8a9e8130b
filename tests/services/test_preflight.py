"""A start that would end Kamailio a moment later ends with one line."""

from importlib import import_module
from types import ModuleType

import pytest

from conftest import FakeServer

KEYS = {"tls": b"set maximum pthreads key to %d"}
HAS_MODES = {"app_python3": b"_ksr_apy3_threads_mode"}
ASKS = {"app_python3": b"_ksr_apy3_threads_mode PyGILState_Check"}


class Modules(ModuleType):
    """Modules of a Kamailio, as far as they are asked."""

    def __init__(self, *order: str, variables: dict[str, int], texts: dict[str, bytes]) -> None:
        super().__init__("modules")
        self._order, self._variables, self._texts = order, variables, texts
        self.registered = 0

    def loaded(self) -> list[str]:
        return list(self._order)

    def variable(self, name: str, module: str = "") -> int | None:
        return self._variables.get(name)

    def register_processes(self, number: int) -> bool:
        self.registered += number
        return True

    def has_text(self, module: str, text: bytes) -> bool:
        return text in self._texts.get(module, b"")


@pytest.mark.parametrize(
    ("modules", "reason"),
    [
        (Modules("tm", "app_python3", "tls", variables={}, texts=KEYS), "load tls.so first"),
        (Modules("app_python3", "tls", variables={"ksr_tls_threads_mode": 2}, texts=KEYS), "load tls.so"),
        (Modules("tls", "app_python3", variables={"ksr_tls_threads_mode": 2}, texts=KEYS), ""),
        (Modules("app_python3", "tls", variables={"ksr_tls_threads_mode": 0}, texts=KEYS), ""),
        # a 5.6, and what follows 6.1.5
        (Modules("app_python3", "tls", variables={}, texts={}), ""),
        (Modules("app_python3", variables={"ksr_tls_threads_mode": 2}, texts=KEYS), ""),
        (Modules("tls", variables={}, texts=KEYS), ""),
        (Modules("app_python3", variables={"_ksr_apy3_threads_mode": 1}, texts=HAS_MODES), "threads_mode 1"),
        (Modules("app_python3", variables={"_ksr_apy3_threads_mode": 1}, texts=ASKS), ""),
        (Modules("app_python3", variables={"_ksr_apy3_threads_mode": 0}, texts=HAS_MODES), ""),
    ],
)
def test_a_bad_start_is_told(
    server: FakeServer, modules: Modules, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With one line that says what to do; what would run is not kept from it."""
    server.process()
    preflight = import_module("keepalive_core.services.preflight")
    monkeypatch.setattr(preflight, "modules", modules)
    if not reason:
        preflight.check()
        assert not server.ksr.logged
        return
    with pytest.raises(preflight.CannotStart, match=reason):
        preflight.check()
    [(level, line)] = server.ksr.logged
    assert level == "err"
    assert reason in line


@pytest.mark.parametrize(
    ("modules", "registered"),
    [
        (Modules("tm", "dmq", variables={"dmq_num_workers": 2}, texts={}), 2),
        (Modules("tm", "dmq", variables={"dmq_num_workers": 2}, texts={"dmq": b"cfg_register_child"}), 0),
        (Modules("tm", "dmq", variables={}, texts={}), 0),
        (Modules("tm", variables={"dmq_num_workers": 2}, texts={}), 0),
    ],
)
def test_the_processes_of_dmq_are_registered(
    server: FakeServer, modules: Modules, registered: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If dmq is loaded, and does not register them itself."""
    server.process()
    preflight = import_module("keepalive_core.services.preflight")
    monkeypatch.setattr(preflight, "modules", modules)
    preflight.check()
    assert modules.registered == registered
    assert not server.ksr.logged
