"""The sample server: INVITEs through kamailio.cfg and router.py, by sipp."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator

import pytest

from gateway import Gateway
from places import ROOT
from real.server import HERE, Kamailio, free_port


def call(server: Kamailio, scenario: str, calls: int = 1, rate: int = 20, refused: int = 503) -> None:
    """Let sipp make calls; it fails if one does not go as the scenario says.

    Arguments: refused, the code with which invite-503.xml has its calls refused.
    """
    assert shutil.which("sipp"), "sipp is needed: make test installs it, apt-get install sip-tester by hand"
    file = server.folder / f"{refused}-{scenario}"
    file.write_text((HERE / scenario).read_text().replace("503", str(refused)))
    command = [
        "sipp",
        f"127.0.0.1:{server.port}",
        "-sf",
        str(file),
        "-m",
        str(calls),
        "-r",
        str(rate),
    ]
    command += [
        "-i",
        "127.0.0.1",
        "-p",
        str(free_port()),
        "-timeout",
        "20",
        "-nostdin",
        "-recv_timeout",
        "10000",
    ]
    done = subprocess.run(command, capture_output=True, text=True, cwd="/tmp", timeout=60)
    assert done.returncode == 0, (
        f"sipp {scenario}: {done.returncode}\n{done.stdout[-3000:]}{done.stderr[-2000:]}"
    )


def invites(gateway: Gateway) -> int:
    return len({request.header("Call-ID") for request in gateway.requests if request.method == "INVITE"})


@pytest.fixture
def gateways() -> Iterator[list[Gateway]]:
    three = [Gateway() for _ in range(3)]
    yield three
    for gateway in three:
        gateway.close()


def start_router(start: Callable[..., Kamailio], gateways: list[Gateway], **defines: object) -> Kamailio:
    """Start the sample server, and wait until all gateways are up."""
    server = start(
        ROOT / "kamailio.cfg",
        KEEPALIVE_DIR=ROOT / "kemi",
        KEEPALIVE_DESTINATIONS=" ".join(gateway.uri for gateway in gateways),
        **defines,
    )
    for gateway in gateways:
        server.logged(f"{gateway.uri} unknown -> up")
    return server


@pytest.fixture
def server(start: Callable[..., Kamailio], gateways: list[Gateway]) -> Kamailio:
    return start_router(start, gateways)


def test_options_are_answered(server: Kamailio) -> None:
    """The sample server answers a ping itself."""
    # Its own host's name may be one that nobody knows.
    command = ["sipsak", "-H", "127.0.0.1", "-s", f"sip:127.0.0.1:{server.port}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=10)
    assert done.returncode == 0, done.stdout + done.stderr


def test_calls_go_to_the_first_gateway_that_is_alive(server: Kamailio, gateways: list[Gateway]) -> None:
    """Calls go to the first gateway; to the second as soon as the first is down; back when it is up."""
    call(server, "invite.xml", 5)
    assert [invites(gateway) for gateway in gateways] == [5, 0, 0]
    gateways[0].silent = True
    server.logged(f"{gateways[0].uri} up -> down")
    call(server, "invite.xml", 5)
    assert [invites(gateway) for gateway in gateways] == [5, 5, 0]
    gateways[0].silent = False
    server.logged(f"{gateways[0].uri} down -> up")
    call(server, "invite.xml", 5)
    assert [invites(gateway) for gateway in gateways] == [10, 5, 0]
    server.logged(f"router: gateway {gateways[0].uri} is down now")


def test_a_failing_call_goes_on_to_the_next_gateway(server: Kamailio, gateways: list[Gateway]) -> None:
    """A gateway that is up but answers an INVITE with 503 costs no call; what a callee says is final."""
    gateways[0].invite_code = 503
    gateways[1].invite_code = 500
    call(server, "invite.xml", 3)
    assert [invites(gateway) for gateway in gateways] == [3, 3, 3]


def test_a_refused_connection_costs_no_call(start: Callable[..., Kamailio], gateways: list[Gateway]) -> None:
    """Over TCP sending fails at once: the next gateway has the call, and the caller hears of that alone."""
    over_tcp = " ".join(f"{gateway.uri};transport=tcp" for gateway in gateways)
    server = start(
        ROOT / "kamailio.cfg",
        KEEPALIVE_DIR=ROOT / "kemi",
        KEEPALIVE_DESTINATIONS=over_tcp,
        KEEPALIVE_PING_INTERVAL=60,
    )
    for gateway in gateways:
        server.logged(f"{gateway.uri};transport=tcp unknown -> up")
    gateways[0].close()
    gateways[1].invite_code = 503
    call(server, "invite.xml", 4)
    assert [invites(gateway) for gateway in gateways] == [0, 4, 4]
    assert all(
        request.header("Record-Route") for request in gateways[2].requests if request.method == "INVITE"
    )
    for gateway in gateways[1:]:
        gateway.close()
    call(server, "invite-503.xml")


def test_503_when_no_gateway_is_alive(server: Kamailio, gateways: list[Gateway]) -> None:
    """With all gateways down, and with all failing, the caller gets a 503."""
    for gateway in gateways:
        gateway.invite_code = 503
    call(server, "invite-503.xml")
    for gateway in gateways:
        gateway.silent = True
    for gateway in gateways:
        server.logged(f"{gateway.uri} up -> down")
    before = [invites(gateway) for gateway in gateways]
    call(server, "invite-503.xml")
    assert [invites(gateway) for gateway in gateways] == before, "no gateway that is down was tried"
