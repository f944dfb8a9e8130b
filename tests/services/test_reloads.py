"""A reload of the script that fails changes nothing, and what Kamailio calls answers with an int."""

import importlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from conftest import FakeServer

SCRIPT = """
import keepalive

VERSION = 1
STARTS = []

class Router(keepalive.Handlers):
    def child_init(self, rank):
        STARTS.append(rank)
        return 0

    def ksr_request_route(self, msg):
        return VERSION

def mod_init():
    return Router()
"""
FAILURES = {
    "a syntax error": ("def mod_init():", "def (:", "SyntaxError: invalid syntax (a_script.py, line 15)"),
    "a NUL": ("VERSION = 1", "VERSION = '\0'", "null bytes"),
    "a line that raises": ("VERSION = 1", "VERSION = 2\n1 / 0", "ZeroDivisionError: division by zero"),
    "a missing import": ("import keepalive", "import keepalive, not_there", "No module named 'not_there'"),
    "an exit": ("VERSION = 1", "raise SystemExit(1)", "SystemExit: 1"),
    "an interrupt": ("VERSION = 1", "raise KeyboardInterrupt", "KeyboardInterrupt"),
    "no memory": ("VERSION = 1", "raise MemoryError", "MemoryError"),
    "too deep a recursion": ("VERSION = 1", "def f(): f()\nf()", "RecursionError: maximum recursion depth"),
    "no mod_init": ("def mod_init", "def main", "it has no mod_init"),
    "a mod_init that is no function": ("def mod_init():\n    return Router()", "mod_init = 1", "no mod_init"),
    "a mod_init that raises": ("return Router()", "raise OSError('no file')", "OSError: no file"),
    "a mod_init that exits": ("return Router()", "raise SystemExit", "SystemExit"),
    "a mod_init without an answer": ("return Router()", "Router()", "returned None, which has no child_init"),
    "a mod_init with a class": ("return Router()", "return 7", "returned 7, which has no child_init"),
    "a class without the handlers": (
        "(keepalive.Handlers)",
        "",
        "which has no ksr_keepalive_callbacks",
    ),
    "a class without a request route": (
        "def ksr_request_route",
        "def request_route",
        "which has no ksr_request_route",
    ),
    "a handler that is the class": (
        "return Router()",
        "return Router",
        "its child_init can't be called as Kamailio does: missing a required argument: 'rank'",
    ),
    "a route that is none": (
        "def ksr_request_route",
        "ksr_onsend_route = None\n\n    def ksr_request_route",
        "which has no ksr_onsend_route",
    ),
    "a child_init that is none": (
        "def child_init",
        "child_init = 5\n\n    def init",
        "which has no child_init",
    ),
    "a child_init without its rank": (
        "self, rank):",
        "self):\n        rank = 7",
        "its child_init can't be called",
    ),
    "a route that can't be read": (
        "def ksr_request_route(self",
        "@property\n    def ksr_request_route(self",
        "TypeError",
    ),
    "an error that says nothing": (
        "VERSION = 1",
        "class Bad(Exception):\n    def __str__(self):\n        raise self\nraise Bad",
        "Bad: what it says can't be read",
    ),
    "a handler that fails at each question": (
        "return Router()",
        "class Bad:\n        def __getattr__(self, name):\n            raise OSError(name)\n    return Bad()",
        "OSError: child_init",
    ),
    "words without an end": ("VERSION = 1", "raise ValueError('x' * 100_000)", "ValueError: xxx"),
}
"""what goes wrong: what the script has, what the new one has instead, and what is told"""


class Script:
    """A script in one process of the fake server, started and reloaded as Kamailio does."""

    def __init__(self, file: Path, keepalive: ModuleType) -> None:
        self.file = file
        file.write_text(SCRIPT)
        self.reloads: Any = sys.modules["keepalive_core.services.reloads"]
        self.reloads._process.script = file.stem
        self.module = importlib.import_module(file.stem)
        self.handler: Any = None
        self._call()

    def _call(self) -> None:
        handler = self.module.mod_init()
        # Kamailio takes the handler before it asks it for its child_init.
        self.handler = handler
        answer = handler.child_init(1)
        assert type(answer) is int
        assert answer >= 0

    def reload(self, text: str) -> None:
        self.file.write_text(text)
        self.module = importlib.reload(self.module)
        self._call()

    @property
    def version(self) -> int:
        version: int = self.handler.ksr_request_route(None)
        return version


