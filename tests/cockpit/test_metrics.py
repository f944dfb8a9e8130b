"""GET /metrics, asked of the application as Prometheus does."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer
from prometheus_client.parser import text_string_to_metric_families

from conftest import FakeServer

A, B, C = (f"sip:192.168.10.{number}" for number in (20, 21, 22))
KEY_A, KEY_B, KEY_C = (f"{uri}:5060" for uri in (A, B, C))


class Answer:
    """What a scrape got."""

    def __init__(self, status: int, headers: Any, text: str) -> None:
        self.status = status
        self.headers = headers
        self.text = text

    def value(self, name: str, **labels: str) -> float | None:
        """The value of a sample, None if there is none; names are without their prefix."""
        wanted = (f"kamailio_keepalive_{name}", labels)
        found = [each.value for each in self.samples if (each.name, each.labels) == wanted]
        assert len(found) < 2
        return found[0] if found else None

    @property
    def samples(self) -> list[Any]:
        return [each for family in text_string_to_metric_families(self.text) for each in family.samples]


@pytest.fixture
def scrape(server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Answer]:
    """Asks a server that serves HTTP."""
    server.define("http", "127.0.0.1:8060")
    server.process()
    from keepalive_core.cockpit import web
    from keepalive_core.services import snapshot

    monkeypatch.setattr(snapshot, "_FRESH", 0)

    def ask(path: str = "", method: str = "GET", accepted: str = "gzip") -> Answer:
        headers = {"Accept-Encoding": accepted}

        async def asked() -> Answer:
            async with TestClient(TestServer(web.application())) as client:
                answer = await client.request(method, f"/metrics{path}", headers=headers)
                return Answer(answer.status, answer.headers, await answer.text())

        return asyncio.run(asked())

    return ask


Scrape = Callable[..., Answer]


@pytest.fixture
def api(scrape: Scrape) -> ModuleType:
    """The API, in the process that is asked."""
    import keepalive

    return keepalive


def test_destinations_are_counted_by_what_they_are(
    api: ModuleType, server: FakeServer, scrape: Scrape
) -> None:
    """In each of their groups, and once in all; what takes one out comes before its state."""
    for uri, group in ((A, "g"), (B, "g"), (C, "")):
        assert api.add_destination(uri, "me", group=group) == 0
    assert api.add_destination(A, "other", group="h") == 0
    server.answer(200, 40)
    assert api.set_admin(B, "maint") == 0
    answer = scrape()
    assert answer.value("destinations", group="g", state="up") == 1
    assert answer.value("destinations", group="g", state="maint") == 1
    assert answer.value("destinations", group="g", state="down") == 0
    assert answer.value("destinations", group="h", state="up") == 1
    assert answer.value("all_destinations", state="up") == 2
    assert answer.value("all_destinations", state="maint") == 1
    assert answer.value("group_alive", group="g") == 1
    assert answer.value("all_destinations_alive") == 2
    assert answer.value("group_held", group="g") == answer.value("all_destinations_held") == 0


def test_pings_are_counted_in_each_group_and_once_in_all(
    api: ModuleType, server: FakeServer, scrape: Scrape
) -> None:
    """The first reply, which is a change, and each one more."""
    assert api.add_destination(A, "me", group="g") == api.add_destination(A, "other", group="h, x") == 0
    assert api.add_destination(B, "me") == 0
    server.answer(200, 65)
    pings = len(server.ksr.sent)
    to_a = sum(ping.uri == A for ping in server.ksr.sent)
    assert to_a >= 3
    answer = scrape()
    for group in ("g", "h, x"):
        assert answer.value("pings_total", group=group, result="ok") == to_a
        assert answer.value("pings_total", group=group, result="void") == 0
        assert answer.value("ping_duration_seconds_count", group=group) == to_a
        assert answer.value("changes_total", group=group, to="up") == 1
    assert answer.value("all_pings_total", result="ok") == pings
    assert answer.value("all_ping_duration_seconds_count") == pings
    assert answer.value("all_ping_duration_seconds_bucket", le="+Inf") == pings
    assert answer.value("all_changes_total", to="up") == 2
    assert answer.value("all_changes_total", to="down") == 0


def test_no_family_is_there_twice_and_none_says_when_it_was_created(
    api: ModuleType, server: FakeServer, scrape: Scrape
) -> None:
    """Each has its two lines once, however many slices it has, and no metric is the process's own."""
    for number in range(1200):
        assert (
            api.add_destination(f"sip:10.0.{number // 200}.{number % 200 + 1}", "me", group=f"g{number}") == 0
        )
    answer = scrape("?scope=destinations")
    heads = [line.split()[2] for line in answer.text.splitlines() if line.startswith("# TYPE")]
    assert len(heads) == len(set(heads))
    assert all(name.startswith("kamailio_keepalive_") for name in heads)
    assert "_created" not in answer.text
    assert len([each for each in answer.samples if each.name.endswith("_alive") and each.labels]) == 1200


