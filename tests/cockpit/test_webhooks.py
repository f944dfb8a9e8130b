"""KEEPALIVE_WEBHOOK, and what the log is told of it."""

from types import ModuleType, SimpleNamespace

import pytest

from conftest import FakeServer
from keepalive_core.rules.webhook import Receiver


@pytest.fixture
def webhooks(keepalive: ModuleType) -> ModuleType:
    from keepalive_core.cockpit import webhooks

    return webhooks


def test_without_the_define_nobody_is_told(webhooks: ModuleType) -> None:
    """There is no courier, and no thread."""
    assert webhooks.couriers() == []


def test_each_url_has_its_courier(
    webhooks: ModuleType, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With what the defines say; a word that is no URL is an ERROR, and no secret stands in the log."""
    monkeypatch.setattr(webhooks, "Courier", lambda *given: given)
    server.define("webhook", "https://a/secret nonsense http://b/")
    server.define("webhook_secret_file", "/etc/kamailio/webhook.secret")
    server.define("webhook_ca", "/etc/ca.pem")
    means = ("/etc/kamailio/webhook.secret", "/etc/ca.pem")
    assert webhooks.couriers() == [(Receiver("https://a/secret"), means), (Receiver("http://b/"), means)]
    [error] = server.ksr.lines("err")
    assert error.endswith("KEEPALIVE_WEBHOOK: *** is ignored: a URL begins with http:// or https://")
    assert "keepalive: changes are told to https://a/***" in server.ksr.lines("info")
    assert not any("secret" in line for _, line in server.ksr.logged)


def test_a_define_that_can_not_be_read(webhooks: ModuleType, server: FakeServer) -> None:
    """It is an ERROR, and nobody is told."""
    server.ksr.defines["KEEPALIVE_WEBHOOK"] = '"http://\udcff/"'
    assert webhooks.couriers() == []
    assert len(server.ksr.lines("err")) == 1


def test_failures_are_told_once_a_minute(webhooks: ModuleType, server: FakeServer) -> None:
    """Those of one URL in one line, with what came since the last one."""
    failures = webhooks.Failures
    one = SimpleNamespace(receiver=Receiver("https://a/secret"), failures=failures())
    one = type("Courier", (), vars(one))()
    webhooks.report([one])
    assert server.ksr.lines("warn") == []
    for tries in range(1, 9):
        one.failures = failures(tries, 1, 2, "it answers 500")
        webhooks.report([one])
    server.now += 61_000_000
    webhooks.report([one])
    server.now += 61_000_000
    webhooks.report([one])
    assert server.ksr.lines("warn") == [
        "keepalive: webhook https://a/***: 1 tries failed, the last one as it answers 500; 1 notices were "
        "given up; 2 notices went, the oldest, as 100 waited",
        "keepalive: webhook https://a/***: 7 tries failed, the last one as it answers 500",
    ]
