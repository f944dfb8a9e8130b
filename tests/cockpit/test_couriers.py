"""A courier at work: receivers of every kind, on sockets of this host."""

from __future__ import annotations

import hashlib
import hmac
import os
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from hook import Hook
from keepalive_core.rules import notices, webhook
from keepalive_core.rules.webhook import Receiver
from real.server import wait_for


@pytest.fixture
def hook() -> Iterator[Hook]:
    running = Hook()
    yield running
    running.close()


@pytest.fixture
def couriers(keepalive: ModuleType, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The module, in a hurry."""
    monkeypatch.setattr(webhook, "PAUSES", (0.01, 0.02))
    monkeypatch.setattr(webhook, "TIMEOUT", 0.3)
    from keepalive_core.cockpit import couriers

    return couriers


def news(couriers: ModuleType, *numbers: int) -> list[Any]:
    return [couriers.Numbered(number, notices.gap(number)) for number in numbers]


def start(couriers: ModuleType, url: str, **means: str) -> Any:
    return couriers.Courier(Receiver(url), couriers.Means(**means))


def test_notices_come_in_order_and_signed(couriers: ModuleType, hook: Hook, tmp_path: Path) -> None:
    """Whoever has the secret can tell that they are ours, and when they were sent."""
    (tmp_path / "secret").write_text("0123456789abcdef\n")
    courier = start(couriers, hook.url, secret_file=str(tmp_path / "secret"))
    courier.bring(news(couriers, 1, 2))
    courier.bring(news(couriers, 3))
    wait_for("three", lambda: hook.numbers == [1, 2, 3])
    for _, headers, body in hook.got:
        stamp, digest = headers["X-Keepalive-Signature"].split(",")
        expected = hmac.new(b"0123456789abcdef", stamp[2:].encode() + b"." + body, hashlib.sha256)
        assert digest == f"v1={expected.hexdigest()}"
        assert abs(int(stamp[2:]) - time.time()) < 5
        assert headers["X-Keepalive-Event"] == "keepalive.gap"
        assert headers["Content-Type"] == "application/json"
    assert courier.failures == couriers.Failures()


def test_a_notice_is_tried_again(couriers: ModuleType, hook: Hook) -> None:
    """With the same id, and before the next one; after three tries it is given up."""
    hook.answers = [500, 503, 200]
    courier = start(couriers, hook.url)
    courier.bring(news(couriers, 1, 2))
    wait_for("both", lambda: hook.numbers == [1, 1, 1, 2])
    hook.answers = [500] * 3
    courier.bring(news(couriers, 3, 4))
    wait_for("the fourth", lambda: hook.numbers[4:] == [3, 3, 3, 4])
    assert courier.failures == couriers.Failures(5, 1, 0, "it answers 500 Internal Server Error")


def test_redirects_are_not_followed(couriers: ModuleType, hook: Hook) -> None:
    """Who has the receiver's name does not say where else a notice goes."""
    other = Hook()
    hook.answers, hook.headers = [307] * 3, {"Location": other.url}
    courier = start(couriers, hook.url)
    courier.bring(news(couriers, 1))
    wait_for("its end", lambda: courier.failures.given_up)
    assert courier.failures.reason == "it answers 307, and redirects are not followed"
    assert other.got == []
    other.close()


def test_nobody_there(couriers: ModuleType) -> None:
    """The reason names host and port, and no secret of the URL."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/secret"
        courier = start(couriers, url)
        courier.bring(news(couriers, 1))
        wait_for("its end", lambda: courier.failures.given_up)
    assert "Cannot connect to host 127.0.0.1:" in courier.failures.reason
    assert "secret" not in courier.failures.reason


@pytest.mark.parametrize("drip", [b"", b"HTTP/1.1 200 OK\r\n", b"X-Header: y\r\n"])
def test_a_slow_receiver_has_its_time(couriers: ModuleType, drip: bytes) -> None:
    """Silent, or a line at a time: a try ends, and so do all of them."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=_drip, args=(server, drip), daemon=True).start()
        courier = start(couriers, f"http://127.0.0.1:{server.getsockname()[1]}/")
        courier.bring(news(couriers, 1))
        wait_for("a failed try", lambda: courier.failures.tries)
        assert courier.failures.reason


def _drip(server: socket.socket, text: bytes) -> None:
    kept = []
    while True:
        try:
            client, _ = server.accept()
        except OSError:
            return
        kept.append(client)
        threading.Thread(target=_drip_to, args=(client, text), daemon=True).start()


def _drip_to(client: socket.socket, text: bytes) -> None:
    try:
        while text:
            client.sendall(text)
            time.sleep(0.02)  # what the receiver does
    except OSError:
        pass


def test_a_flood_of_an_answer_is_not_kept(couriers: ModuleType) -> None:
    """Its status is what counts; the rest is not read."""
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n" + b"x" * 100_000
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=_drip, args=(server, head), daemon=True).start()
        courier = start(couriers, f"http://127.0.0.1:{server.getsockname()[1]}/")
        courier.bring(news(couriers, 1, 2))
        wait_for("both", lambda: not courier._waiting)
        assert courier.failures == couriers.Failures()


