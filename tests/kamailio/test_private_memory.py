"""This process's private memory: pieces that are found quickly, and room for a ping."""

from types import ModuleType

from conftest import FakeServer

A = "sip:192.168.10.20"


def test_a_process_keeps_pieces_of_memory_free(keepalive: ModuleType, server: FakeServer) -> None:
    """Before the first ping, or reply, every other piece is freed: what lies between them stays in use."""
    assert server.ksr.variables == {}
    sent = server.first_ping(keepalive, A)
    made = dict(server.ksr.variables)
    assert list(made.values()) == [0, " " * 768] * 32
    server.ksr.variables.clear()
    server.next_ping()
    assert server.ksr.variables == {}, "it has them already"
    server.process()
    server.ksr.reply(sent, 200)
    assert server.ksr.variables == made, "another process needs its own"


def test_room_for_a_ping(keepalive: ModuleType, server: FakeServer) -> None:
    """It is tried, and given back."""
    from keepalive_core.kamailio import private_memory

    assert private_memory.has_room_for_a_ping()
    assert server.ksr.variables["keepalive_room"] == 0
    server.ksr.has_private_memory = False
    assert not private_memory.has_room_for_a_ping()
