"""Destinations, owners and callbacks in a real server with several workers."""

from __future__ import annotations

import threading
import time

import pytest

from gateway import Gateway
from real.server import Kamailio, wait_for
from real.test_pings import DOWN, UP, events


def test_one_destination_in_every_spelling(kamailio: Kamailio, gateway: Gateway) -> None:
    """All spellings of a URI ask for the same destination."""
    spelled = f"127.0.0.1:{gateway.port}"
    assert kamailio.call("add_destination", spelled, "test") == 0
    kamailio.wait_for_state(f"SIP:{spelled}", UP)
    for spelling in (spelled, f"sip:{spelled}", f"sip:{spelled};transport=UDP"):
        assert kamailio.call("is_alive", spelling) == 1
    assert kamailio.call("is_alive", f"sip:someone@{spelled}") == -1
    assert kamailio.call("del_destination", f"sip:{spelled}", "test") == 0
    assert kamailio.call("is_alive", spelled) == -1


def test_deleted_destinations_are_pinged_no_more(kamailio: Kamailio, gateway: Gateway) -> None:
    """Pings end with the last owner, and not before."""
    for owner in ("one", "two"):
        assert kamailio.call("add_destination", gateway.uri, owner) == 0
    kamailio.wait_for_state(gateway.uri, UP)
    assert kamailio.call("del_destination", gateway.uri, "one") == 0
    assert kamailio.call("del_destination", gateway.uri, "one") == -1
    seen = len(gateway.pings)
    wait_for("pings for the other owner", lambda: len(gateway.pings) > seen + 1)
    assert kamailio.call("del_destination", gateway.uri, "two") == 0
    time_of_deletion = time.monotonic()
    assert kamailio.state(gateway.uri) == -1
    # Three intervals, shown by another destination's pings, in which this one gets none.
    other = Gateway()
    kamailio.call("add_destination", other.uri, "test")
    wait_for("three pings of another", lambda: len(other.pings) >= 4)
    assert [ping for ping in gateway.pings if ping.at > time_of_deletion + 0.5] == []
    kamailio.call("del_destination", other.uri, "test")
    other.close()


def test_two_owners_share_the_pings_and_have_their_own_callbacks(
    kamailio: Kamailio, gateway: Gateway
) -> None:
    """Two owners of one destination cost one stream of pings, and each is told with its own user_attr."""
    kamailio.call("add_destination", gateway.uri, "one", 0, "on_change", 1)
    kamailio.call("add_destination", gateway.uri, "two", 0, "on_change", 2)
    kamailio.wait_for_state(gateway.uri, UP)
    wait_for("two events", lambda: len(events(kamailio, gateway)) >= 2)
    assert sorted(event[3] for event in events(kamailio, gateway)) == [1, 2]
    wait_for("five pings", lambda: len(gateway.pings) >= 5)
    regular = gateway.pings[1:]
    mean = (regular[-1].at - regular[0].at) / (len(regular) - 1)
    assert mean > 0.8, "one ping an interval, not one for each owner"
    for owner in ("one", "two"):
        kamailio.call("del_destination", gateway.uri, owner)


def test_callbacks_run_once_in_order_after_the_state_is_visible(kamailio: Kamailio, gateway: Gateway) -> None:
    """Many changes, with four workers taking the replies: each is told once, in order, with the new state."""
    kamailio.call("add_destination", gateway.uri, "test", 0, "on_change", None)
    wanted = []
    for turn in range(6):
        gateway.code = 200 if turn % 2 == 0 else 500
        wanted.append(UP if turn % 2 == 0 else DOWN)
        kamailio.wait_for_state(gateway.uri, wanted[-1])
    for name in ("on_change", "on_any_change"):
        wait_for(f"six of {name}", lambda name=name: len(events(kamailio, gateway, name)) >= 6)
        told = events(kamailio, gateway, name)
        assert [event[2] for event in told] == wanted
        for number, event in enumerate(told):
            answer, changes = event[4], event[6]
            assert answer in wanted[number:changes], "what is_alive says in a callback is never older"
    assert len({event[5] for event in events(kamailio, gateway)}) == 1, "all in the callback process"
    deciders = {line.split("(")[0] for line in kamailio.log_lines(f"{gateway.uri} ") if "NOTICE" in line}
    print("changes decided by processes", deciders)
    kamailio.call("del_destination", gateway.uri, "test")