def test_the_oldest_go(couriers: ModuleType, hook: Hook, monkeypatch: pytest.MonkeyPatch) -> None:
    """While a receiver is in trouble no more than so many wait; what went is counted."""
    monkeypatch.setattr(webhook, "MOST_WAITING", 3)
    monkeypatch.setattr(webhook, "PAUSES", (0.5, 0.5))
    hook.answers = [500]
    courier = start(couriers, hook.url)
    courier.bring(news(couriers, 1))
    wait_for("the first try", lambda: hook.numbers == [1])
    courier.bring(news(couriers, *range(2, 8)))
    wait_for("the rest", lambda: hook.numbers == [1, 1, 5, 6, 7])
    assert courier.failures.left_out == 3


def test_whatever_holds_a_courier_up_no_more_than_some_wait(
    couriers: ModuleType, hook: Hook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a disk that does not answer holds it: memory has a bound, and what went is counted meanwhile."""
    monkeypatch.setattr(webhook, "MOST_WAITING", 3)
    (tmp_path / "secret").write_text("0123456789abcdef")
    held, opened = threading.Event(), couriers.open_regular

    def hold(path: str) -> Any:
        held.wait(10)
        return opened(path)

    monkeypatch.setattr(couriers, "open_regular", hold)
    courier = start(couriers, hook.url, secret_file=str(tmp_path / "secret"))
    courier.bring(news(couriers, 1))
    wait_for("the first to be taken", lambda: not courier._waiting)
    for number in range(2, 200):
        courier.bring(news(couriers, number))
    assert (len(courier._waiting), courier.failures.left_out) == (3, 195)
    # To wake it up, and asyncio's own look at what woke it.
    assert len(courier._loop._ready) <= 2
    held.set()
    wait_for("the newest", lambda: hook.numbers == [1, 197, 198, 199])


def test_one_that_can_not_be_told_keeps_no_other(
    couriers: ModuleType, hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is given up, with the reason."""
    body = webhook.body
    monkeypatch.setattr(webhook, "body", lambda number, *more: 1 / 0 if number == 1 else body(number, *more))
    courier = start(couriers, hook.url)
    courier.bring(news(couriers, 1, 2))
    wait_for("the other", lambda: hook.numbers == [2])
    assert courier.failures.given_up == 1
    assert "division by zero" in courier.failures.reason


def test_one_s_trouble_is_not_the_other_s(couriers: ModuleType, hook: Hook) -> None:
    """A receiver that is silent keeps no other waiting."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        both = [start(couriers, f"http://127.0.0.1:{silent.getsockname()[1]}/"), start(couriers, hook.url)]
        for courier in both:
            courier.bring(news(couriers, 1, 2, 3))
        wait_for("three", lambda: hook.numbers == [1, 2, 3])
        assert not both[0].failures.given_up


@pytest.mark.parametrize("text", [None, "", "short", "x" * 5000])
def test_without_its_secret_nothing_is_sent(
    couriers: ModuleType, hook: Hook, tmp_path: Path, text: str | None
) -> None:
    """A notice that can't be signed is none, until the file is mended."""
    file = tmp_path / "file"
    if text is not None:
        file.write_text(text)
    courier = start(couriers, hook.url, secret_file=str(file))
    courier.bring(news(couriers, 1))
    wait_for("its end", lambda: courier.failures.given_up)
    assert hook.got == []
    assert str(file) in courier.failures.reason or "has no secret of 16 to" in courier.failures.reason
    file.write_text("0123456789abcdef")
    courier.bring(news(couriers, 2))
    wait_for("the next", lambda: hook.numbers == [2])


def test_a_secret_in_no_file_is_not_waited_for(couriers: ModuleType, hook: Hook, tmp_path: Path) -> None:
    """A FIFO has nothing to be read until somebody writes into it, perhaps never."""
    os.mkfifo(tmp_path / "fifo")
    courier = start(couriers, hook.url, secret_file=str(tmp_path / "fifo"))
    courier.bring(news(couriers, 1))
    wait_for("its end", lambda: courier.failures.given_up)
    assert courier.failures.reason == "KEEPALIVE_WEBHOOK_SECRET_FILE: it is no regular file"
    assert hook.got == []


def test_a_certificate_that_nobody_trusts(couriers: ModuleType, tmp_path: Path) -> None:
    """No byte of a notice goes to somebody who can't show who he is; a CA file that is none says so."""
    file = tmp_path / "ca.pem"
    file.write_text("nonsense")
    courier = start(couriers, "https://127.0.0.1:1/", ca_file=str(file))
    courier.bring(news(couriers, 1))
    wait_for("its end", lambda: courier.failures.given_up)
    assert courier.failures.reason
