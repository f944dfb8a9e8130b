"""What is done once a second beside the pings, and what is told of it."""

from conftest import FakeServer

A = "sip:192.168.10.20"
B = "sip:192.168.10.21"
NOWHERE = "udp:192.168.10.9:5060"


def not_sent(server: FakeServer) -> list[str]:
    """The lines that tell to whom no ping is sent."""
    return [line for line in server.ksr.lines("err") if "no ping is sent to" in line]


def test_how_many_are_not_sent(server: FakeServer) -> None:
    """Once a minute for each kind: one of them, how many more there are, and why."""
    keepalive = server.process()
    server.ksr.phase = "mod_init"
    for number in range(5):
        keepalive.add_destination(f"sip:192.168.20.{number}", "me", ping_interval=1, ping_socket=NOWHERE)
    keepalive.add_destination(f"{A};transport=ws", "me", ping_interval=1)
    server.ksr.phase = "route"
    server.tick(110)
    lines = not_sent(server)
    assert len(lines) == 4
    assert len([line for line in lines if " and 4 more: no such socket: " in line and NOWHERE in line]) == 2
    assert len([line for line in lines if "transport=ws: no such transport: " in line]) == 2
    assert len([line for line in server.ksr.lines("warn") if "no verdict" in line]) == 0, "told once"


def test_tables_that_are_too_small_are_told_of_once(server: FakeServer) -> None:
    """With more than eight destinations a slot one line says which size the tables should have."""
    server.define("table_size", "2")
    server.define("destinations", " ".join(f"10.0.0.{n + 1}" for n in range(40)))
    server.process()
    server.answer(200, 10)
    [line] = server.ksr.lines("warn")
    assert line.endswith("about 40 destinations, but tables of 2^2 slots: define KEEPALIVE_TABLE_SIZE 4")
