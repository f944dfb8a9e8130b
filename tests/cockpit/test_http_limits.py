"""How many connections there may be, of one peer and in all."""

import asyncio

import pytest

from keepalive_core.cockpit.http_connection import MOST_SECONDS, Connection
from keepalive_core.cockpit.http_limits import Connections


class Transport:
    """A connection as asyncio has it."""

    def __init__(self, peer: str) -> None:
        self.peer = peer
        self.unsent = 0
        self.is_open = True

    def get_extra_info(self, name: str) -> object:
        return (self.peer, 5060)

    def get_write_buffer_size(self) -> int:
        return self.unsent

    def write(self, data: bytes) -> None: ...

    def close(self) -> None:
        self.is_open = False

    abort = close


class Crowd:
    """Connections of one kind: four at the most, two of a peer."""

    def __init__(self) -> None:
        self.now = 0.0
        self.all = Connections(asyncio.Protocol, 4, 2, lambda: self.now)

    def come(self, *peers: str) -> list[Transport]:
        """Let clients connect."""
        return [transport for transport, _ in self.made(*peers)]

    def made(self, *peers: str) -> list[tuple[Transport, Connection]]:
        """Let clients connect; return their connections too."""
        made = [(Transport(peer), self.all()) for peer in peers]
        for transport, connection in made:
            connection.connection_made(transport)
        return made


def still(transports: list[Transport]) -> str:
    return "".join("x" if each.is_open else "." for each in transports)


def test_whoever_waits_longest_makes_room() -> None:
    """Of the peer that has too many; he keeps out nobody but himself."""
    crowd = Crowd()
    came = crowd.come("a", "a", "b", "a", "a", "a")
    assert still(came) == "..x.xx"
    assert len(crowd.all) == 3


def test_in_all_there_are_so_many() -> None:
    """The one that has waited longest of all makes room."""
    crowd = Crowd()
    came = crowd.come("a", "b", "c", "d", "e")
    assert still(came) == ".xxxx"
    assert len(crowd.all) == 4


def test_whoever_is_busy_stays() -> None:
    """Whoever has asked nothing yet is ended before him, however short he waits."""
    crowd = Crowd()
    made = crowd.made("a", "b", "c", "d")
    for _, connection in made[:3]:
        connection.begin()
    [more] = crowd.come("e")
    assert still([transport for transport, _ in made] + [more]) == "xxx.x"


@pytest.mark.parametrize("busy", ["begun", "unread"])
def test_all_are_busy(busy: str) -> None:
    """A handler runs, or its answer is being read."""
    crowd = Crowd()
    made = crowd.made("a", "a", "b", "b")
    for transport, connection in made:
        if busy == "begun":
            connection.begin()
        else:
            transport.unsent = 1
    refused = crowd.come("a", "c")
    assert still([transport for transport, _ in made]) == "xxxx"
    assert still(refused) == ".."
    assert len(crowd.all) == 4


def test_whoever_has_just_been_answered_waits_last() -> None:
    """The order is that of waiting, not that of coming."""
    crowd = Crowd()
    made = crowd.made("a", "b", "c", "d")

    async def answer() -> None:
        for transport, _ in made:
            transport.resume_reading = lambda: None  # type: ignore[attr-defined]
        made[0][1].begin()
        made[0][1].finish()

    asyncio.run(answer())
    crowd.come("e")
    assert still([transport for transport, _ in made]) == "x.xx"


def test_a_connection_that_is_over_comes_back_by_nothing() -> None:
    """Its handler may end later than it."""
    crowd = Crowd()
    [(_, connection)] = crowd.made("a")
    connection.connection_lost(None)
    crowd.all.put_last(connection)
    assert len(crowd.all) == 0


def test_what_is_overdue_ends() -> None:
    """All of them are looked at."""
    crowd = Crowd()
    came = crowd.come("a", "b")
    crowd.now = MOST_SECONDS + 0.1
    came += crowd.come("c")
    crowd.all.end_overdue()
    assert still(came) == "..x"


def test_answers_take_so_much_memory() -> None:
    """Whoever has taken it for longest ends first; small ones stay, and one alone may be of any length."""
    crowd = Crowd()
    came = crowd.come("a", "b", "c", "d")
    for transport, size in zip(came, (60_000, 6 * 2**20, 9 * 2**20, 6 * 2**20), strict=True):
        transport.unsent = size
    crowd.all.end_overdue()
    assert still(came) == "x.xx"
    came[3].unsent = 100 * 2**20
    crowd.all.end_overdue()
    assert still(came) == "x..x"
    crowd.all.end_overdue()
    assert still(came) == "x..x"


def test_bodies_take_so_much_memory() -> None:
    """As soon as they have come; whoever sends his whole body is not kept from it by those who don't."""
    crowd = Crowd()
    crowd.all = Connections(asyncio.Protocol, 100, 100, lambda: crowd.now)
    made = crowd.made(*"a" * 40)
    body = b"x" * 262_000
    for _, connection in made:
        connection.data_received(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 262144\r\n\r\n" + body)
    ended = still([transport for transport, _ in made])
    assert ended == "." * ended.count(".") + "x" * ended.count("x")
    assert 14 <= ended.count("x") <= 16
