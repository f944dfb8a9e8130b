"""The module's files on a server: which ones run, and what an upgrade does while they do."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from gateway import Gateway
from real.server import ROOT, Kamailio, wait_for


def answer(server: Kamailio, uri: str) -> str:
    code, result = server.message(uri, "is_alive")
    assert code == 200
    return result


def test_a_reload_behind_an_upgrade_mixes_nothing(start, gateway: Gateway, tmp_path: Path) -> None:
    """One line says at the start what runs; behind an upgrade app_python.reload keeps it, with one ERROR."""
    kemi = tmp_path / "kemi"
    shutil.copytree(ROOT / "kemi", kemi)
    server = start(
        "native.cfg",
        share=tmp_path,
        KEEPALIVE_DIR=kemi,
        LITERAL=gateway.uri,
        KEEPALIVE_DESTINATIONS=gateway.uri,
    )
    server.logged(f"{gateway.uri} unknown -> up")
    [line] = server.log_lines("keepalive: version")
    assert "INFO" in line
    assert re.search(rf"version \d[\d.]*, of {re.escape(str(kemi))}$", line)

    server.rpc("app_python.reload")
    pinged = len(gateway.pings)
    wait_for("pings behind a reload", lambda: len(gateway.pings) >= pinged + 3)
    assert [answer(server, gateway.uri) for _ in range(20)] == ["1"] * 20
    assert server.errors == []

    core = kemi / "keepalive_core" / "__init__.py"
    core.write_text(re.sub(r'VERSION: Final = ".*"', 'VERSION: Final = "99.0"', core.read_text()))
    api = kemi / "keepalive.py"
    api.write_text(api.read_text() + "\n\ndef is_alive(destination):\n    return 7\n")
    (kemi / "keepalive_core" / "services" / "prober.py").unlink()
    server.rpc("app_python.reload")
    server.logged(f"{kemi} has other files than the keepalive")
    pinged = len(gateway.pings)
    wait_for("pings behind an upgrade", lambda: len(gateway.pings) >= pinged + 3)
    assert [answer(server, gateway.uri) for _ in range(20)] == ["1"] * 20
    gateway.silent = True
    wait_for("down", lambda: answer(server, gateway.uri) == "-2")
    assert len(server.errors) == 1
    assert len(server.log_lines("keepalive: version")) == 1
