"""The log of a real server: what is in it, and what is not."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor

from gateway import Gateway
from real.server import Kamailio, wait_for

UP, DOWN = 1, 2


def test_idle_processes_are_quiet_at_debug_level(start: object, gateway: Gateway) -> None:
    """At debug level 3 the timers' processes write no line of their own while they have nothing to do."""
    server: Kamailio = start()  # type: ignore[operator]
    server.call("add_destination", gateway.uri, "test")
    server.wait_for_state(gateway.uri, UP)
    server.rpc("cfg.seti", "core", "debug", 3)
    server.logged("ping to ")  # the prober has noticed, and so have the others a second later
    pings = len(gateway.pings)
    wait_for("two pings", lambda: len(gateway.pings) >= pings + 2)
    numbers = {
        str(number)
        for name in ("watch", "callbacks", "state_file")
        for number in server.process_numbers(f"keepalive_{name}")
    }
    assert len(numbers) == 3
    before = len(server.log.splitlines())
    pings = len(gateway.pings)
    wait_for("three more pings", lambda: len(gateway.pings) >= pings + 3)
    lines = server.log.splitlines()[before:]
    assert any("ping to " in line for line in lines), "the log is at debug level"
    idle = [line for line in lines if (found := re.match(r" *\d+\((\d+)\)", line)) and found[1] in numbers]
    assert idle == []
    server.rpc("cfg.seti", "core", "debug", 2)


def test_a_rude_reason_and_a_password(kamailio: Kamailio, gateway: Gateway) -> None:
    """A reason phrase of a kilobyte is one line within its bound; the password of a URI is in no line."""
    uri = gateway.uri.replace("sip:", "sip:bob:s3cret!@")
    assert kamailio.call("add_destination", uri, "test", group="rude") == 0
    kamailio.wait_for_state(uri, UP)
    assert gateway.pings[0].header("To") == f"<{uri.replace('!', '%21')}>"
    assert gateway.pings[0].header("Max-Forwards") == "70"
    assert kamailio.call("alive", "rude") == [uri]
    gateway.code, gateway.reason = 503, "rude " * 200
    kamailio.wait_for_state(uri, DOWN)
    masked = uri.replace("s3cret!", "***")
    lines = kamailio.logged(f"sr_kemi_core_notice(): keepalive: {masked} ", 2)
    assert len(lines) == 2
    assert all(len(line) < 500 for line in lines)
    assert not [line for line in kamailio.log_lines("keepalive: ") if "s3cret" in line]
    kamailio.call("del_destination", uri, "test")


def test_lines_of_several_processes_do_not_mix(kamailio: Kamailio) -> None:
    """Lines that workers write at the same time are whole, however long they are."""
    words, lines, at_once = "word " * 60, 300, 4
    writes = f"[KSR.info('LONG {words}END\\n') for _ in range({lines})] and 1"
    with ThreadPoolExecutor(at_once) as clients:
        asked = [clients.submit(kamailio.call, "evaluate", writes) for _ in range(at_once)]
    assert [each.result() for each in asked] == ["1"] * at_once
    written = kamailio.logged("LONG ", lines * at_once)
    assert [line for line in written if not line.endswith(f"): LONG {words}END")] == []