def test_whoever_unpacks_gets_it_packed(api: ModuleType, scrape: Scrape) -> None:
    """Prometheus asks for gzip; who refuses it gets none."""
    answer = scrape()
    assert answer.headers["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in scrape(accepted="identity, gzip;q=0").headers
    assert answer.headers["Content-Type"].startswith("text/plain; version=")
    assert scrape(method="HEAD").text == ""


def test_each_destination_is_told_of_if_asked_for(
    api: ModuleType, server: FakeServer, scrape: Scrape
) -> None:
    """With its groups; of a group alone its members are told of."""
    for uri, group in ((A, "g"), (B, "h")):
        assert api.add_destination(uri, "me", group=group) == 0
    assert api.add_destination(A, "other", group="h") == 0
    assert api.add_destination(C, "me", fall=1) == 0
    server.answer(200, 40)
    server.ksr.reply(server.next_ping(), 404)
    assert api.set_admin(B, "drain") == 0
    assert scrape().value("destination_up", destination=KEY_A, group="g,h") is None
    answer = scrape("?scope=destinations")
    assert answer.value("destination_up", destination=KEY_A, group="g,h") == 1
    assert answer.value("destination_admin", destination=KEY_B, group="h", mode="drain") == 1
    assert answer.value("destination_admin", destination=KEY_A, group="g,h", mode="drain") is None
    assert answer.value("destination_results_total", destination=KEY_C, group="", result="ok") > 0  # type: ignore[operator]
    failed = [each for each in answer.samples if each.labels.get("result") == "failed" and each.value]
    assert {each.name for each in failed} == {
        "kamailio_keepalive_all_pings_total",
        "kamailio_keepalive_destination_results_total",
    } | ({"kamailio_keepalive_pings_total"} if failed[0].labels.get("group") else set())
    window = {"window": "1h"}
    assert answer.value("destination_availability_ratio", destination=KEY_A, group="g,h", **window) == 1
    assert 0 < answer.value("destination_availability_ratio", destination=KEY_C, group="", **window) <= 1  # type: ignore[operator]
    assert answer.value("group_availability_ratio", group="g", **window) == 1
    assert answer.value("group_availability_ratio", group="h", **window) == 1
    some = scrape("?scope=destinations&group=h")
    assert {each.labels["destination"] for each in some.samples if "destination" in each.labels} == {
        KEY_A,
        KEY_B,
    }


@pytest.mark.parametrize(
    ("query", "status", "why"),
    [
        ("?scope=all", 400, "scope is destinations"),
        ("?scope=", 400, "scope is destinations"),
        ("?group=g", 400, "needs scope"),
        ("?scope=destinations&group=nosuch", 404, "no such group"),
        ("?scope=destinations&scope=destinations", 400, "once each"),
        ("?what=else", 400, "the parameters are"),
        ("?scope=destinations", 413, "there are 3 destinations and targets, and above 2"),
    ],
)
def test_a_wrong_question_is_refused(
    api: ModuleType, scrape: Scrape, monkeypatch: pytest.MonkeyPatch, query: str, status: int, why: str
) -> None:
    """With a sentence, and too many destinations with one that says what to ask instead."""
    from keepalive_core.cockpit import metrics

    monkeypatch.setattr(metrics, "MOST_DESTINATIONS", 2)
    for uri in (A, B, C):
        assert api.add_destination(uri, "me", group="g") == 0
    answer = scrape(query)
    assert (answer.status, why in answer.text) == (status, True), answer.text
    assert scrape("?scope=destinations&group=g").status == 200


HOSTILE = [
    'a"b',
    "a\\b",
    "a\\nb",
    "{x=}",
    "a,b",
    "é € 😀",
    "a'b",
    "# HELP",
    "a=b",
    " a ",
    "%s %2C",
    "*",
    "#1f",
]


def test_hostile_names_come_back(api: ModuleType, server: FakeServer, scrape: Scrape) -> None:
    """What the parser of Prometheus' own library reads is what the group is called."""
    for number, name in enumerate(HOSTILE):
        assert api.add_destination(f"sip:10.0.0.{number + 1}", "me", group=name) == 0
    server.answer(200, 40)
    answer = scrape("?scope=destinations")
    assert {each.labels["group"] for each in answer.samples if "group" in each.labels} == set(HOSTILE)
    for name in HOSTILE:
        assert answer.value("pings_total", group=name, result="ok") > 0  # type: ignore[operator]


def test_a_row_of_rpc_with_half_a_character_breaks_no_scrape(
    api: ModuleType, server: FakeServer, scrape: Scrape
) -> None:
    """It is no group's name that a script could give: the row makes no sense, and is made anew."""
    assert api.add_destination(A, "me", group="g") == 0
    server.answer(200, 5)
    rows = server.ksr.tables["keepalive_destination"]
    rows[KEY_A] = rows[KEY_A].replace('"g"', '"\\ud800\\n"')
    server.answer(200, 40)
    answer = scrape()
    assert answer.value("destinations", group="g", state="up") == 1
    assert {each.labels["group"] for each in answer.samples if "group" in each.labels} == {"g"}


def test_the_server_says_how_it_is(api: ModuleType, server: FakeServer, scrape: Scrape) -> None:
    """Its version, its start, its probers, and whether pings leave."""
    from keepalive_core import VERSION

    assert api.add_destination(A, "me", ping_interval=2) == 0
    server.tick(3)
    answer = scrape()
    assert answer.value("build_info", version=VERSION) == 1
    assert answer.value("paused") == 0
    assert answer.value("enabled") == 1
    assert answer.value("memory_short") == 0
    assert answer.value("planned_pings_per_second") == 0.5
    assert answer.value("callbacks_waiting") == 0
    assert answer.value("frozen_sockets") == 0
    assert answer.value("metrics_rows") == 0
    began, ticked = (
        answer.value("start_time_seconds"),
        answer.value("last_tick_timestamp_seconds", prober="0"),
    )
    assert began
    assert ticked
    assert began < ticked + 10
    assert api.pause() == 0
    server.ksr.memory["free_size"] = 1 << 20
    answer = scrape()
    assert answer.value("paused") == 1
    assert answer.value("memory_short") == 1


def test_a_password_is_told_nobody(api: ModuleType, server: FakeServer, scrape: Scrape) -> None:
    """What draws curves keeps them for years."""
    assert api.add_destination("sip:anna:secret@192.168.10.20", "me") == 0
    server.answer(200, 40)
    answer = scrape("?scope=destinations")
    assert "secret" not in answer.text
    assert answer.value("destination_up", destination="sip:anna:***@192.168.10.20:5060", group="") == 1


def test_no_series_is_there_twice(api: ModuleType, server: FakeServer, scrape: Scrape) -> None:
    """Destinations that differ by their passwords alone bear numbers: of two alike Prometheus drops one."""
    for password in ("one", "two"):
        assert api.add_destination(f"sip:anna:{password}@192.168.10.20", "me") == 0
    server.answer(200, 40)
    names = [
        each.labels["destination"]
        for each in scrape("?scope=destinations").samples
        if each.name.endswith("_up")
    ]
    shown = "sip:anna:***@192.168.10.20:5060"
    assert set(names) >= {shown, f"{shown} (2)"}
    assert len(names) == len(set(names))


def test_webhooks_that_fail_are_counted(
    api: ModuleType, scrape: Scrape, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those of which the same is shown together."""
    from keepalive_core.cockpit import webhooks
    from keepalive_core.cockpit.couriers import Failures
    from keepalive_core.rules.webhook import Receiver

    assert "webhook" not in scrape().text
    found = [
        ("https://a/one", Failures(4, 1, 2)),
        ("https://a/two", Failures(1, 0, 0)),
        ("http://b", Failures()),
    ]
    couriers = [SimpleNamespace(receiver=Receiver(url), failures=failures) for url, failures in found]
    monkeypatch.setattr(webhooks, "couriers", list)
    monkeypatch.setattr(webhooks, "_at_work", couriers)
    answer = scrape()
    [one, *_, other] = [each.receiver.shown for each in couriers]
    assert answer.value("webhook_failed_tries_total", webhook=one) == 5
    assert answer.value("webhook_lost_notices_total", webhook=one) == 3
    assert answer.value("webhook_failed_tries_total", webhook=other) == 0
