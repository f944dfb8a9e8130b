"""POST /RPC, asked of the application as a client does."""

import asyncio
import json
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from cockpit_calls import A, B
from conftest import FakeServer

ADD = {"jsonrpc": "2.0", "method": "keepalive.add", "params": [A, "me"], "id": 1}


class Web:
    """A client of the application."""

    def __init__(self, server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
        self.server = server
        server.define("http", "unix:/run/kamailio/keepalive.sock")
        server.define("http_rpc", "core.uptime htable.dump")
        self.keepalive = server.process()
        from keepalive_core.cockpit import rpc_calls
        from keepalive_core.cockpit.access import Caller
        from keepalive_core.rules.http_access import Refusal
        from keepalive_core.rules.operator import Operator

        self.may_change = True

        def caller() -> Caller:
            refusal = None if self.may_change else Refusal(401, "a change over TCP needs the token")
            return Caller(Operator("anna", "unix socket"), refusal)

        monkeypatch.setattr(rpc_calls, "caller", caller)

    def post(self, body: bytes) -> tuple[int, bytes]:
        """Return the status and the body of an answer."""
        from aiohttp import web

        from keepalive_core.cockpit import rpc_calls

        async def ask() -> tuple[int, bytes]:
            app = web.Application()
            rpc_calls.serve(app)
            async with TestClient(TestServer(app)) as client:
                answer = await client.post("/RPC", data=body)
                said = await answer.read()
                assert not said or answer.content_type == "application/json"
                return answer.status, said

        return asyncio.run(ask())

    def ask(self, message: object) -> Any:
        """Return what is answered to a message."""
        status, body = self.post(json.dumps(message).encode())
        assert status == 200
        return json.loads(body)

    def call(self, method: str, *params: Any, id: Any = 1) -> Any:
        """Return the answer to a request."""
        return self.ask({"jsonrpc": "2.0", "method": method, "params": list(params), "id": id})


@pytest.fixture
def web(server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> Web:
    return Web(server, monkeypatch)


def test_a_request(web: Web) -> None:
    """Its result comes back with its id."""
    assert web.ask(ADD) == {"jsonrpc": "2.0", "result": "Ok. Destination added.", "id": 1}
    answer = web.call("keepalive.list", id="abc")
    assert answer["id"] == "abc"
    assert [each["uri"] for each in answer["result"]] == [A]


def test_a_notification(web: Web) -> None:
    """It is done, and answered by nothing, whether it went well or not."""
    for body in (
        {"jsonrpc": "2.0", "method": "keepalive.add", "params": [A, "me"]},
        {"jsonrpc": "2.0", "method": "keepalive.add", "params": [A, "me"]},
        {"jsonrpc": "2.0", "method": "nosuch"},
        [{"jsonrpc": "2.0", "method": "nosuch"}],
    ):
        assert web.post(json.dumps(body).encode()) == (204, b"")
    assert web.keepalive.state(A) == 0


def test_a_notification_that_is_not_allowed(web: Web) -> None:
    """It has no answer, but the status says that nothing was done."""
    web.may_change = False
    order = {"jsonrpc": "2.0", "method": "keepalive.add", "params": [A, "me"]}
    for body in (order, [order, {"jsonrpc": "2.0", "method": "keepalive.view"}]):
        assert web.post(json.dumps(body).encode()) == (401, b"")
    asked = {"jsonrpc": "2.0", "method": "keepalive.list", "id": 1}
    status, answers = web.post(json.dumps([order, asked]).encode())
    assert status == 401
    assert json.loads(answers) == [{"jsonrpc": "2.0", "result": [], "id": 1}]


def test_a_batch(web: Web) -> None:
    """Each request is done in its turn; what fails of one is nothing to the others."""
    answers = web.ask(
        [
            ADD,
            {**ADD, "id": "again"},
            {"jsonrpc": "2.0", "method": "keepalive.add", "params": [B, "me"]},
            {"jsonrpc": "2.0", "method": "nosuch", "id": 3},
            1,
            {"jsonrpc": "2.0", "method": "keepalive.list", "params": {"count": 1}, "id": None},
        ]
    )
    assert [answer["id"] for answer in answers] == [1, "again", 3, None, None]
    assert [answer.get("error", {}).get("code") for answer in answers] == [None, -32002, -32601, -32600, None]
    assert len(answers[-1]["result"]) == 1


@pytest.mark.parametrize(
    ("method", "params", "code", "message"),
    [
        ("nosuch", [], -32601, "Method not found"),
        ("list", [], -32601, "Method not found"),
        ("keepalive.nosuch", [], -32601, "Method not found"),
        ("keepalive.", [], -32601, "Method not found"),
        ("core.kill", [], -32601, "Method not found"),
        ("keepalive.add", [A], -32602, "Invalid params: listname is missing"),
        ("keepalive.add", [A, 5], -32602, "Invalid params: listname 5: a text is needed"),
        ("keepalive.list", ["0"], -32602, "Invalid params: from '0': a whole number from 0 to"),
        ("keepalive.set_admin", [A, "off"], -32602, "Invalid params: mode 'off': one of ready, drain, maint"),
        ("keepalive.set_admin", [A, "maint", -1], -32602, "Invalid params: until -1: a number from 0 to"),
        ("keepalive.add", ["sip:a:b@c@:70000", "me"], -32602, "Invalid params: "),
        ("keepalive.add", ["", "me"], -32602, "Invalid params: "),
        ("keepalive.configure_group", ["g", {"nosuch": 1}], -32602, "Invalid params: unknown parameter"),
        ("keepalive.info", [B], -32001, f"'{B}' is not monitored"),
        ("keepalive.set_admin", [B, "maint"], -32001, f"'{B}' is not monitored"),
        ("keepalive.view", ["worst", 0, 1, "nosuch"], -32002, "there is no group 'nosuch'"),
        ("keepalive.add", [A, ""], -32002, "the owner of a destination is a name, not ''"),
        ("keepalive.reload", [], -32002, "no list_file is set"),
    ],
)
def test_what_goes_wrong(web: Web, method: str, params: list[Any], code: int, message: str) -> None:
    """Each kind has its code; the message names what is wrong, and has a bound."""
    error = web.call(method, *params)["error"]
    assert error["code"] == code
    assert error["message"].startswith(message)
    assert len(error["message"]) < 1100
    assert web.call("keepalive.list")["result"] == []


def test_passwords_stand_in_no_message(web: Web) -> None:
    """Nor in a URI that is none."""
    error = web.call("keepalive.info", "sip:anna:secret@192.168.10.99")["error"]
    assert "secret" not in json.dumps(error)
    error = web.call("keepalive.info", "sip:anna:secret@not a host")["error"]
    assert "secret" not in json.dumps(error)


@pytest.mark.parametrize(
    ("body", "code"),
    [(b"", -32700), (b"{bad", -32700), (b"\xff", -32700), (b"[" * 100_000, -32700), (b"[]", -32600)],
)
def test_bad_bodies(web: Web, body: bytes, code: int) -> None:
    """They get the specification's error, with the id null."""
    status, answer = web.post(body)
    assert status == 200
    assert (json.loads(answer)["error"]["code"], json.loads(answer)["id"]) == (code, None)


def test_a_surprise_is_an_internal_error(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    """The log has its traceback, and the caller nothing of it."""
    from keepalive_core.services import viewing

    def broken(*_: object) -> None:
        raise RuntimeError("within")

    monkeypatch.setattr(viewing.the_snapshot, "sorted", broken)
    assert web.call("keepalive.list")["error"] == {"code": -32603, "message": "Internal error"}
    assert any("within" in line for line in web.server.ksr.lines("err"))


def test_who_may_only_read(web: Web) -> None:
    """He sees everything, changes nothing, and the status says what he lacks."""
    assert "result" in web.ask(ADD)
    web.may_change = False
    assert "result" in web.call("keepalive.view")
    status, body = web.post(json.dumps([ADD, {**ADD, "method": "keepalive.list", "params": []}]).encode())
    refused, listed = json.loads(body)
    assert status == 401
    assert refused["error"] == {"code": -32003, "message": "a change over TCP needs the token"}
    assert len(listed["result"]) == 1
    status, body = web.post(json.dumps({**ADD, "method": "core.uptime"}).encode())
    assert (status, json.loads(body)["error"]["code"]) == (401, -32003)


SECRET = "sip:trunk:hunter2@10.0.0.9"


@pytest.mark.parametrize("may_change", [True, False])
@pytest.mark.parametrize(("method", "params"), [("list", []), ("view", []), ("info", [SECRET])])
def test_who_may_only_read_reads_no_passwords(
    web: Web, may_change: bool, method: str, params: list[Any]
) -> None:
    """To change a destination one has to know how it is called; to see it one need not."""
    assert web.keepalive.add_destination(SECRET, "me") == 0
    web.may_change = may_change
    answer = json.dumps(web.call(f"keepalive.{method}", *params))
    assert ("hunter2" in answer) == may_change
    assert "10.0.0.9" in answer


def test_methods_of_kamailio_are_passed_on(web: Web) -> None:
    """Those that are named, with their parameters; what Kamailio says of a fault is the message."""

    def rpc(method: str, params: list[Any]) -> Any:
        if params == ["nosuch"]:
            raise LookupError("no such table")
        return [method, params]

    web.server.ksr.rpc = rpc
    assert web.call("core.uptime")["result"] == ["core.uptime", []]
    assert web.call("htable.dump", "a")["result"] == ["htable.dump", ["a"]]
    error = web.call("htable.dump", "nosuch")["error"]
    assert error["code"] == -32002
    assert "no such table" in error["message"]
    assert web.call("htable.sets", "a", "b", "c")["error"]["code"] == -32601


LONG = {
    "a list": {**ADD, "method": "keepalive.list", "params": []},
    "a batch": [{**ADD, "method": "keepalive.settings", "params": []}] * 100,
}


@pytest.mark.parametrize("long", LONG)
def test_a_long_answer_lets_others_have_their_turn(
    web: Web, monkeypatch: pytest.MonkeyPatch, long: str
) -> None:
    """While it is made and written, another request is answered."""
    from aiohttp import web as aiohttp_web

    from keepalive_core.cockpit import rpc_calls, taking_turns

    for number in range(120):
        assert web.keepalive.add_destination(f"sip:192.168.10.{number}", "me") == 0

    async def ask() -> None:
        begun, goes_on = asyncio.Event(), asyncio.Event()

        async def give_way(_: float = 0) -> None:
            begun.set()
            await goes_on.wait()

        monkeypatch.setattr(taking_turns, "give_way", give_way)
        monkeypatch.setattr(rpc_calls, "give_way", give_way)
        app = aiohttp_web.Application()
        rpc_calls.serve(app)
        async with TestClient(TestServer(app)) as client:

            async def one(message: object) -> None:
                answer = await client.post("/RPC", data=json.dumps(message))
                assert "error" not in await answer.text()

            waiting = asyncio.create_task(one(LONG[long]))
            await asyncio.wait_for(begun.wait(), 5)
            await one({**ADD, "method": "keepalive.orders", "params": []})
            assert not waiting.done()
            goes_on.set()
            await waiting

    asyncio.run(ask())


def test_the_snapshot_is_kept_fresh_while_somebody_looks(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each second; what goes wrong with that is in the log, and it goes on."""
    from aiohttp import web as aiohttp_web

    from keepalive_core.cockpit import rpc_calls

    monkeypatch.setattr(rpc_calls, "_LOOKS", 0.005)
    looks = 0

    def look() -> Any:
        nonlocal looks
        looks += 1
        if looks == 2:
            raise RuntimeError("within")
        return None

    monkeypatch.setattr(rpc_calls.the_snapshot, "look", look)
    monkeypatch.setattr(rpc_calls.the_snapshot, "is_looked_at", lambda: looks < 4)

    async def serve() -> None:
        app = aiohttp_web.Application()
        rpc_calls.serve(app)
        async with TestClient(TestServer(app)):
            for _ in range(400):
                if looks == 4:
                    return
                await asyncio.sleep(0.005)

    asyncio.run(serve())
    assert looks == 4
    assert any("within" in line for line in web.server.ksr.lines("err"))


def test_answers_of_a_batch_have_a_bound(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    """What comes behind that is not done, and says so."""
    monkeypatch.setattr("keepalive_core.rules.json_rpc.MOST_ANSWERED", 1000)
    settings = {"jsonrpc": "2.0", "method": "keepalive.settings", "id": 1}
    first, second, third = web.ask([settings, ADD, {**ADD, "method": "nosuch"}])
    assert "result" in first
    for answer in (second, third):
        assert answer["error"]["code"] == -32002
        assert answer["error"]["message"].startswith("not done: the answers to this batch are longer than")
    assert web.keepalive.state(A) == -1
