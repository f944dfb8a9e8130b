"""Which real servers there are, and one of each to share."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest

from gateway import Gateway
from real import clustering, resolv_conf
from real.dnsmasq import Dnsmasq
from real.lab import Lab
from real.names import NameServer
from real.provider import Provider, has_ipv6
from real.server import HERE, NATIVE, Kamailio, Launch

# Debian keeps kamailio and ip where the PATH of an ordinary user does not look.
os.environ["PATH"] += ":/usr/sbin:/sbin"

IMAGES = ["keepalive-kamailio:bookworm", "keepalive-kamailio:trixie", "keepalive-kamailio:forky"]


@cache
def servers() -> list[str]:
    """Return the real servers of this machine.

    KEEPALIVE_SERVERS, such as "native keepalive-kamailio:trixie", says which have to be there.
    """
    demanded = os.environ.get("KEEPALIVE_SERVERS", "").split()
    if demanded:
        return demanded
    found = [NATIVE] if shutil.which("kamailio") else []
    return found + [image for image in IMAGES if _image_exists(image)]


def _image_exists(image: str) -> bool:
    if not shutil.which("docker"):
        return False
    return subprocess.run(["docker", "image", "inspect", image], capture_output=True).returncode == 0


@cache
def _is_before_6(kind: str) -> bool:
    if kind != NATIVE:
        return kind.endswith(":bookworm")
    version = subprocess.run(["kamailio", "-v"], capture_output=True, text=True).stdout
    return version.startswith("version: kamailio 5.")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Run two on each core: most of the time they wait for what a server does next."""
    return 2 * (os.cpu_count() or 1)


# In these files servers have a DNS server of their own.
_OF_DNS = (
    "answers",
    "dispatcher",
    "dns",
    "name_",
    "names",
    "next_target",
    "resolver",
    "scale",
    "shown_names",
    "target_rows",
)


