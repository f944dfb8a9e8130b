"""Groups of thousands, on real servers: registered in no time, and enough of them answer at each moment."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from real.server import Kamailio, wait_for

NUMBER = 3000
PATTERN = "sip:127.8.{}.{}:9"
URIS = [PATTERN.format(number // 250, number % 250 + 1) for number in range(NUMBER)]


def registered(server: Kamailio) -> int:
    """Return how many destinations the tables have."""
    known = {each["name"]: each["all"] for each in server.rpc("htable.stats")}
    return int(known["keepalive_state"])


def test_a_group_of_thousands(start, tmp_path: Path) -> None:
    """Half of 3,000 answer at each moment while three workers change some of them all the time."""
    file = tmp_path / "keepalive.list"
    file.write_text("".join(f"{uri} group=thousands group_min_alive=50%\n" for uri in URIS))
    server = start(
        share=tmp_path,
        KEEPALIVE_LIST_FILE=file,
        KEEPALIVE_ENABLED=0,
        KEEPALIVE_UNKNOWN_AS="down",
    )
    wait_for("all are registered", lambda: registered(server) == NUMBER, 20)
    best = server.call("evaluate", "keepalive.alive('thousands')[::1499]")
    assert best == repr([URIS[0], URIS[NUMBER // 2 - 1]])
    with ThreadPoolExecutor(4) as clients:
        flapping = [clients.submit(server.call, "flap", URIS[at:NUMBER:100], 3, at) for at in range(3)]
        fewest = clients.submit(server.call, "fewest", "thousands", PATTERN, NUMBER, 2)
        changes = sum(each.result() for each in flapping)
        print(f"MEASURED: {changes} reports in 3 s; of 3,000 members {fewest.result()} answered at least")
        assert fewest.result() >= NUMBER // 2
    assert changes > 1000
    members = f"[f'sip:127.8.{{n // 250}}.{{n % 250 + 1}}:9' for n in range({NUMBER})]"
    answering = f"[uri for uri in {members} if keepalive.is_alive(uri) == 1]"
    assert server.call("evaluate", f"keepalive.alive('thousands') == {answering}") == "True"
    told = server.log_lines("group thousands: ")
    assert told
    assert max(map(len, told)) < 500
    assert not server.log_lines("was not true")
