"""docs/reference.md: each example, run as it stands there, on real servers."""

from __future__ import annotations

import ast
import itertools
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from examples import REFERENCE, named_examples, sessions
from gateway import Gateway
from real.conftest import DEFAULTS
from real.server import Kamailio, wait_for
from real.test_readme import KEMI_CFG, NATIVE_CFG, NOBODY, start_readme

__all__ = ["start_readme"]

# A call that changes something is made once; a question is asked until the answer is the one shown.
QUESTIONS = (
    "is_alive",
    "state",
    "info",
    "sorted",
    "alive",
    "pick",
    "targets",
    "is_group_alive",
    "list",
    '"sip:',
)


@pytest.fixture(scope="module")
def reference_server(checked_kind: str) -> Iterator[Kamailio]:
    """A server of their own: some examples concern all destinations."""
    with Kamailio(checked_kind, "scenario.cfg", DEFAULTS) as server:
        yield server
    server.forget()


@dataclass
class Session:
    """An example at work: its lines are played one after the other."""

    server: Kamailio
    gateway: Gateway
    log_before: int = 0
    asked: list[str] = field(default_factory=list)

    def real(self, text: str) -> str:
        """Put this machine's addresses in the place of the example's."""
        here = text.replace("192.168.10.1:5060", f"127.0.0.1:{self.server.port}")
        here = here.replace("192.168.10.20:5060", self.gateway.uri.removeprefix("sip:"))
        here = here.replace("192.168.10.20", self.gateway.uri.removeprefix("sip:"))
        return here.replace("sip:192.168.10.21", NOBODY)

    def play(self, text: str) -> None:
        """Play all lines; every line means something."""
        lines = iter(text.splitlines())
        for line in lines:
            if line.startswith(">>> "):
                self.ask(line.removeprefix(">>> "), next(lines))
            elif line.startswith("# "):
                self.act(line.removeprefix("# "))
            else:
                pytest.fail(f"what does {line!r} mean?")

    def ask(self, expression: str, answer: str) -> None:
        """See to it that a worker answers as shown."""
        expression, answer = self.real(expression), self.real(answer)
        self.asked.append(expression)

        def given() -> str:
            return str(self.server.call("evaluate", expression))

        if expression.removeprefix("keepalive.").startswith(QUESTIONS):
            wait_for(f"{answer} to {expression}", lambda: given() == answer)
        else:
            assert given() == answer, expression

    def act(self, line: str) -> None:
        """Do or see what a comment says."""
        line = self.real(line)
        if match := re.fullmatch(r'the gateway answers (\d+)(?: with "(.+)")?', line):
            self.gateway.code = int(match[1])
            self.gateway.headers = [match[2]] if match[2] else []
        elif match := re.fullmatch(r"an operator sets (\w+) to (\d+)", line):
            self.server.rpc("cfg.seti", "keepalive", match[1], int(match[2]))
            # The prober looks at the settings once a second.
            order = f"(kamcmd cfg): {match[1]} "
            said = f" -> {match[2]}"
            wait_for(
                "the order", lambda: [line for line in self.server.log_lines(order) if line.endswith(said)]
            )
        elif match := re.fullmatch(r"an operator sets (\w+) to ([a-z]+)", line):
            self.server.rpc("cfg.sets", "keepalive", match[1], match[2].removeprefix("nothing"))
        elif line == "the gateway is silent":
            self.gateway.silent = True
        elif match := re.fullmatch(r"pings come ([\d.]+) s apart", line):
            # A tick is 0.1 s, and so is its share of the error on either side.
            gaps = self.gaps(3)
            assert all(-0.15 < gap - float(match[1]) < 0.35 for gap in gaps), gaps
        elif line == "pings come unevenly":
            gaps = self.gaps(8)
            assert max(gaps) - min(gaps) > 0.15, gaps
        elif match := re.fullmatch(r"no ping comes for (\d+) s", line):
            wait_for(line, lambda: time.monotonic() - self.gateway.requests[-1].at > int(match[1]))
        elif match := re.fullmatch(r'a ping has "(.+)"', line):
            wait_for(line, lambda: any(match[1] in each.text for each in list(self.gateway.requests)))
        elif match := re.fullmatch(r'the log has "(.+)"', line):
            wait_for(line, lambda: match[1] in self.server.log[self.log_before :])
        else:
            pytest.fail(f"what does {line!r} mean?")

    def gaps(self, number: int) -> list[float]:
        """Return the seconds between the next pings."""
        # The next two may still be of the interval before, or the first one of all.
        first = len(self.gateway.pings) + 1
        pings = wait_for(
            f"{number + 1} pings",
            lambda: found if len(found := self.gateway.pings[first:]) > number else None,
            20,
        )
        return [b.at - a.at for a, b in itertools.pairwise(pings)]


