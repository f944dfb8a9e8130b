"""What is configured is monitored once, whoever comes first, and whatever is in its way."""

from conftest import FakeServer

A = "192.168.10.20"
B = "sip:192.168.10.21"


def test_mod_init_before_the_tables_exist(server: FakeServer) -> None:
    """What mod_init asks for too early is kept, and monitored from the first question on."""
    server.ksr.tables_exist = False
    server.ksr.phase = "mod_init"
    early = server.process()
    assert early.add_destination(A, "me", 0, on_change, 1) == 0
    assert early.add_destination(B, "me") == 0
    assert early.del_destination(B, "me") == 0
    assert early.del_destination(B, "me") == -1
    assert early.register_callback(on_change, 2) == 0
    server.ksr.tables_exist = True
    server.ksr.phase = "child_init"
    assert early.is_alive(A) == 1
    assert early.state(A) == 0
    assert early.state(B) == -1
    from keepalive_core.kamailio import callback_rows

    assert callback_rows.callbacks() == [(f"{on_change.__module__}:on_change", 2)]
    server.ksr.phase = "route"
    assert early.del_destination(A, "me") == 0
    server.tick(1)
    assert early.state(A) == -1


def on_change(uri, state, user_attr): ...


def test_destinations_of_kamailio_cfg_are_there_before_the_first_tick(server: FakeServer) -> None:
    """A route that asks before the prober's first tick finds the destinations that kamailio.cfg defines."""
    server.define("destinations", f"{A}, {B}\tsip:bad:port")
    keepalive = server.process()
    assert keepalive.is_alive(A) == 1
    assert keepalive.state(B) == 0
    assert keepalive.state("192.168.10.99") == -1
    assert sum("sip:bad:port" in line for line in server.ksr.lines("err")) == 1


def test_while_another_process_registers_what_is_configured_it_is_unknown(server: FakeServer) -> None:
    """A configured destination that another process has not come to yet is unknown, not unmonitored."""
    server.define("destinations", A)
    keepalive = server.process()
    from keepalive_core.kamailio import startup_rows

    assert startup_rows.claim_startup()
    assert keepalive.state(A) == 0
    assert keepalive.state(B) == -1
    startup_rows.mark_started()
    assert keepalive.state(A) == -1, "started, and it is not there: so it was deleted"


def test_start_up_happens_once(server: FakeServer) -> None:
    """What a worker deletes after the start does not come back when another process starts."""
    server.define("destinations", A)
    first = server.process()
    assert first.state(A) == 0
    assert first.del_destination(A, "kamailio.cfg") == 0
    second = server.process()
    assert second.state(A) == -1
    server.tick(1)
    assert second.state(A) == -1


def test_full_memory_at_the_start_loses_only_what_does_not_fit(server: FakeServer) -> None:
    """Destinations that do not fit are named in the log; those that do are monitored."""
    server.define("destinations", f"{A} {B}")
    # twelve for the start-up, and five entries for one destination
    server.ksr.room_left = 17
    keepalive = server.process()
    assert keepalive.state(A) == 0
    assert [
        line for line in server.ksr.lines("err") if f"{B} is not monitored: shared memory refused" in line
    ]
