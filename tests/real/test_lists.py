"""Lists and settings that operators change in a real server: what is wrong in them changes nothing."""

from __future__ import annotations

import json
import os
from pathlib import Path

from gateway import Gateway
from real.server import HERE, Kamailio, wait_for
from real.test_pings import DOWN, UP


def test_a_bad_list_changes_nothing(start, gateway: Gateway) -> None:
    """A slip in kamcmd's list of destinations loses none; a list that leaves nothing has to say so."""
    others = [f"sip:127.0.0.1:{port}" for port in range(9001, 9012)]
    server = start(KEEPALIVE_DESTINATIONS=" ".join([gateway.uri, *others]))
    server.wait_for_state(gateway.uri, UP)

    def destinations() -> int:
        return len(server.call("evaluate", "[each['uri'] for each in keepalive.list()]").split(","))

    for text, complaint in [
        ("sip:10.0.0.256", "bad destination 'sip:10.0.0.256': bad IPv4 address '10.0.0.256'"),
        (f"{gateway.uri} sip:10.0.0.256", "bad destination 'sip:10.0.0.256'"),
        (",", "all 12 destinations would go; begin the list with !force if that is meant"),
        (gateway.uri, "11 of 12 destinations would go, more than half; begin the list with !force"),
    ]:
        before = len(server.errors)
        server.rpc("cfg.sets", "keepalive", "destination", text)
        wait_for(complaint, lambda before=before: server.errors[before:])
        [line] = server.errors[before:]
        assert "keepalive.destination: nothing has changed: " in line
        assert complaint in line
        assert destinations() == 12
    server.rpc("cfg.sets", "keepalive", "destination", f"!force {gateway.uri}")
    wait_for("one destination", lambda: destinations() == 1)
    assert server.state(gateway.uri) == UP


def test_a_setting_that_is_no_utf_8(start, gateway: Gateway, tmp_path: Path) -> None:
    """It gets one line; other settings, the destinations, pings and enabled go on, from the start on."""
    other = Gateway()
    cfg = tmp_path / "latin-1.cfg"
    cfg.write_bytes(
        b'#!define KEEPALIVE_PING_FROM "sip:k\xe4@localhost"\n#!define KEEPALIVE_PING_HEADERS "X-A: \xff"\n'
        + f'include_file "{HERE / "scenario.cfg"}"\n'.encode()
    )
    server = start(cfg, KEEPALIVE_DESTINATIONS=gateway.uri, share=tmp_path)
    server.wait_for_state(gateway.uri, UP)
    assert server.logged("bad ping_from 'sip:k\\udce4@localhost': ")
    server.rpc("cfg.sets", "keepalive", "ping_method", "\udcffX")
    server.rpc("cfg.sets", "keepalive", "unknown_as", "error")
    server.rpc("cfg.sets", "keepalive", "destination", f"{gateway.uri} {other.uri}")
    server.wait_for_state(other.uri, UP)
    assert server.logged("bad ping_method '\\udcffX': ")
    assert server.logged("operator (kamcmd cfg): unknown_as up -> error")
    server.rpc("cfg.sets", "keepalive", "destination", f"{gateway.uri} sip:\udce4")
    assert server.logged("nothing has changed: bad destination 'sip:\\udce4'")
    gateway.code = 503
    server.wait_for_state(gateway.uri, DOWN)
    server.rpc("cfg.seti", "keepalive", "enabled", 0)
    server.logged("pings are paused")
    assert server.state(other.uri) == UP
    assert len(server.errors) == 4
    other.close()


def test_files_are_not_named_by_rpc(kamailio: Kamailio, tmp_path: Path) -> None:
    """Who may call RPCs can neither have a file read into the log nor one overwritten."""
    for name in ("list_file", "state_file"):
        try:
            kamailio.rpc("cfg.sets", "keepalive", name, str(tmp_path / "x"))
        except RuntimeError:
            continue
        raise AssertionError(f"{name} was set")


def test_a_list_file_that_is_none(start, gateway: Gateway, tmp_path: Path) -> None:
    """A file cut off, with a bad line, a FIFO in its place: a reload says -1 at once, and nothing is lost."""
    file = tmp_path / "keepalive.list"
    file.write_bytes(f"\ufeff{gateway.uri} fall=2\r\nsip:o'neil@127.0.0.1:9\r\n".encode())
    server = start(KEEPALIVE_LIST_FILE=file, share=tmp_path)
    server.wait_for_state(gateway.uri, UP)
    assert server.call("info", gateway.uri)["fall"] == 2
    assert server.state("sip:o'neil@127.0.0.1:9") >= 0
    for broken in (b"", b"\xff\xfe\0", f"{gateway.uri}\nsip:10.0.0.256\n".encode(), b"\0" * 5000):
        file.write_bytes(broken)
        assert server.call("reload") == -1
    file.unlink()
    assert server.call("reload") == -1
    os.mkfifo(file)
    assert server.call("reload") == -1
    file.unlink()
    assert server.state(gateway.uri) == UP
    assert server.state("sip:o'neil@127.0.0.1:9") >= 0
    assert max(map(len, server.log.splitlines())) < 1000
    file.write_text("")
    assert server.call("reload", force=True) == 0
    assert server.state(gateway.uri) == -1


def test_a_mode_for_ever(kamailio: Kamailio, gateway: Gateway) -> None:
    """set_admin takes no time that is none, and sets nothing then."""
    assert kamailio.call("add_destination", gateway.uri, "test") == 0
    for until in ("1e17", "float('inf')", "float('nan')", "10**5000", "-1", "'soon'"):
        expression = f"keepalive.set_admin({gateway.uri!r}, 'maint', {until})"
        assert kamailio.call("evaluate", expression) == "-1"
    assert kamailio.call("info", gateway.uri)["admin"] == {"mode": "ready"}
    assert json.loads(json.dumps(kamailio.call("info", gateway.uri)))
    kamailio.call("del_destination", gateway.uri, "test")