@pytest.mark.parametrize("name", list(sessions()))
def test_an_example(reference_server: Kamailio, gateway: Gateway, name: str) -> None:
    """The example goes as the reference says."""
    session = Session(reference_server, gateway, len(reference_server.log))
    try:
        session.play(sessions()[name])
    finally:
        for owner in ("docs", "billing"):
            reference_server.call("del_destination", gateway.uri, owner)
        print(reference_server.log[session.log_before :])


def test_every_answer_is_python() -> None:
    """What stands below a call is a value; no example is without a call."""
    for name, text in sessions().items():
        lines = text.splitlines()
        assert any(line.startswith(">>> keepalive.") for line in lines), name
        for line, following in itertools.pairwise(lines):
            if line.startswith(">>> "):
                ast.literal_eval(following)


def test_the_list_file(start_readme, gateway: Gateway) -> None:
    """On real servers: the good lines are monitored with their options, the bad one is named."""
    head = named_examples()["kemi.py"].split("def mod_init")[0]
    script = head + named_examples(REFERENCE)["list_file.py"].replace("/etc/kamailio/", "FOLDER/")
    files = {"keepalive.list": named_examples(REFERENCE)["keepalive.list"]}
    server = start_readme(KEMI_CFG + named_examples()["kemi.cfg"], script, files)
    server.logged(f"{gateway.uri} unknown -> up")
    server.logged(f"{NOBODY} unknown -> down")
    server.logged("line 4: bad destination 'sip:bad:port'")


def test_the_state_file(start_readme, gateway: Gateway) -> None:
    """The file is there within seconds, with the destination in it."""
    head = named_examples()["kemi.py"].split("def mod_init")[0]
    script = head + named_examples(REFERENCE)["state_file.py"].replace("/var/lib/kamailio/", "FOLDER/")
    server = start_readme(KEMI_CFG + named_examples()["kemi.cfg"], script)
    server.logged(f"{gateway.uri} unknown -> up")
    file = server.folder / "keepalive.state"
    lines = wait_for(
        "the state file",
        lambda: file.exists() and '"200 ' in (text := file.read_text()) and text.splitlines(),
    )
    assert lines[0] == '["keepalive-state-5"]'
    assert lines[-1].endswith(' {"end":1}')


def test_the_route_for_each_change(start_readme, gateway: Gateway) -> None:
    """The lines that it logs are there, each once."""
    modules = NATIVE_CFG + 'loadmodule "xlog.so"\n'
    server = start_readme(modules + named_examples(REFERENCE)["changed.cfg"] + "request_route { exit; }")
    server.logged("unknown -> up")
    gateway.silent = True
    assert len(server.logged(f"{gateway.uri} is down: no reply in ")) == 1
    gateway.silent = False
    assert len(server.logged(f"{gateway.uri} is back")) == 1


def test_going_through_a_group(start_readme, gateway: Gateway) -> None:
    """A call goes to the best, then to the next; with nobody alive it is refused."""
    other = Gateway()
    cfg = named_examples(REFERENCE)["group.cfg"].replace("/etc/kamailio/keepalive", "FOLDER/keepalive")
    files = {"keepalive.list": f"{other.uri} group=carriers\n{gateway.uri} group=carriers priority=1\n"}
    server = start_readme(NATIVE_CFG + cfg, more=files, KEEPALIVE_PING_INTERVAL=3600)
    for each in (gateway, other):
        server.logged(f"{each.uri} unknown -> up")
    gateway.invite_code = gateway.code = 503
    assert server.message("hello")[0] == 200
    assert [sum(each.method == "MESSAGE" for each in one.requests) for one in (gateway, other)] == [1, 1]
    other.close()


def test_a_script_of_ones_own(start_readme, gateway: Gateway) -> None:
    """Its function answers beside keepalive's."""
    examples = named_examples(REFERENCE)
    cfg = examples["own-script.cfg"].replace("/etc/kamailio/script.py", "FOLDER/script.py")
    server = start_readme(NATIVE_CFG + cfg, examples["own_script.py"])
    server.logged(f"{gateway.uri} unknown -> up")
    assert server.message("hello")[0] == 404
