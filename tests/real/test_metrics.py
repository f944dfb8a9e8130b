"""/metrics of real servers: what Prometheus reads there is what happened."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gateway import Gateway
from keepalive_core.rules import state_format
from keepalive_core.rules.record import Health
from keepalive_core.rules.state_row import Row
from keepalive_core.rules.states import UP
from promtool import promtool
from real.abusing import answer_to
from real.conftest import DEFAULTS
from real.scraping import Scrape, is_served
from real.server import ROOT, Kamailio, Launch, wait_for

SOCKET = "http.sock"


def serve(kind: str, launch: Launch = Launch(), **defines: object) -> Kamailio:  # noqa: B008 - never changed
    """Start a server that serves HTTP at a UNIX socket in its folder."""
    server = Kamailio(
        kind, "scenario.cfg", {**DEFAULTS, "KEEPALIVE_HTTP": f"unix:FOLDER/{SOCKET}", **defines}, launch
    )
    try:
        wait_for("HTTP", lambda: is_served(server.folder / SOCKET), 15)
    except BaseException:
        server.stop()
        print(server.log)
        raise
    return server


@pytest.fixture(scope="module")
def served(checked_kind: str) -> Iterator[Kamailio]:
    """One server with HTTP for all tests of this file; each has groups of its own."""
    server = serve(checked_kind)
    yield server
    server.stop()
    print(server.log)
    server.forget()


@pytest.fixture
def scrape(served: Kamailio) -> Iterator[Callable[..., Scrape]]:
    """Asks that server, in whose log nothing may go wrong."""
    served.begin_log()
    yield lambda **query: Scrape(served.folder / SOCKET, **query)
    assert "Traceback" not in served.log
    assert served.errors == []


def add(server: Kamailio, gateway: Gateway, group: str, **options: object) -> str:
    """Have a gateway monitored; return its key."""
    assert server.call("add_destination", gateway.uri, f"owner of {group}", group=group, **options) == 0
    return gateway.uri


def test_pings_of_real_servers_are_counted(
    served: Kamailio, scrape: Callable[..., Scrape], gateways: list[Gateway]
) -> None:
    """As many as came, in each of their groups, and how long they took; then a 404, and silence."""
    first, second = gateways
    for group in ("counted", "counted too"):
        add(served, first, group)
    add(served, second, "counted too")
    wait_for("pings", lambda: min(len(first.pings), len(second.pings)) >= 3)

    def agree() -> bool:
        now = scrape()
        return now.value("pings_total", group="counted", result="ok") == len(first.pings) and now.value(
            "pings_total", group="counted too", result="ok"
        ) == len(first.pings) + len(second.pings)

    wait_for("as many pings as came", agree)
    now = scrape()
    count = now.value("ping_duration_seconds_count", group="counted")
    assert count
    assert 0 < now.value("ping_duration_seconds_sum", group="counted") / count < 0.5  # type: ignore[operator]
    assert now.value("destinations", group="counted too", state="up") == 2
    assert now.value("changes_total", group="counted", to="up") == 1

    def counts(result: str) -> bool:
        return scrape().value("pings_total", group="counted", result=result) == 1 + before[result]

    for result, change in (
        ("failed", lambda: setattr(first, "code", 404)),
        ("timeout", lambda: setattr(first, "silent", True)),
    ):
        before = {result: scrape().value("pings_total", group="counted", result=result) or 0}
        change()
        wait_for(result, lambda result=result: counts(result))
    assert scrape().value("changes_total", group="counted", to="down") == 1
    for each, group in ((first, "counted"), (first, "counted too"), (second, "counted too")):
        assert served.call("del_destination", each.uri, f"owner of {group}") == 0
    last = scrape()
    assert last.value("pings_total", group="counted", result="ok") >= count  # type: ignore[operator]
    assert last.value("destinations", group="counted", state="up") == 0


def test_counters_of_a_real_server_never_get_less(
    served: Kamailio, scrape: Callable[..., Scrape], gateway: Gateway
) -> None:
    """Whether an operator empties the table, or has the script read again."""
    add(served, gateway, "kept")
    wait_for("pings", lambda: (scrape().value("pings_total", group="kept", result="ok") or 0) >= 2)
    began = scrape().value("start_time_seconds")
    before = scrape().value("pings_total", group="kept", result="ok")
    served.rpc("htable.flush", "keepalive_metrics")
    assert scrape().value("pings_total", group="kept", result="ok") >= before  # type: ignore[operator]
    served.rpc("app_python.reload")
    wait_for(
        "more", lambda: (scrape().value("pings_total", group="kept", result="ok") or 0) > (before or 0) + 2
    )
    assert scrape().value("start_time_seconds") == began
    assert time.time() - 600 < (began or 0) < time.time()


HOSTILE = ['a"b', "a\\b", "a\\nb", "{x=}", "a,b", "é €", "# HELP", " a ", "*"]


def test_hostile_names_come_back_from_a_real_server(
    served: Kamailio, scrape: Callable[..., Scrape], gateway: Gateway
) -> None:
    """In the counters that Kamailio keeps, and in what the parser reads."""
    for name in HOSTILE:
        add(served, gateway, name)

    def counted() -> bool:
        now = scrape()
        return all(now.value("pings_total", group=name, result="ok") for name in HOSTILE)

    wait_for("a ping in each of the groups", counted)
    now = scrape(scope="destinations", group=HOSTILE[0])
    assert now.values("destination_up", "group") == {",".join(HOSTILE)}
    assert now.values("destination_up", "destination") == {gateway.uri}


def test_a_native_server_counts_pings_and_calls(start, gateway: Gateway) -> None:
    """As an ordinary user: what its routes do is counted as what scripts do."""
    gateway.invite_code = 486
    server = start(
        "native.cfg",
        user="kamailio",
        LITERAL=gateway.uri,
        KEEPALIVE_DIR=ROOT / "kemi",
        KEEPALIVE_DESTINATIONS=gateway.uri,
        KEEPALIVE_HTTP=f"unix:FOLDER/{SOCKET}",
    )
    path = server.folder / SOCKET
    wait_for("HTTP", lambda: is_served(path), 15)
    assert server.message(gateway.uri, uri_user="call")[0] == 486
    wait_for("a call", lambda: Scrape(path).value("all_calls_total", result="ok") == 1)
    wait_for("pings", lambda: (Scrape(path).value("all_pings_total", result="ok") or 0) >= 2)
    assert Scrape(path).value("all_changes_total", to="up") == 1
    assert Scrape(path).value("all_ping_duration_seconds_count") >= 2


def test_without_http_a_real_server_counts_nothing(kamailio: Kamailio) -> None:
    """There is no table, and nothing is said of that."""
    assert "keepalive_metrics" not in {each["name"] for each in kamailio.rpc("htable.listTables")}


def test_a_scrape_that_is_not_made_has_no_length(served: Kamailio) -> None:
    """HEAD says what GET does, whose length nobody knows before (aiohttp 3.8 would say 0)."""
    asked = b"HEAD /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    answer = answer_to(served.folder / SOCKET, asked)
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b"\r\nContent-Type: text/plain; version=" in answer
    assert b"Content-Length" not in answer


def test_promtool_finds_no_fault_with_a_real_server(
    served: Kamailio, scrape: Callable[..., Scrape], gateway: Gateway
) -> None:
    """Neither with names and helps, nor with a destination of which there is something to tell."""
    add(served, gateway, "checked")
    wait_for("a ping", lambda: scrape().value("pings_total", group="checked", result="ok"))
    assert served.call("set_admin", gateway.uri, "drain") == 0
    wait_for("it is drained", lambda: scrape().value("destinations", group="checked", state="drain") == 1)
    answer = scrape(scope="destinations")
    assert answer.value("destination_admin", destination=gateway.uri, group="checked", mode="drain") == 1
    promtool("check", "metrics", text=answer.text)


def state_file(keys: list[str]) -> bytes:
    """Return the text of a state file in which all have been up for a day."""
    now = int(time.time())
    health = Health(
        *(0, UP, 0, 2880, 0, 0, now, now, 200, 2881, 21_000, 21_000, 20_000, 23_000),
        since=now - 86_400,
        last_down=now - 86_500,
        failed=3,
        timeouts=2,
        result="reply",
        samples="J" * 49 + "~",
        reason="200 OK in 21.0 ms",
    )
    return b"".join(state_format.pieces_of(state_format.text_of(key, Row(health)) for key in keys))


def seconds_of_http(server: Kamailio) -> float:
    """Return how much of a CPU the process that serves HTTP has had: other tests run beside this one."""
    [process] = server.process_numbers("keepalive_http")
    text = str(server.call("evaluate", f"open('/proc/{process}/stat').read()"))
    user, system = text.rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def test_ten_thousand_destinations_of_a_real_server(checked_kind: str, tmp_path: Path) -> None:
    """All of them are told of in 1.5 s of the process's time; above 20,000 those of a group are."""
    uris = [f"sip:10.{number // 65536}.{number // 256 % 256}.{number % 256}" for number in range(20_001)]
    (tmp_path / "states").write_bytes(state_file([f"{uri}:5060" for uri in uris]))
    (tmp_path / "list").write_text("".join(f"{uri} group=g{at // 10_000}\n" for at, uri in enumerate(uris)))
    server = serve(
        checked_kind,
        Launch(share=tmp_path, memory=512),
        KEEPALIVE_LIST_FILE=tmp_path / "list",
        KEEPALIVE_STATE_FILE=tmp_path / "states",
        KEEPALIVE_ENABLED=0,
    )
    try:
        path = server.folder / SOCKET
        wait_for("all of them", lambda: Scrape(path).value("all_destinations", state="up") == len(uris), 60)
        refused = Scrape(path, scope="destinations")
        assert refused.status == 413
        assert "above 20000" in refused.text
        took: list[float] = []
        answer = refused
        while len(took) < 10 and min(took, default=9) >= 1.5:
            began = seconds_of_http(server)
            answer = Scrape(path, scope="destinations", group="g0")
            took.append(seconds_of_http(server) - began)
        assert sum(name == "destination_up" for name, _ in answer.samples) == 10_000
        print(f"MEASURED: {took} s, {len(answer.samples)} samples")
        assert min(took) < 1.5, took
    finally:
        server.stop()
        print(server.log)
        server.forget()
