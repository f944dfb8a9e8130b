#!/usr/bin/env python3
"""Run the sample server and show its destinations' states as they change, until Ctrl-C.

python3 scripts/run.py                                   # three sample gateways, one comes and goes
python3 scripts/run.py "sip:192.168.10.20 sip.provider.com"
"""

from __future__ import annotations

import argparse
import contextlib
import re
import secrets
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "docker"))

from gateway import Gateway

PAUSE_SECONDS = 15
CHANGE = re.compile(r"keepalive: (?P<change>\S+ \w+ -> \w+: .*)")


def start_gateways() -> str:
    """Start three gateways on free ports, the second of which will stop and come back; return their URIs."""
    gateways = [Gateway() for _ in range(3)]
    coming_and_going = gateways[1]
    print(f"Sample gateways: {', '.join(gateway.uri for gateway in gateways)}")
    print(f"{coming_and_going.uri} stops answering every {PAUSE_SECONDS} seconds, and comes back.")

    def toggle(*_: object) -> None:
        coming_and_going.silent = not coming_and_going.silent

    signal.signal(signal.SIGALRM, toggle)
    signal.setitimer(signal.ITIMER_REAL, PAUSE_SECONDS, PAUSE_SECONDS)
    return " ".join(gateway.uri for gateway in gateways)


def free_address(kind: socket.SocketKind, wanted: int) -> str:
    """Return the loopback address with a port, or with another one if something listens there already."""
    for port in (wanted, 0):
        with socket.socket(socket.AF_INET, kind) as tried, contextlib.suppress(OSError):
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, kind == socket.SOCK_STREAM)
            tried.bind(("127.0.0.1", port))
            return f"127.0.0.1:{tried.getsockname()[1]}"
    raise OSError("no free port")


def http(server: str, folder: str) -> dict[str, str]:
    """Return the defines with which the status page is served; none, and a hint, if that can't be."""
    needed = [*([] if server == "native" else ["docker", "run", "--rm", server]), "/usr/bin/python3", "-c"]
    if subprocess.run([*needed, "import aiohttp, prometheus_client"], capture_output=True).returncode:
        print("No status page: apt-get install python3-aiohttp python3-prometheus-client, then again")
        return {}
    address = free_address(socket.SOCK_STREAM, 8060)
    token = Path(folder, "token")
    token.touch(0o600)
    token.write_text(secrets.token_urlsafe(9))
    print(f"Status page: http://{address}/ (the token for changes: {token.read_text()})")
    return {"KEEPALIVE_HTTP": f'"{address}"', "KEEPALIVE_HTTP_TOKEN_FILE": f'"{token}"'}


def command(arguments: argparse.Namespace, destinations: str, folder: str, server: str) -> list[str]:
    """Return how to start Kamailio: the one of this machine, or one in a container."""
    kamailio = ["kamailio", "-DD", "-E", "-Y", folder, "-f", str(ROOT / "kamailio.cfg")]
    kamailio += ["-l", f"udp:{arguments.listen}", "-l", f"tcp:{arguments.listen}"]
    defines = {
        "KEEPALIVE_DIR": f'"{ROOT / "kemi"}"',
        "KEEPALIVE_DESTINATIONS": f'"{destinations}"',
        "KEEPALIVE_PING_INTERVAL": str(arguments.interval),
        "KEEPALIVE_PING_TIMEOUT": "1000",
        **http(server, folder),
    }
    for name, value in defines.items():
        kamailio += ["-A", f"{name}={value}"]
    if server == "native":
        return kamailio
    mounts = ["-v", f"{ROOT}:{ROOT}:ro", "-v", f"{folder}:{folder}"]
    return ["docker", "run", "--rm", "--init", "--network", "host", *mounts, server, *kamailio]


def main() -> int:
    """Run until Ctrl-C; return 0, or 1 if Kamailio ended by itself."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("destinations", nargs="?", default="", help="URIs; none: three sample gateways")
    parser.add_argument("--interval", type=int, default=2, help="seconds between two pings (2)")
    parser.add_argument("--listen", default="", help="where Kamailio listens (127.0.0.1:5060, if free)")
    parser.add_argument("--server", default="", help="native, or a Docker image")
    arguments = parser.parse_args()
    arguments.listen = arguments.listen or free_address(socket.SOCK_DGRAM, 5060)
    server = arguments.server or ("native" if shutil.which("kamailio") else "keepalive-kamailio:bookworm")
    destinations = arguments.destinations or start_gateways()
    # A socket's path has at most 107 bytes, and some users' folders for temporary files have more.
    short = len(tempfile.gettempdir()) <= 40
    folder = tempfile.mkdtemp(prefix="keepalive-run-", dir=None if short else "/tmp")
    # In a session of its own: Ctrl-C reaches this program alone, which then ends Kamailio.
    kamailio = subprocess.Popen(
        command(arguments, destinations, folder, server),
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    assert kamailio.stderr is not None
    print(f"Kamailio ({server}) listens on {arguments.listen}. Ctrl-C ends it. In another terminal:")
    print(f"  kamcmd -s {shlex.quote(f'unix:{folder}/kamailio_ctl')} htable.dump keepalive_state", flush=True)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    last: list[str] = []
    try:
        for line in kamailio.stderr:
            last = [*last[-20:], line]
            change = CHANGE.search(line)
            if change:
                print(time.strftime("%H:%M:%S"), change["change"], flush=True)
    except KeyboardInterrupt:
        print("\nStopping.", flush=True)
        return 0
    finally:
        kamailio.terminate()
        try:
            kamailio.communicate(timeout=15)
        except subprocess.TimeoutExpired:
            kamailio.kill()
        shutil.rmtree(folder, ignore_errors=True)
    print("Kamailio ended:\n" + "".join(last), file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
