#!/usr/bin/env python3
"""Take the screenshots of docs/page.md again: Chromium and a real Kamailio, with 10 and 10,000 destinations.

.venv/bin/python scripts/screenshots.py             # three minutes
.venv/bin/python scripts/screenshots.py --server keepalive-kamailio:trixie
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / folder) for folder in ("docker", "tests", "bench", "kemi")]
# Debian keeps kamailio where the PATH of an ordinary user does not look.
os.environ["PATH"] += ":/usr/sbin:/sbin"

from gateway import Gateway
from real.browsing import Browser
from real.server import HERE, NATIVE, Kamailio, Launch, free_port, wait_for
from responder import Responder

WIDTH, HEIGHT = 1180, 720
SAMPLES = 50


@contextlib.contextmanager
def served(kind: str, lines: list[str], interval: float) -> Iterator[tuple[Kamailio, str]]:
    """Run a server with a list of destinations; give it, and the address of its page."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        listed = Path(folder, "list")
        listed.write_text("\n".join(lines) + "\n")
        defines = {
            "SCRIPT": HERE / "scenario.py",
            "KEEPALIVE_LIST_FILE": listed,
            "KEEPALIVE_PING_INTERVAL": str(interval),
            "KEEPALIVE_PING_TIMEOUT": 500,
            "KEEPALIVE_HTTP": f"127.0.0.1:{port}",
        }
        with Kamailio(kind, "scenario.cfg", defines, Launch(share=Path(folder), memory=512)) as server:
            yield server, f"http://127.0.0.1:{port}/"
        server.forget()


def take(browser: Browser, name: str) -> None:
    """Write what is seen to docs/, light and dark."""
    for scheme in ("light", "dark"):
        browser.set_scheme(scheme)
        data = browser.command("Page.captureScreenshot", format="png")["data"]
        file = ROOT / "docs" / f"page-{name}-{scheme}.png"
        file.write_bytes(base64.b64decode(data))
        subprocess.run(["pngquant", "--force", "--nofs", "--output", file, "128", file], check=True)
        print(f"{file.relative_to(ROOT)}: {file.stat().st_size / 1000:.0f} kB")


def wait_until(moment: float) -> None:
    """Wait for a moment of time.monotonic(): so many pings are to be seen."""
    while time.monotonic() < moment:
        time.sleep(0.2)


def ten(kind: str, browser: Browser) -> None:
    """Ten gateways in three groups: one is silent, one refuses, two are taken out; one row is open."""
    port = free_port()
    gateways = [Gateway(host=f"127.0.10.{number}", port=port) for number in range(1, 11)]
    groups = ["carriers"] * 4 + ["resellers"] * 4 + ["pstn-backup"] * 2
    for number, gateway in enumerate(gateways):
        gateway.delay = 0.004 * (1 + number * number % 23)
    lines = [f"{each.uri} group={group}" for each, group in zip(gateways, groups, strict=True)]
    with served(kind, lines, 0.5) as (server, address):
        for gateway in gateways:
            server.wait_for_state(gateway.uri, 1)
        began = time.monotonic()
        gateways[1].lost = {3}
        wait_until(began + 12)
        gateways[6].code, gateways[6].reason = 503, "Maintenance"
        wait_until(began + 20)
        gateways[6].code, gateways[6].reason = 200, ""
        gateways[2].silent = True
        server.call("set_admin", gateways[3].uri, "maint", 7200, "anna", "new SBC")
        server.call("set_admin", gateways[8].uri, "drain", 0, "berta", "card swap, ticket 4711")
        wait_until(began + SAMPLES * 0.5)
        browser.open(address)
        browser.wait_for_text("#counts", "1 down")
        browser.click(f'tr.row[data-key="{gateways[2].uri}"] .destination button')
        browser.wait_for_text("tr.detail .history", "up → down")
        take(browser, "10")
    for gateway in gateways:
        gateway.close()


def ten_thousand(kind: str, browser: Browser) -> None:
    """Ten thousand destinations in twenty groups, of which forty begin to fail."""
    responder, port = Responder(), free_port()
    gateways = [Gateway(host=f"127.0.20.{number}", port=port) for number in range(1, 41)]
    names = ["carriers", "resellers", "pstn-backup", *(f"pbx-{number}" for number in range(1, 18))]
    uris = responder.uris(10_000)
    lines = []
    for number, uri in enumerate(uris):
        if number % 250 == number // 250:
            uri = gateways[number // 250].uri
        lines.append(f"{uri} group={names[number % len(names)]}")
    with served(kind, lines, 5) as (server, address):
        browser.open(address)
        wait_for("all pinged", lambda: browser.text("#counts .unknown") == "? 0 unknown", 120)
        for number in range(5):
            server.call("set_admin", uris[1000 * number + 3], "maint", 86400, "anna", "moved to rack 7")
            server.call("set_admin", uris[1000 * number + 8], "drain", 0, "berta", "too slow")
        began = time.monotonic()
        for number, gateway in enumerate(gateways):
            wait_until(began + 40 + number)
            gateway.silent = number % 3 > 0
            gateway.code, gateway.reason = 503, "Service Unavailable"
        wait_until(began + 95)
        browser.open(address)
        browser.wait_for_text("#counts", "40 down")
        take(browser, "10000")
    responder.close()
    for each in gateways:
        each.close()


def main() -> int:
    """Take all; return 0."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--server", default=NATIVE, help="native, or a Docker image")
    kind = parser.parse_args().server
    browser = Browser(WIDTH, HEIGHT)
    browser.set_size(WIDTH, HEIGHT)
    try:
        ten(kind, browser)
        ten_thousand(kind, browser)
    finally:
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
