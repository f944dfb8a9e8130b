"""Reloads of the script that fail: on a real server each of them ended Kamailio before it was guarded."""

import time

import pytest

from gateway import Gateway
from real.server import HERE, Kamailio, Launch, wait_for

UP = 1
GOOD = (HERE / "scenario.py").read_text().replace("os.path.dirname(__file__)", repr(str(HERE)))
CLASS = "class Router(keepalive.Handlers):\n"
BROKEN = {
    "SyntaxError": GOOD + "def (:\n",
    "RuntimeError: at the top": GOOD + 'raise RuntimeError("at the top")\n',
    "SystemExit": GOOD.replace("    return Router()", "    sys.exit()"),
    "RuntimeError: in mod_init": GOOD.replace("    return Router()", '    raise RuntimeError("in mod_init")'),
    "returned None": GOOD.replace("    return Router()", "    Router()"),
    "which has no child_init": GOOD.replace("(keepalive.Handlers)", ""),
    "what it says can't be read": GOOD
    + "class Bad(Exception):\n    def __str__(self):\n        raise self\nraise Bad\n",
    "which has no ksr_onsend_route": GOOD.replace(CLASS, CLASS + "    ksr_onsend_route = None\n\n"),
    "can't be called as Kamailio does": GOOD.replace("    return Router()", "    return Router"),
    "child_init failed": GOOD.replace(CLASS, CLASS + "    def child_init(self, rank):\n        1 / 0\n\n"),
    "Reloading script": GOOD.replace(
        CLASS, CLASS + "    def child_init(self, rank):\n        return None\n\n"
    ),
}
"""what the log says of a script"""


@pytest.fixture
def server(checked_kind: str, gateway: Gateway):
    """A server whose script can be changed."""
    settings = {
        "SCRIPT": "FOLDER/a_script.py",
        "KEEPALIVE_PING_INTERVAL": "0.2",
        "KEEPALIVE_DESTINATIONS": gateway.uri,
    }
    launch = Launch(children=2, files={"a_script.py": GOOD})
    with Kamailio(checked_kind, "scenario.cfg", settings, launch) as running:
        running.wait_for_state(gateway.uri, UP)
        yield running
        print(running.log)
    running.forget()


def test_a_failed_reload_ends_nothing(server: Kamailio, gateway: Gateway) -> None:
    """After each of them is_alive answers and pings go on; the good script at last is taken."""
    for words, script in BROKEN.items():
        before = len(server.log)
        (server.folder / "a_script.py").write_text(script)
        server.rpc("app_python.reload")
        # As long as it takes to end Kamailio each process has calls, of timers or of these requests.
        end = time.monotonic() + 0.6
        seen = len(gateway.pings)
        while time.monotonic() < end or len(gateway.pings) < seen + 2:
            assert server.call("is_alive", gateway.uri) == UP
            assert time.monotonic() < end + 10, "no pings"
        wait_for(words, lambda words=words, before=before: words in server.log[before:])
        assert "Error reloading script" not in server.log
    (server.folder / "a_script.py").write_text(
        GOOD.replace("value = getattr(where", "value = 7 or getattr(where")
    )
    server.rpc("app_python.reload")
    wait_for(
        "the new script in each worker",
        lambda: [server.call("state", gateway.uri) for _ in range(8)] == [7] * 8,
    )
    assert server.process.poll() is None


def test_what_a_script_says_no_more_is_in_force_no_more(server: Kamailio, gateway: Gateway) -> None:
    """A parameter and a group's option of a mod_init are gone with the next one, in every process."""
    server.call("add_destination", gateway.uri, "test", group="g")
    said = (
        "    keepalive.modparam('rise', 7)\n    keepalive.configure_group('g', fall=6)\n    return Router()"
    )
    for script, wanted in ((GOOD.replace("    return Router()", said), (7, 6)), (GOOD, (1, 1))):
        (server.folder / "a_script.py").write_text(script)
        server.rpc("app_python.reload")
        wait_for(f"rise and fall {wanted}", lambda wanted=wanted: criteria(server, gateway) == wanted)
        wait_for("what cfg.get shows", lambda wanted=wanted: shown_rise(server) == wanted[0])
    assert not server.log_lines("is refused")


def criteria(server: Kamailio, gateway: Gateway) -> tuple[int, int]:
    known = server.call("info", gateway.uri)
    return known["rise"], known["fall"]


def shown_rise(server: Kamailio) -> int:
    return int(server.rpc("cfg.get", "keepalive", "rise") or 1)