def group_of(nodeid: str) -> str:
    """Return which tests run one after the other with one: those of a file share servers of a kind."""
    file = nodeid.partition("::")[0].rpartition("/")[2].removeprefix("test_").removesuffix(".py")
    if resolv_conf.no_namespaces() and file.startswith(_OF_DNS):
        return "one resolv.conf for all"
    return f"{file} {[kind for kind in servers() if kind in nodeid]}"


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Deal the tests out by groups."""
    from xdist.scheduler import LoadScopeScheduling

    class Groups(LoadScopeScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            return group_of(nodeid)

    return Groups(config, log)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run each scenario on every server; without any, fail instead of passing by nothing."""
    kinds = servers()
    if "image" in metafunc.fixturenames:
        images: list[object] = [kind for kind in kinds if kind != NATIVE]
        none = pytest.param("", marks=pytest.mark.skip(reason="no Docker image is among the servers"))
        metafunc.parametrize("image", images or [none])
    if "kind" in metafunc.fixturenames:
        metafunc.parametrize("kind", kinds or ["no real Kamailio"], scope="session")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what only later servers can do; mark what needs namespaces."""
    for item in items:
        if "namespaces" in getattr(item, "fixturenames", ()):
            item.add_marker("namespaces")
    late = [item for item in items if item.get_closest_marker("since_6") and _is_before_6(_kind_of(item))]
    items[:] = [item for item in items if item not in late]
    config.hook.pytest_deselected(items=late)


def _kind_of(item: pytest.Item) -> str:
    spec = getattr(item, "callspec", None)
    return str(spec.params.get("kind", "")) if spec else ""


@pytest.fixture(scope="session")
def checked_kind(kind: str) -> str:
    """A server that is there."""
    assert kind != "no real Kamailio", (
        "no real Kamailio: neither a kamailio command nor a Docker image keepalive-kamailio:*; "
        "make test installs the one and builds the other"
    )
    return kind


DEFAULTS = {"SCRIPT": HERE / "scenario.py", "KEEPALIVE_PING_INTERVAL": 1, "KEEPALIVE_PING_TIMEOUT": 500}


@pytest.fixture(scope="session")
def shared(checked_kind: str) -> Iterator[Kamailio]:
    """One server for all scenarios that need no settings of their own; each uses its own destinations."""
    with Kamailio(checked_kind, "scenario.cfg", DEFAULTS) as server:
        yield server
    server.forget()


@pytest.fixture
def kamailio(shared: Kamailio, request: pytest.FixtureRequest) -> Iterator[Kamailio]:
    """The shared server; its log of this test is shown if the test fails, and has no error it should not."""
    # A gateway of an earlier test may have had the very port that the kernel gives to one of this test.
    shared.begin_log()
    yield shared
    log = shared.log
    print(log)  # pytest shows it where the test failed
    assert "Traceback" not in log or request.node.get_closest_marker("traceback")
    assert "SystemError" not in log


@pytest.fixture
def start(checked_kind: str) -> Iterator[object]:
    """A function that starts a server with settings of its own: start(cfg, **defines, **launch)."""
    running: list[Kamailio] = []

    def start_one(cfg: str = "scenario.cfg", **given: object) -> Kamailio:
        launch: dict[str, Any] = {name: given.pop(name) for name in Launch._fields if name in given}
        running.append(Kamailio(checked_kind, cfg, {**DEFAULTS, **given}, Launch(**launch)))
        return running[-1]

    yield start_one
    for server in running:
        server.stop()
        print(server.log)
        server.forget()


@pytest.fixture
def gateways() -> Iterator[list[Gateway]]:
    """Two gateways, the first one to be tried first."""
    two = [Gateway() for _ in range(2)]
    yield two
    for gateway in two:
        gateway.close()


@pytest.fixture(scope="session")
def namespaces() -> None:
    """This machine lets the tests make network and mount namespaces; if servers are demanded it has to."""
    _demand(resolv_conf.no_namespaces())


def _demand(hindrance: str) -> None:
    """Skip a test that something hinders; if servers are demanded nothing may."""
    assert not (hindrance and os.environ.get("KEEPALIVE_SERVERS")), hindrance
    if hindrance:
        pytest.skip(hindrance)


@pytest.fixture(scope="session")
def own_dns(checked_kind: str) -> None:
    """Servers can be given a DNS server that only they ask: start(resolver=its address)."""
    _demand(resolv_conf.hindrance() if checked_kind == NATIVE else "")


@pytest.fixture(scope="session")
def ipv6() -> None:
    """This machine's loopback has IPv6; if servers are demanded it has to."""
    _demand("" if has_ipv6() else "this machine's loopback has no IPv6")


@pytest.fixture
def dns(own_dns: None) -> Iterator[Dnsmasq]:
    """A real DNS server, which knows no name yet."""
    running = Dnsmasq()
    yield running
    running.close()


@pytest.fixture(scope="module")
def zone(own_dns: None) -> Iterator[Dnsmasq]:
    """The same for all tests of a file, whose server asks it."""
    running = Dnsmasq()
    yield running
    running.close()


@pytest.fixture
def own(zone: Dnsmasq) -> Iterator[Provider]:
    """A provider that the file's DNS server knows."""
    running = Provider(zone)
    yield running
    running.close()


@pytest.fixture
def liar(own_dns: None) -> Iterator[NameServer]:
    """A DNS server that may lie, which knows no name yet."""
    running = NameServer("")
    yield running
    running.close()


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    """A gateway that answers 200."""
    running = Gateway()
    yield running
    running.close()


@pytest.fixture
def provider(dns: Dnsmasq) -> Iterator[Provider]:
    """A provider without names yet."""
    running = Provider(dns)
    yield running
    running.close()


@pytest.fixture(scope="module")
def lab(checked_kind: str, namespaces: None) -> Iterator[Lab]:
    """Three nodes of a cluster, which do not run yet."""
    running = clustering.nodes(3, checked_kind)
    yield running
    running.close()


@pytest.fixture
def cluster(lab: Lab) -> Iterator[Lab]:
    """The three nodes, which all run, share all pings, and find all alive."""
    with lab.shown():
        clustering.settle(lab)
        yield lab