@pytest.mark.traceback
@pytest.mark.parametrize("callback", ["fails", "exits"])
def test_a_failing_callback_disturbs_nobody(kamailio: Kamailio, gateway: Gateway, callback: str) -> None:
    """On real servers: a callback that raises, or tries to exit, is logged with its traceback; the others
    are told.
    """
    kamailio.call("add_destination", gateway.uri, "one", 0, callback, None)
    kamailio.call("add_destination", gateway.uri, "two", 0, "on_change", None)
    kamailio.wait_for_state(gateway.uri, UP)
    wait_for("the other's event", lambda: events(kamailio, gateway))
    wait_for("the event of all", lambda: events(kamailio, gateway, "on_any_change"))
    assert kamailio.logged(f"callback scenario:{callback} failed for {gateway.uri}")
    assert kamailio.logged("Traceback")
    for owner in ("one", "two"):
        kamailio.call("del_destination", gateway.uri, owner)


def test_a_callback_may_add_and_delete(kamailio: Kamailio, gateway: Gateway) -> None:
    """A callback deletes the destination that changed and adds another: no lock is held while it runs."""
    other = Gateway()
    kamailio.call("add_destination", gateway.uri, "test", 0, "deletes_itself", other.uri)
    kamailio.wait_for_state(other.uri, UP)
    [event] = wait_for("its event", lambda: events(kamailio, gateway, "deletes_itself"))
    assert event[3:5] == [[0, 0], -1]
    assert kamailio.state(gateway.uri) == -1
    kamailio.call("del_destination", other.uri, "test")
    other.close()


@pytest.mark.parametrize(
    ("uri", "fault"),
    [
        ("sip:host name", "white space"),
        ("sip:host\r\nX-Injected: 1", "white space, control"),
        ("sip:", "host is empty"),
        ("sip:host:99999", "bad port"),
        ("tel:+49301234", "unknown scheme"),
        ("sip:host;transport=carrier-pigeon", "unknown transport"),
        ("sip:" + "h" * 252, "longer than 255 bytes"),
        (7, "text is needed"),
    ],
)
def test_a_bad_uri_is_refused_with_its_fault(kamailio: Kamailio, uri: object, fault: str) -> None:
    """A bad URI is refused by add, delete and is_alive, and the log names the fault."""
    before = len(kamailio.log_lines("add_destination: bad destination"))
    assert kamailio.call("add_destination", uri, "test") == -1
    added = wait_for("one error", lambda: kamailio.log_lines("add_destination: bad destination")[before:])
    assert len(added) == 1
    assert fault in added[0]
    assert kamailio.call("is_alive", uri) == -1
    assert kamailio.call("state", uri) == -1
    assert kamailio.call("del_destination", uri, "test") == -1


def test_reload_keeps_states_and_pings(kamailio: Kamailio, gateway: Gateway) -> None:
    """app_python.reload, with every process reloading in its turn, loses no state and no ping."""
    down = Gateway(code=500)
    for uri in (gateway.uri, down.uri):
        kamailio.call("add_destination", uri, "test", 0, "on_change", None)
    kamailio.wait_for_state(gateway.uri, UP)
    kamailio.wait_for_state(down.uri, DOWN)
    for _ in range(3):
        kamailio.rpc("app_python.reload")
        seen = len(gateway.pings)
        for _ in range(8):
            assert kamailio.state(gateway.uri) == UP
            assert kamailio.state(down.uri) == DOWN
        wait_for("more pings", lambda seen=seen: len(gateway.pings) >= seen + 2)
    gateway.code = 500
    kamailio.wait_for_state(gateway.uri, DOWN)
    wait_for("two events", lambda: len(events(kamailio, gateway)) >= 2)
    assert [event[2] for event in events(kamailio, gateway)] == [UP, DOWN]
    for uri in (gateway.uri, down.uri):
        kamailio.call("del_destination", uri, "test")
    down.close()


def test_updates_from_several_workers_at_once(kamailio: Kamailio) -> None:
    """Rows that workers rewrite, lengthen and delete at the same time are never read torn by anybody."""
    gateways = [Gateway() for _ in range(10)]
    wrong: list[object] = []

    def churn(owner: str) -> None:
        for turn in range(100):
            for gateway in gateways:
                attr = "x" * (turn * 37 % 400)
                done = kamailio.call("add_destination", gateway.uri, owner, 0, "on_change", attr)
                known = kamailio.call("info", gateway.uri)
                if done != 0 or owner not in known.get("owners", {}):
                    wrong.append((done, known))
                if turn % 5 == 4:
                    kamailio.call("del_destination", gateway.uri, owner)

    threads = [threading.Thread(target=churn, args=(f"churn{number}",)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    for gateway in gateways:
        assert kamailio.state(gateway.uri) == -1
        gateway.close()
    # kamailio's own fixture sees to it that no Traceback is in the log.
    assert not kamailio.log_lines("ksr_keepalive_tick failed")
