"""docker/compose.yaml: Kamailio and gateways in containers, which are paused and stopped."""

from __future__ import annotations

import os
import shutil
import subprocess
import uuid

import pytest

from real.server import ROOT, wait_for


class Composed:
    """The services of compose.yaml, as a project of their own."""

    def __init__(self, image: str) -> None:
        self._environment = {**os.environ, "RELEASE": image.rpartition(":")[2]}
        compose = ["docker-compose"] if shutil.which("docker-compose") else ["docker", "compose"]
        project = f"keepalive{uuid.uuid4().hex[:8]}"
        self._compose = [*compose, "-p", project, "-f", str(ROOT / "docker" / "compose.yaml")]

    def do(self, *words: str) -> str:
        done = subprocess.run(
            [*self._compose, *words], capture_output=True, text=True, env=self._environment, timeout=120
        )
        assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
        return done.stdout

    @property
    def log(self) -> str:
        return self.do("logs", "--no-color", "kamailio")


@pytest.fixture
def composed(image: str):
    services = Composed(image)
    try:
        services.do("up", "-d")
        yield services
        print(services.log)
    finally:
        services.do("down", "-t", "2")


def test_gateways_are_stopped_and_paused(composed: Composed) -> None:
    """A paused and a stopped gateway are down, over UDP and TCP, and up again when they come back."""
    names = {"gateway1": "sip:gateway1", "gateway2": "sip:gateway2", "gateway3": "sip:gateway3;transport=tcp"}
    for uri in names.values():
        wait_for(f"{uri} up", lambda uri=uri: f"{uri} unknown -> up" in composed.log, 30)
    composed.do("pause", "gateway2")
    composed.do("stop", "-t", "1", "gateway1", "gateway3")
    for uri in names.values():
        wait_for(f"{uri} down", lambda uri=uri: f"{uri} up -> down" in composed.log, 20)
    composed.do("unpause", "gateway2")
    composed.do("start", "gateway1", "gateway3")
    for uri in names.values():
        wait_for(f"{uri} up again", lambda uri=uri: f"{uri} down -> up" in composed.log, 30)
    for uri in names.values():
        assert composed.log.count(f"{uri} unknown -> up") == 1
        assert composed.log.count(f"{uri} up -> down") == 1
