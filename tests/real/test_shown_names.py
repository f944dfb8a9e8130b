"""What operators of a real server see of names, in a shell, a scrape and a browser."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest

from examples import ROOT
from real.browsing import Browser
from real.conftest import DEFAULTS
from real.dnsmasq import Dnsmasq
from real.provider import Name, Provider
from real.scraping import Scrape
from real.server import Kamailio, Launch, free_port, wait_for
from real.test_keepalivectl import ME, Operator, shape
from real.test_page import chromium  # noqa: F401 - a fixture
from real.test_pings import UP

TOKEN = "a-token-of-this-test"
PORT = free_port()
HOSTILE = "<img/src=x/onerror=window.hacked=1>"
"""a host that a record names"""
SRV = ("_sip._udp.@ SRV 10 60 5060 a.@", "_sip._udp.@ SRV 20 40 5060 b.@", "a.@ A %1", "b.@ A %2")


@pytest.fixture(scope="module")
def served(zone: Dnsmasq, checked_kind: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kamailio]:
    """One server with HTTP for all tests of this file; each has names of its own."""
    folder = tmp_path_factory.mktemp("names")
    (folder / "token").write_text(TOKEN)
    (folder / "token").chmod(0o600)
    defines = {
        "KEEPALIVE_DNS_EXPAND": 1,
        "KEEPALIVE_DNS_INTERVAL": 1,
        "KEEPALIVE_PING_JITTER": 0,
        "KEEPALIVE_HTTP": f"unix:FOLDER/keepalive.sock 127.0.0.1:{PORT}",
        "KEEPALIVE_HTTP_TOKEN_FILE": folder / "token",
    }
    launch = Launch(resolver=zone.address, share=folder)
    with Kamailio(checked_kind, "scenario.cfg", DEFAULTS | defines, launch) as server:
        wait_for("the socket", (server.folder / "keepalive.sock").exists)
        yield server
    server.forget()


@pytest.fixture
def server(served: Kamailio) -> Iterator[Kamailio]:
    """The server, whose log of this test is shown if the test fails."""
    served.begin_log()
    yield served
    print(served.log)
    assert "Traceback" not in served.log


class HalfDead:
    """A name of which one target is up and the other one down."""

    def __init__(self, server: Kamailio, own: Provider, label: str) -> None:
        self.label = label
        self.alive, self.dead = own.gateway(), own.gateway()
        self.dead.silent = True
        self.name = Name(server, f"sip:{own.say(label, *SRV)}", group=label)
        self.name.become(UP)
        self.name.have({self.alive: "up", self.dead: "down"})
        self.key = str(self.name.info["destination"])


@pytest.fixture
def half_dead(server: Kamailio, own: Provider, request: pytest.FixtureRequest) -> Iterator[HalfDead]:
    """One that is called as its test, in a group of that name."""
    found = HalfDead(server, own, re.sub(r"[^a-z]", "", request.node.originalname))
    yield found
    found.name.delete()


def test_the_examples_of_the_document(server: Kamailio, half_dead: HalfDead) -> None:
    """What docs/operating.md shows of names is what is written, line by line, on a server as it has."""
    host = half_dead.alive.host
    text = (ROOT / "docs" / "operating.md").read_text()
    (example,) = re.findall(r"```shell-session\n(.*?)```", text, re.DOTALL)
    here = {"provider.com": f"{half_dead.label}.test", "192.0.2.": host[:-1], "by root ": f"by {ME} "}
    for there, mine in here.items():
        example = example.replace(there, mine)
    examples = re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", example, re.MULTILINE)
    assert len(examples) == 6
    operator = Operator(server)
    for line, shown in examples:
        done = operator.types(line)
        assert (shape(done.stdout), done.stderr) == (shape(shown), ""), line


def test_a_target_is_driven_by_its_key(server: Kamailio, half_dead: HalfDead) -> None:
    """From a shell, as a destination is; counts and lists have the name alone."""
    operator, name, group = Operator(server), half_dead.name, half_dead.label
    key, dead = name.target(half_dead.alive), name.target(half_dead.dead)
    assert operator.sees(f"drain {key}").startswith(f"{key}: ready -> drain by {ME}")
    operator.sees(f"wait {key} drain --timeout 5")
    assert key in operator.sees("orders --count 1")
    assert operator.sees(f"history {key}").count("unknown  up")
    assert server.call("is_alive", name.uri) == 2, "nobody else is there"
    operator.sees(f"ready {key}")
    assert operator.sees(f"list --group {group} --names").split() == [name.uri]
    assert operator.sees(f"list --group {group} --names --targets").split() == [name.uri, key, dead]
    wait_for("a dead target", lambda: name.uri in operator.sees("names --dead"))

    def counted() -> list[tuple[int, int]]:
        groups = json.loads(operator.sees("groups --json"))
        return [(each["members"], each["up"]) for each in groups if each["name"] == group]

    wait_for("one member that is up", lambda: counted() == [(1, 1)])


def test_what_is_deleted_is_counted_no_more(server: Kamailio, half_dead: HalfDead) -> None:
    """Nor its targets."""
    operator, other = Operator(server), f"{half_dead.name.uri}:5060"
    wait_for("its targets", lambda: sum(json.loads(operator.sees("summary --json"))["targets"].values()) == 2)
    assert server.call("add_destination", other, "test") == 0
    wait_for("the other one", lambda: other in operator.sees("names"))
    assert server.call("del_destination", other, "test") == 0
    wait_for("two targets", lambda: sum(json.loads(operator.sees("summary --json"))["targets"].values()) == 2)
    assert operator.sees("names --json").count("destination") == 1


def test_a_scrape_has_targets(server: Kamailio, own: Provider, half_dead: HalfDead) -> None:
    """Under series of their own, beside those of destinations."""
    path, group, key = server.folder / "keepalive.sock", half_dead.label, half_dead.key

    def scrape() -> Scrape:
        return Scrape(path, scope="destinations", group=group)

    wait_for("a dead target", lambda: scrape().value("targets", group=group, state="down") == 1)
    found = scrape()
    for gateway, is_up in ((half_dead.alive, 1), (half_dead.dead, 0)):
        assert found.value("target_up", destination=key, target=f"{gateway.host}:5060") == is_up
    assert found.value("name_failing", destination=key, group=group) == 0
    assert found.value("destination_up", destination=key, group=group) == 1
    assert found.value("names_with_dead_targets", group=group) == 1
    assert found.value("destinations", group=group, state="up") == 1
    assert found.value("pings_total", group=group, result="timeout") > 0
    own.dns.say("")
    wait_for("a fault", lambda: scrape().value("name_failing", destination=key, group=group) == 1)
    assert scrape().value("names_failing", group=group) == 1
    assert scrape().value("all_targets", state="up") == 1


@pytest.fixture
def browser(chromium: Browser, server: Kamailio) -> Iterator[Browser]:  # noqa: F811
    """A browser that complains of nothing when a test is over."""
    chromium.complaints()
    yield chromium
    print(chromium.text("body"))
    assert chromium.complaints() == []
    assert chromium.run("return window.hacked") is None


def test_the_page_shows_targets(browser: Browser, own: Provider, half_dead: HalfDead) -> None:
    """How many are alive, and each in the details, with buttons, also while the provider renumbers."""
    name, alive, dead = half_dead.name, half_dead.alive, half_dead.dead
    row = f"tr.row[data-key='{half_dead.key}']"
    browser.open(f"http://127.0.0.1:{PORT}/")
    browser.wait_for_text(f"{row} .alive", "1/2")
    browser.wait_for_text("#names", "1 with targets down")
    browser.click(f"{row} .destination button")
    browser.wait_for_text("tr.target:nth-child(2) .state", "down")
    shown = browser.texts("tr.target:nth-child(1) > *")
    assert shown[0] == "● up"
    assert shown[1:4] == [f"{alive.host}:5060 udp", "10", "60"]
    assert shown[7] == f"_sip._udp.{half_dead.label}.test SRV a.{half_dead.label}.test"
    browser.run(f'sessionStorage["keepalive-token"] = "{TOKEN}"; sessionStorage["keepalive-name"] = "anna"')
    browser.click("tr.target [data-action=drain]")
    browser.fill("duration", "1h")
    browser.fill("why", "card swap")
    browser.click("#order-go")
    browser.wait_for_text("#result", f"{name.target(alive)} ready → drain until ")
    browser.wait_for_text("tr.target:nth-child(1) .state", "◐ drain (up)")
    browser.run('document.querySelector("tr.target [data-action=ready]").focus()')
    browser.type("r")
    browser.wait_for_text("#order-title", f"ready {name.target(alive)}")
    browser.click("#order-go")
    browser.wait_for_text("tr.target:nth-child(1) .state", "● up")
    new = own.gateway()
    own.say(half_dead.label, *SRV[:2], "a.@ A %3", "b.@ A %2", f"_sip._udp.@ SRV 30 0 5060 {HOSTILE}.@")
    wait_for("the new address", lambda: f"{new.host}:5060 udp" in browser.texts("tr.target > th"))
    wait_for("the old one gone", lambda: f"{alive.host}:5060 udp" not in browser.texts("tr.target > th"))
    browser.wait_for_text("tr.detail .known", HOSTILE)
    browser.click("#names [data-names=dead]")
    wait_for("the filter", lambda: browser.order() == [name.uri])
    assert browser.driver.current_url.endswith("#names=dead")
    browser.click(f"{row} [data-action=ping]")
    browser.click("#order-go")
    browser.wait_for_text("#order-answer", "1 of 2 targets answered well")
    assert browser.texts("#order-messages summary")[1].startswith(
        f"{name.target(dead)} ▼ not alive: no reply"
    )
    browser.click("#order-cancel")
