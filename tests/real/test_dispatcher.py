"""The example of dispatcher on real servers: whoever else changes its sets, they obey."""

from __future__ import annotations

from gateway import Gateway
from real.provider import Provider
from real.server import ROOT, Kamailio, wait_for
from real.test_examples import files_of, flags
from real.test_router import call, invites

LIST = "1 {0} 0 20\n1 {1} 0 10\n"


def become(server: Kamailio, *wanted: str) -> None:
    """Wait until the destinations of the set are in these states, in the order of their priority."""
    wait_for(f"{wanted}", lambda: tuple(flags(server).values()) == wanted, 6)


def start_set(start, gateways: list[Gateway], **given: object) -> Kamailio:
    """Start the example's server."""
    files = files_of("dispatcher", gateways)
    server: Kamailio = start("kamailio.cfg", files=files, KEEPALIVE_DIR=ROOT / "kemi", **given)
    for gateway in gateways:
        server.logged(f"{gateway.uri} unknown -> up")
    return server


def mark(server: Kamailio, state: str, gateway: Gateway) -> None:
    server.rpc("dispatcher.set_state", state, 1, gateway.uri)


def test_whoever_else_changes_the_sets(start, gateways: list[Gateway]) -> None:
    """What is disabled stays so, a mark is a failed ping, a reload revives nobody, a fight is told."""
    server = start_set(start, gateways)
    first, second = gateways
    mark(server, "d", second)
    # As ds_mark_dst does it. With fall 1 it is down, until a ping is answered.
    mark(server, "ip", first)
    server.logged(f"{first.uri} up -> down: reported failing: dispatcher set 1: marked as failed")
    server.logged(f"{first.uri} down -> up")
    become(server, "AX", "DX")
    first.silent = True
    server.logged(f"{first.uri} up -> down: no reply")
    become(server, "IX", "DX")
    server.rpc("dispatcher.reload")
    # It makes all active, and so forgets what was disabled.
    become(server, "IX", "AX")
    for _ in range(3):
        mark(server, "a", first)
        become(server, "IX", "AX")
    server.logged(
        f"dispatcher set 1: somebody else makes {first.uri} A again and again, while it is down here"
    )
    first.silent = False
    become(server, "AX", "AX")
    assert server.errors == []


def test_a_call_that_fails_takes_nobody_out_for_ever(start, gateways: list[Gateway]) -> None:
    """ds_mark_dst counts as one failed ping: the call goes to the second, the next one to the first again."""
    server = start_set(start, gateways, KEEPALIVE_FALL=3)
    server.logged("dispatcher's sets are followed: 2 destinations")
    gateways[0].invite_code = 503
    call(server, "invite.xml")
    assert [invites(gateway) for gateway in gateways] == [1, 1]
    become(server, "AX", "AX")
    gateways[0].invite_code = 0
    call(server, "invite.xml")
    assert [invites(gateway) for gateway in gateways] == [2, 1]
    assert not server.log_lines("-> down")
    assert server.errors == []


def test_the_sets_come_and_go(start, gateways: list[Gateway]) -> None:
    """A reload of the list brings in what is new, and what it has no more is pinged no more."""
    server = start_set(start, gateways)
    third = Gateway()
    (server.folder / "dispatcher.list").write_text(
        LIST.format(gateways[0].uri, f"{third.uri} 0 10 ping_from=sip:a@b.c")
    )
    server.rpc("dispatcher.reload")
    server.logged(f"{third.uri} unknown -> up")
    server.logged("dispatcher's sets are followed: 2 destinations, 1 have left")
    assert any("a@b.c" in str(ping) for ping in third.requests)
    third.close()


def test_a_database_is_as_good_as_a_file(start, gateways: list[Gateway]) -> None:
    """The sets of a table obey, and the attributes of a destination are those of its pings."""
    files = files_of("dispatcher", gateways)
    files["kamailio.cfg"] = (
        files["kamailio.cfg"]
        .replace(
            'modparam("dispatcher", "list_file", "FOLDER/dispatcher.list")',
            'modparam("dispatcher", "db_url", "text://FOLDER")',
        )
        .replace('loadmodule "dispatcher.so"', 'loadmodule "db_text.so"\nloadmodule "dispatcher.so"')
    )
    rows = [
        f"{number}:1:{gateway.uri.replace(':', chr(92) + ':')}:0:{30 - number}:ping_from=sip\\:table@b.c:one"
        for number, gateway in enumerate(gateways, 1)
    ]
    columns = "id(int,auto) setid(int) destination(string) flags(int) priority(int) attrs(string) "
    columns += "description(string)"
    files["dispatcher"] = "\n".join([f"{columns} ", *rows, ""])
    files["version"] = "table_name(string) table_version(int) \ndispatcher:4\n"
    server: Kamailio = start("kamailio.cfg", files=files, KEEPALIVE_DIR=ROOT / "kemi")
    for gateway in gateways:
        server.logged(f"{gateway.uri} unknown -> up")
    gateways[0].silent = True
    become(server, "IX", "AX")
    assert any("table@b.c" in str(ping) for ping in gateways[0].requests)
    assert server.errors == []


def test_a_name_in_a_set_follows_its_addresses(start, provider: Provider) -> None:
    """It is active while one of them is up, whoever marks it, and inactive when none is."""
    one, two = provider.gateway(), provider.gateway()
    other = provider.gateway()
    name = f"sip:{provider.say('carrier', '@ A %1', '@ A %2')}"
    files = files_of("dispatcher", [one, other])
    files["dispatcher.list"] = LIST.format(name, other.uri)
    server: Kamailio = start(
        "kamailio.cfg",
        files=files,
        resolver=provider.dns.address,
        KEEPALIVE_DIR=ROOT / "kemi",
        KEEPALIVE_DNS_EXPAND=1,
        KEEPALIVE_PING_INTERVAL=0.3,
        KEEPALIVE_PING_TIMEOUT=200,
    )
    server.logged(f"{name} unknown -> up")
    become(server, "AX", "AX")
    one.silent = True
    wait_for("the dead half", lambda: "no reply" in str(server.log_lines(f"{one.host}:5060")))
    become(server, "AX", "AX")
    server.rpc("dispatcher.set_state", "ip", 1, name)
    become(server, "AX", "AX")
    two.silent = True
    server.logged(f"{name} up -> down")
    become(server, "IX", "AX")
    two.silent = False
    become(server, "AX", "AX")
    assert server.errors == []