@pytest.fixture
def script(tmp_path: Path, keepalive: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Iterator[Script]:
    """A script that runs."""
    monkeypatch.syspath_prepend(str(tmp_path))
    yield Script(tmp_path / "a_script.py", keepalive)
    del sys.modules["a_script"]


@pytest.mark.parametrize("failure", FAILURES)
def test_a_reload_that_fails_changes_nothing(script: Script, server: FakeServer, failure: str) -> None:
    """Whatever is wrong with it: one line, the old script goes on; the next one that is right is taken."""
    old, new, words = FAILURES[failure]
    handler, names = script.handler, set(vars(script.module))
    script.reload(SCRIPT.replace(old, new))
    assert script.handler is handler
    assert script.version == 1
    assert script.module.STARTS == [1]  # it was not started a second time
    assert set(vars(script.module)) == names
    [line] = server.ksr.lines("err")
    assert str(script.file) in line
    assert words in line
    assert len(line) < 1000
    script.reload(SCRIPT.replace(old, new))
    assert script.version == 1
    script.reload(SCRIPT.replace("VERSION = 1", "VERSION = 3"))
    assert script.handler is not handler
    assert script.version == 3
    assert len(server.ksr.lines("err")) == 2


def test_a_script_that_is_gone_is_no_reason_to_end(script: Script, server: FakeServer) -> None:
    """A reload while the file is missing, or no file, is refused."""
    script.file.unlink()
    script.module = importlib.reload(script.module)
    script._call()
    script.file.mkdir()
    script.module = importlib.reload(script.module)
    script._call()
    script.file.rmdir()
    os.mkfifo(script.file)  # to read it would take for ever
    script.module = importlib.reload(script.module)
    script._call()
    assert script.version == 1
    gone, *others = server.ksr.lines("err")
    assert "No such file" in gone
    assert ["it is no regular file" in line for line in others] == [True, True]
    script.file.unlink()
    script.reload(SCRIPT)


@pytest.mark.parametrize("at", ["VERSION = 1", "    return Router()"])
def test_a_reload_that_fails_takes_back_its_parameters(
    script: Script, keepalive: ModuleType, at: str
) -> None:
    """What a script sets before it fails is not in force; what one sets that is taken is."""
    script.reload(SCRIPT.replace("VERSION = 1", "VERSION = 2\nkeepalive.modparam('fall', 3)"))
    indent = " " * (len(at) - len(at.lstrip()))
    said = (
        f"{indent}keepalive.modparam('fall', 9)\n{indent}keepalive.modparam('rise', 7)\n{indent}1 / 0\n{at}"
    )
    script.reload(SCRIPT.replace(at, said))
    assert script.version == 2
    keepalive.add_destination("sip:192.168.10.20", "me")
    known = keepalive.info("sip:192.168.10.20")
    assert (known["rise"], known["fall"]) == (1, 3)


@pytest.mark.parametrize(
    "of_its_own",
    [
        "r.child_init = lambda rank: 1 / 0",
        "r.child_init = lambda rank: None",
        "Router.child_init = staticmethod(lambda rank: None)",
        "import functools; r.child_init = functools.partial(int, 'x')",
        "r.ksr_reply_route = lambda msg: None",
    ],
)
def test_a_handler_with_methods_of_its_own(script: Script, of_its_own: str) -> None:
    """They answer with an int as those of its class do, after this reload and the next one that fails."""
    new = SCRIPT.replace("VERSION = 1", "VERSION = 2")
    script.reload(new.replace("return Router()", f"r = Router(); {of_its_own}; return r"))
    assert script.version == 2
    assert script.handler.ksr_reply_route(None) == 1
    handler = script.handler
    script.reload("1 / 0")
    assert script.handler is handler


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (
            "raise RuntimeError('x')",
            "child_init failed after a reload, the new script goes on: RuntimeError: x",
        ),
        ("raise SystemExit", "SystemExit"),
        ("return -1", "child_init answered -1 after a reload"),
        ("return None", ""),
        ("return 'x'", "Router.child_init returned 'x', and Kamailio needs an int: it gets 0"),
    ],
)
def test_a_child_init_that_fails_after_a_reload(
    script: Script, server: FakeServer, body: str, words: str
) -> None:
    """The new script is in use by then, and goes on; nothing calls it again and again."""
    new = SCRIPT.replace("VERSION = 1", "VERSION = 2").replace("STARTS.append(rank)", body)
    script.reload(new)
    assert script.version == 2
    errors = server.ksr.lines("err")
    assert [words in line for line in errors] == [True] * bool(words)


def test_a_child_init_that_fails_at_the_start_is_heard(keepalive: ModuleType) -> None:
    """At the start Kamailio tells of it, and ends: so it is passed on."""

    class Router(keepalive.Handlers):
        def child_init(self, rank):
            if rank:
                raise RuntimeError("no database")
            return -1

    with pytest.raises(RuntimeError, match="no database"):
        Router().child_init(1)
    assert Router().child_init(0) == -1


def test_only_the_script_is_guarded(script: Script, tmp_path: Path) -> None:
    """What else is reloaded by somebody fails as it would."""
    other = tmp_path / "another.py"
    other.write_text("def mod_init(): ...\n")
    module = importlib.import_module("another")
    other.write_text("1 / 0\n")
    with pytest.raises(ZeroDivisionError):
        importlib.reload(module)
    del sys.modules["another"]


class Beside:
    """A class of the user's that is no Handlers, and comes first."""

    def ksr_request_route(self, msg):
        return None


