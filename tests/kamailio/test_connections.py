"""What peers said over connections, and nobody has read."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path
from typing import TypeVar

import pytest

from keepalive_core.kamailio import connections
from keepalive_core.kamailio.connections import Connections
from keepalive_core.rules.listening import BEAT
from keepalive_core.rules.schedule import SECOND
from real.server import wait_for

T = TypeVar("T")


def test_what_a_peer_said_over_a_connection(connection: tuple[socket.socket, socket.socket]) -> None:
    """It is unread until somebody reads it; a tenth of a second is the same moment."""
    ours, theirs = connection
    now = [SECOND]
    known = Connections(lambda: now[0], lambda: None)
    host, port = theirs.getsockname()

    def is_unread() -> bool:
        now[0] += BEAT
        return known.unread_from(host, port)

    assert not is_unread()
    theirs.send(b"SIP/2.0 200 OK")
    wait_for("the kernel's word", is_unread)
    assert known.unread_from("", port), "a name stands for any address"
    assert not known.unread_from("", port + 1)
    ours.recv(100)
    assert known.unread_from(host, port), "as it was a moment ago"
    assert not is_unread()
    assert not known.unread_from(*ours.getsockname()), "nobody says anything to itself"
    assert not known.unread_from("[2001:db8::1]", 5060)
    theirs.shutdown(socket.SHUT_WR)
    wait_for("the connection's end, which is unread too", is_unread)


@pytest.mark.parametrize("whose", ["ours", "another program's", "nobody knows"])
@pytest.mark.parametrize("named", [False, True])
def test_what_another_program_did_not_read(
    connection: tuple[socket.socket, socket.socket], whose: str, named: bool
) -> None:
    """It is no witness, even though the peer is the same; if nobody knows whose it is, it is one."""
    ours, theirs = connection
    host, port = theirs.getsockname()
    number = str(os.fstat(ours.fileno()).st_ino)
    known: set[str] | None = {"ours": {"1", number}, "another program's": {"1"}}.get(whose)
    theirs.send(b"x")
    wait_for("the kernel's word", lambda: connections._look(connections._UNREAD))
    asked = Connections(lambda: SECOND, lambda: known)
    assert asked.unread_from("" if named else host, port) == (whose != "another program's")


@pytest.mark.parametrize("slow", ["the kernel's table", "Kamailio's descriptors"])
def test_a_look_takes_half_of_the_time_at_the_most(
    connection: tuple[socket.socket, socket.socket], monkeypatch: pytest.MonkeyPatch, slow: str
) -> None:
    """Of thousands of connections a look takes longer than it would hold: not each silent peer costs one."""
    now, looked = [SECOND], [0]
    look = connections._look
    theirs = connection[1]

    def is_slow(answer: T) -> T:
        now[0] += SECOND
        looked[0] += 1
        return answer

    if slow == "the kernel's table":
        monkeypatch.setattr(connections, "_look", lambda wanted: is_slow(look(wanted)))
    theirs.send(b"x")
    wait_for("the kernel's word", lambda: look(connections._UNREAD))
    known = Connections(lambda: now[0], lambda: is_slow(None) if slow == "Kamailio's descriptors" else None)
    ends = 0
    while now[0] < 20 * SECOND:
        ends += known.unread_from(*theirs.getsockname())
        now[0] += SECOND // 1000
    assert looked[0] <= 11
    assert ends > 5000


@pytest.mark.parametrize(
    ("peer", "unread"),
    [
        ("127.0.0.1:5060", True),
        ("127.0.0.1:5061", False),
        ("127.0.0.2:5060", False),
        ("[2001:db8::1]:5061", True),
        ("[2001:db8::2]:5061", False),
    ],
)
def test_the_kernels_tables(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, peer: str, unread: bool) -> None:
    """Addresses stand there in hexadecimal words of the machine, the port behind them."""

    def words(*numbers: int) -> str:
        return "".join(
            f"{int.from_bytes(number.to_bytes(4, 'big'), sys.byteorder):08X}" for number in numbers
        )

    six = (0x20010DB8, 0, 0)
    rest = "00:00000000 00000000     0        0 1 1 0 20 4 30 10 -1"
    lines = [
        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode",
        f"   0: {words(0x0A000001)}:9C40 {words(0x7F000001)}:13C4 01 00000000:0000015C {rest}",
        f" 100: {words(0x0A000001)}:9C40 {words(0x7F000001)}:13C5 01 0000015C:00000000 {rest}",
        f"1001: {words(*six, 9)}:9C40 {words(*six, 1)}:13C5 01 00000000:00000001 {rest}",
        f"1002: {words(*six, 9)}:9C40 {words(*six, 2)}:13C5 01 00000000:00000000 {rest}",
    ]
    table = tmp_path / "tcp"
    table.write_text("\n".join(lines) + "\n")
    monkeypatch.setattr(connections, "_TABLES", (table, tmp_path / "of no IPv6"))
    host, _, port = peer.rpartition(":")
    assert Connections(lambda: SECOND, lambda: None).unread_from(host, int(port)) == unread
