"""The stubs have what real servers have, and each function takes what its stub says and nothing else."""

import json
import re
import socket
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import generate
from examples import named_examples
from places import ROOT
from real.server import NATIVE, Kamailio, Launch, wait_for

ABSENT = "no_such_module"
MODULES = [ABSENT, "corex", "htable", "kex", "maxfwd", "mqueue", "siputils", "statistics", "textops", "xlog"]
"""those that are in every Debian package of Kamailio, and bear to be called without being set up"""


@cache
def asked(kind: str) -> dict[str, Any]:
    """What inside/each_module.py says of these modules of a server, and of Kamailio itself."""
    here = ROOT / "stubs" / "inside"
    container = ["docker", "run", "--rm", "--init", "--network", "none", "-v", f"{here}:{here}:ro", kind]
    python = [sys.executable] if kind == NATIVE else [*container, "python3"]
    told = subprocess.run([*python, here / "each_module.py", *MODULES], check=True, stdout=subprocess.PIPE)
    found: dict[str, Any] = json.loads(told.stdout)
    return found


def test_the_stubs_have_what_a_server_has(kind: str) -> None:
    """Name by name, with the arguments that it takes."""
    server = generate.read(asked(kind))
    assert server.failures.keys() == {ABSENT}
    for place, stubs in server.places().items():
        file = ROOT / "stubs" / server.short / "KSR-stubs" / f"{place or '__init__'}.pyi"
        written = {line for line in file.read_text().splitlines() if line.startswith("def ")}
        assert written == {stub for same in stubs.values() for stub in same}, place


def functions(kind: str) -> list[dict[str, Any]]:
    """What is told of each function."""
    modules = asked(kind)["modules"].values()
    return [each for module in modules if "failed" not in module for each in module["functions"]]


def refusal(kind: str) -> list[object]:
    """What comes of arguments that a server does not take."""
    return ["SystemError" if asked(kind)["version"].startswith("5.") else "bool", True]


def test_other_arguments_are_refused(kind: str) -> None:
    """An argument less, and each one of a wrong type: 5.6 raises SystemError, later ones answer False."""
    outcomes = [outcome for each in functions(kind) for outcome in each["wrong"]]
    assert len(outcomes) > 500
    assert [each for each in outcomes if each != refusal(kind)] == []


def test_more_arguments_are_refused_by_5_6_alone(kind: str) -> None:
    """And by those of its functions only that take any."""
    strict = refusal(kind)[0] == "SystemError"
    for each in functions(kind):
        assert each["more"][1] == (strict and each["params"] != []), each["name"]


def test_what_can_not_be_loaded_has_its_reason(kind: str) -> None:
    """In the server's words, for stubs/MODULES.md; nothing of it changes from one time to the next."""
    server = generate.read(asked(kind))
    line = generate.left_out([server])[-1]
    assert line.startswith(
        f"{ABSENT}.so of {server.version} can't be loaded: ksr_locate_module(): could not find"
    )


@pytest.mark.full
def test_make_stubs_writes_what_is_here(image: str, tmp_path: Path) -> None:
    """All functions of all modules of a release are asked for, and called, anew."""
    server = generate.ask(image.partition(":")[2])
    generate.write_stubs(server, tmp_path)
    there = ROOT / "stubs" / server.short
    assert {file.relative_to(tmp_path): file.read_bytes() for file in tmp_path.rglob("*.*")} == {
        file.relative_to(there): file.read_bytes() for file in there.rglob("*.*")
    }
    assert "\n".join(generate.left_out([server])[2:]) in (ROOT / "stubs" / "MODULES.md").read_text()


CFG = """
debug=2
log_stderror=yes
auto_aliases=no
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "xlog.so"
loadmodule "textops.so"
loadmodule "jsonrpcs.so"
modparam("jsonrpcs", "transport", 4)
modparam("jsonrpcs", "dgram_socket", RPC)
loadmodule "app_python3.so"
modparam("app_python3", "load", "FOLDER/routing.py")
cfgengine "python"
"""


@pytest.mark.parametrize(
    ("cured", "complaint"),
    [
        (False, "has no attribute 'is_presnt'"),
        # 5.6 raises for the argument, later ones log what is wrong.
        (True, "(SystemError: .*send_reply|non-number parameter - func: send_reply)"),
    ],
)
def test_the_example_of_the_page_fails_as_mypy_said(kind: str, cured: bool, complaint: str) -> None:
    """It starts. When a request comes there is no such function; with that mended, no such argument."""
    script = named_examples()["stubs: routing.py"]
    asked_once(kind, script.replace("presnt", "present") if cured else script, complaint)


MODF = """
import KSR

class Router:
    def child_init(self, rank):
        return 0

    def ksr_request_route(self, msg):
        known, called = KSR.is_method("MESSAGE"), KSR.x.modf("is_method", "MESSAGE")
        KSR.info(f"is_method: {known}, modf: {called}\\n")
        return 1

    def ksr_reply_route(self, msg):
        return 1

    def ksr_onsend_route(self, msg):
        return 1

def mod_init():
    return Router()
"""


def test_modf_does_not_see_the_message(kind: str) -> None:
    """What stubs/MODULES.md says for leaving it out is so."""
    asked_once(kind, MODF, "is_method: True, modf: -1|exited by a signal 11")


def asked_once(kind: str, script: str, logged: str) -> None:
    """Run a script, send it a MESSAGE until something is logged, as clients do over UDP."""
    files = {"kamailio.cfg": CFG, "routing.py": script}
    with (
        Kamailio(kind, "kamailio.cfg", launch=Launch(children=1, files=files)) as server,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client,
    ):
        client.bind(("127.0.0.1", 0))
        request = server.request("", client.getsockname()[1])

        def is_logged() -> bool:
            client.sendto(request, ("127.0.0.1", server.port))
            return re.search(logged, server.log) is not None

        wait_for(logged, is_logged, step=0.3)
