"""What a scrape has of names and of their targets."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from aiohttp.test_utils import TestClient, TestServer
from prometheus_client.parser import text_string_to_metric_families

from cockpit_calls import NAME, ONE, TWO, A, Desk
from conftest import FakeServer
from keepalive_core.rules import uris

KEY = uris.parse(NAME).key
Samples = dict[tuple[str, tuple[str, ...]], float]
Scrape = Callable[..., Samples]


@pytest.fixture
def desk(server: FakeServer) -> Desk:
    found = Desk(server)
    server.tick(1)
    return found


@pytest.fixture
def scrape(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Scrape:
    """Returns the values of samples, by their names and what their labels say, in the order of these."""
    web = desk.part("cockpit.web")
    monkeypatch.setattr(desk.part("services.snapshot"), "_FRESH", 0)

    def ask(path: str = "?scope=destinations") -> Samples:
        async def asked() -> str:
            async with TestClient(TestServer(web.application())) as client:
                answer = await client.get(f"/metrics{path}")
                assert answer.status == 200, await answer.text()
                return await answer.text()

        families = text_string_to_metric_families(asyncio.run(asked()))
        return {
            (
                each.name.removeprefix("kamailio_keepalive_"),
                tuple(value for _, value in sorted(each.labels.items())),
            ): each.value
            for family in families
            for each in family.samples
        }

    return ask


def test_each_target_has_series_of_its_own(desk: Desk, scrape: Scrape) -> None:
    """Under its name and its address; none of those of destinations."""
    one, two = desk.add_name(ONE, "sip:192.168.10.2:5061;transport=tls", group="g")
    desk.ping(31, ONE)
    assert desk.call("set_admin", two, "drain")["after"]["mode"] == "drain"
    found = scrape()
    of_dead, of_drained = "192.168.10.1:5060", "192.168.10.2:5061;transport=tls"
    dead, drained = (KEY, of_dead), (KEY, of_drained)
    assert (found["target_up", dead], found["target_up", drained]) == (0, 1)
    assert found["target_admin", (KEY, "drain", of_drained)] == 1
    assert found["target_last_change_timestamp_seconds", dead] > 0
    assert found["target_loss_ratio", drained] == 0
    assert found["target_results_total", (KEY, "failed", of_dead)] >= 1
    assert found["target_results_total", (KEY, "ok", of_drained)] >= 1
    assert found["name_failing", (KEY, "g")] == 0
    assert found["name_answered_timestamp_seconds", (KEY, "g")] == 1
    assert {labels[0] for name, labels in found if name == "destination_up"} == {KEY}
    assert not [labels for name, labels in found if name.startswith("destination") and one in labels]


def test_groups_say_how_their_names_are(desk: Desk, scrape: Scrape) -> None:
    """Without being asked for each destination; a group without names has no series of these."""
    assert desk.keepalive.add_destination(A, "me", group="addresses") == 0
    desk.add_name(ONE, TWO, group="g")
    desk.add_name(uri="sip:nowhere.example.com", fault="no such name", group="g")
    desk.ping(31, ONE)
    found = scrape("")
    for name, labels in (("targets", ("g",)), ("all_targets", ())):
        states = {state: found[name, (*labels, state)] for state in ("up", "down", "unknown")}
        assert states == {"up": 1, "down": 1, "unknown": 0}
    assert (found["names", ("g",)], found["all_names", ()]) == (2, 2)
    assert (found["names_with_dead_targets", ("g",)], found["all_names_with_dead_targets", ()]) == (1, 1)
    assert (found["names_failing", ("g",)], found["all_names_failing", ()]) == (1, 1)
    assert ("names", ("addresses",)) not in found
    assert found["all_destinations", ("up",)] == 2
    assert not [name for name, _ in found if name.startswith("target_")]


def test_targets_count_as_what_a_scrape_may_have(
    desk: Desk, scrape: Scrape, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten thousand names with 32 targets each are no small scrape."""
    monkeypatch.setattr(desk.part("cockpit.metrics"), "MOST_DESTINATIONS", 2)
    desk.add_name(ONE, TWO, group="g")
    with pytest.raises(AssertionError, match="there are 3 destinations and targets, and above 2"):
        scrape()
    assert ("target_results_total", (KEY, "ok", "192.168.10.1:5060")) not in scrape(
        "?scope=destinations&group=g"
    )


def test_a_name_of_which_dns_said_nothing_yet(desk: Desk, scrape: Scrape) -> None:
    """It fails, and was never answered."""
    desk.add_name(fault="no answer from DNS")
    found = scrape()
    assert found["name_failing", (KEY, "")] == 1
    assert ("name_answered_timestamp_seconds", (KEY, "")) not in found