def test_what_kamailio_calls_answers_with_an_int(keepalive: ModuleType, server: FakeServer) -> None:
    """None, text and numbers that are too big reach nobody; answers that are ints do as they are."""

    class Router(keepalive.Handlers):
        answer: object = None

        def child_init(self, rank):
            return self.answer

        def ksr_reply_route(self, msg):
            return self.answer

        def ksr_request_route(self, msg):
            return self.answer

        def ksr_keepalive_reply(self, msg):
            return self.answer

        def ksr_route_number(self, msg):
            return self.answer

    router = Router()
    called = (router.ksr_reply_route, router.ksr_request_route, router.ksr_keepalive_reply)
    assert [call(None) for call in called] == [1, 1, 1]
    assert router.child_init(1) == 0
    assert server.ksr.lines("err") == []
    assert router.ksr_route_number(None) is None  # the user's own, called by the user
    for router.answer in ("x", 1.5, 1 << 31, 1 << 70, [None] * 1000):
        assert [call(None) for call in called] == [1, 1, 1]
    assert all(len(line) < 200 for line in server.ksr.lines("err"))
    for router.answer in (0, -1, -255, 2, True):
        assert [call(None) for call in called] == [router.answer] * 3


def test_the_methods_of_all_bases_answer_with_an_int(keepalive: ModuleType) -> None:
    """A base that knows nothing of keepalive, a class of a class, super(): all the same."""

    class Router(Beside, keepalive.Handlers): ...

    class Special(Router):
        def ksr_request_route(self, msg):
            return super().ksr_request_route(msg)

        def child_init(self, rank):
            super().child_init(rank)

    assert Router().ksr_request_route(None) == 1
    assert Special().ksr_request_route(None) == 1
    assert Special().child_init(1) == 0
    assert Beside().ksr_request_route(None) is None
    assert keepalive.mod_init().child_init(1) == 0


def test_a_reload_is_asked_for_after_a_look(
    script: Script, keepalive: ModuleType, server: FakeServer, tmp_path: Path
) -> None:
    """A good script is reloaded by Kamailio's command; a draft beside it is looked at only."""
    asked = []
    server.ksr.rpc = lambda method, parameters: asked.append((method, parameters))
    assert keepalive.reload_script() == 0
    assert asked == [("app_python.reload", [])]
    link = tmp_path / "link.py"
    link.symlink_to(script.file)
    assert keepalive.reload_script(str(link)) == 0
    assert len(asked) == 2
    draft = tmp_path / "draft.py"
    draft.write_text("from router import *\n")
    assert keepalive.reload_script(str(draft)) == 0
    assert len(asked) == 2
    assert "nothing is reloaded" in server.ksr.lines("info")[-1]


@pytest.mark.parametrize("failure", ["a syntax error", "a NUL", "no mod_init"])
def test_what_can_be_seen_to_fail_is_not_reloaded(
    script: Script, keepalive: ModuleType, server: FakeServer, failure: str
) -> None:
    """A look tells before Kamailio is asked: -1, one line, no command."""
    asked = []
    server.ksr.rpc = lambda method, parameters: asked.append(method)
    old, new, _ = FAILURES[failure]
    script.file.write_text(SCRIPT.replace(old, new))
    assert keepalive.reload_script() == -1
    assert keepalive.NativeHandlers().reload_script(None) == -1
    assert asked == []
    for line in server.ksr.lines("err"):
        assert f"reload_script: {script.file} is not reloaded: " in line


@pytest.mark.parametrize("path", ["/not/there.py", "/tmp", "a\0b", 7, "x" * 5000])
def test_what_is_no_file_is_not_reloaded(
    script: Script, keepalive: ModuleType, server: FakeServer, path: object
) -> None:
    """A path of nothing, of a folder, of nonsense: -1 and one line."""
    assert keepalive.reload_script(path) == -1
    [line] = server.ksr.lines("err")
    assert len(line) < 1000
    assert "Traceback" not in line


def test_a_fifo_is_not_read(script: Script, keepalive: ModuleType, tmp_path: Path) -> None:
    """It would be read for ever."""
    os.mkfifo(tmp_path / "fifo.py")
    assert keepalive.reload_script(str(tmp_path / "fifo.py")) == -1


def test_without_a_command_nothing_is_reloaded(
    script: Script, keepalive: ModuleType, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If Kamailio refuses, or has no jsonrpcs, the answer is -1 with the reason."""
    assert keepalive.reload_script() == -1
    assert "app_python.reload is refused: {'code': 500" in server.ksr.lines("err")[-1]
    monkeypatch.setattr(sys.modules["keepalive_core.kamailio.rpc"], "KSR", object())
    assert keepalive.reload_script() == -1
    assert "load jsonrpcs.so" in server.ksr.lines("err")[-1]


def test_an_exit_in_a_handler_reaches_nobody(
    keepalive: ModuleType, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a signal's handler raises in the middle of ours is logged, and Kamailio gets an int."""

    def beat() -> None:
        raise SystemExit

    monkeypatch.setattr(sys.modules["keepalive_core.services.watch"].the_watch, "beat", beat)
    assert keepalive.Handlers().ksr_keepalive_watch(None) == 1
    assert "failed" in server.ksr.lines("err")[0]
