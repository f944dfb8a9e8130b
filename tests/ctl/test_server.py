"""Who is asked, and what is said if there is no answer."""

import getpass
import grp
import http.client
import json
import os
import socket
import threading
from pathlib import Path

import pytest

from ctl.conftest import Keepalivectl
from fake_cockpit import Cockpit, Refusal, view


def refuse(code: int, message: str) -> object:
    """An answer that is an error."""

    def answer(**_: object) -> None:
        raise Refusal(code, message)

    return answer


def test_a_unix_socket_needs_no_password(cockpit: Cockpit, keepalivectl: Keepalivectl) -> None:
    """The request has what keeps other sites' browsers out, and no token."""
    cockpit.answers["view"] = view()
    assert keepalivectl("summary").returncode == 0
    assert cockpit.headers["Content-Type"] == "application/json"
    assert cockpit.headers["X-Keepalive"] == "1"
    assert cockpit.headers["Host"] == "localhost"
    assert "Authorization" not in cockpit.headers


@pytest.mark.parametrize("words", [("--socket",), ("--socket", "unix:")])
def test_the_socket_can_be_named(
    words: tuple[str, ...], cockpit: Cockpit, keepalivectl: Keepalivectl
) -> None:
    """By an option, before and behind the command, which goes before KEEPALIVE_SOCKET."""
    cockpit.answers["view"] = view()
    option = (words[0], "".join(words[1:]) + str(cockpit.path))
    for line in ((*option, "summary"), ("summary", *option)):
        assert keepalivectl(*line, KEEPALIVE_SOCKET="/nowhere").returncode == 0


def over_tcp(cockpit: Cockpit) -> str:
    """Let the cockpit be reached over TCP; return its address."""
    listening = socket.create_server(("127.0.0.1", 0))

    def pass_on() -> None:
        client, _ = listening.accept()
        with client, socket.socket(socket.AF_UNIX) as there:
            there.connect(str(cockpit.path))
            request = b""
            while b"}" not in request:
                request += client.recv(65536)
            there.sendall(request)
            while answer := there.recv(65536):
                client.sendall(answer)
        listening.close()

    threading.Thread(target=pass_on).start()
    return f"http://127.0.0.1:{listening.getsockname()[1]}"


def test_over_tcp_a_token_is_shown(cockpit: Cockpit, keepalivectl: Keepalivectl, folder: Path) -> None:
    """Of a file, or of the environment; the file's goes before."""
    cockpit.answers["view"] = view()
    assert keepalivectl("summary", "--socket", over_tcp(cockpit), KEEPALIVE_TOKEN="secret").returncode == 0
    assert cockpit.headers["Authorization"] == "Bearer secret"
    (folder / "token").write_text("other\n")
    line = ("summary", "--socket", over_tcp(cockpit), "--token-file", str(folder / "token"))
    assert keepalivectl(*line, KEEPALIVE_TOKEN="secret").returncode == 0
    assert cockpit.headers["Authorization"] == "Bearer other"


@pytest.mark.parametrize("token", ["a\r\nX-Evil: 1", "a b", "geheim-ü"])
def test_what_is_no_token(token: str, keepalivectl: Keepalivectl) -> None:
    """It is refused before anything is sent."""
    done = keepalivectl("summary", KEEPALIVE_TOKEN=token)
    assert (done.returncode, done.stderr) == (
        2,
        "keepalivectl: a token is printable ASCII without white space\n",
    )


@pytest.mark.parametrize(
    "address",
    [
        "",
        "x" * 108,
        "http://",
        "ftp://h",
        "http://h:x",
        "http://h:99999",
        "http://[::1",
        "http://h/x",
        "http://h?x",
        "http://u:p@h",
    ],
)
def test_what_is_no_address(address: str, keepalivectl: Keepalivectl) -> None:
    """It is refused in one line that shows how one looks."""
    done = keepalivectl("summary", "--socket", address)
    assert done.returncode == 2
    assert "is no " in done.stderr
    assert done.stderr.count("\n") == 1


def test_no_socket(keepalivectl: Keepalivectl) -> None:
    """It says what may be missing, and ends with 3."""
    done = keepalivectl("summary")
    assert done.returncode == 3
    assert "is not there: Kamailio does not run, " in done.stderr
    assert "its log says why" in done.stderr
    assert done.stdout == ""


def test_a_socket_on_which_nobody_listens(keepalivectl: Keepalivectl, folder: Path) -> None:
    """A stale socket is no server."""
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(str(folder / "keepalive.sock"))
    done = keepalivectl("summary")
    assert done.returncode == 3
    assert "nobody listens at" in done.stderr


def test_no_permission(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It says which group may: of the socket, or of the folder into which one may not look."""
    from keepalive_ctl.failures import NoAnswer
    from keepalive_ctl.server import Server

    path = folder / "keepalive.sock"
    path.touch()
    path.chmod(0o660)
    os.chown(path, -1, os.getgid())

    def denied(self: object, address: str) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("keepalive_ctl.server._OverUnixSocket.connect", lambda self: denied(self, str(path)))
    group, user = grp.getgrgid(os.getgid()).gr_name, getpass.getuser()
    with pytest.raises(NoAnswer) as refused:
        Server(str(path), "", 1).call("view")
    assert str(refused.value) == (
        f"{path}: no permission: {path} is for members of the group {group} "
        f"(adduser {user} {group}, and log in anew)"
    )
    path.chmod(0o600)
    with pytest.raises(NoAnswer, match=f"is for the user {user} alone"):
        Server(str(path), "", 1).call("view")


@pytest.mark.usefixtures("silent")
def test_a_silent_server(keepalivectl: Keepalivectl) -> None:
    """It is waited for as long as --timeout says."""
    done = keepalivectl("summary", "--timeout", "0.2")
    assert done.returncode == 3
    assert "within 0.2 s" in done.stderr


@pytest.mark.parametrize(
    ("status", "body", "code", "said"),
    [
        (200, b"<html>\x1b[2J", 3, "the answer is no JSON: HTTP 200, <html>\\x1b[2J"),
        (200, b"", 3, "the answer is no JSON: HTTP 200, nothing"),
        (200, b"[" * 100000, 3, "the answer is no JSON: HTTP 200, [["),
        (200, b"\xff\xfe", 3, "the answer is no JSON"),
        (200, b"[]", 3, "the answer is no JSON-RPC: HTTP 200, []"),
        (200, b'{"error": "x"}', 3, "the answer is no JSON-RPC"),
        (404, b"404: Not Found", 3, "the answer is no JSON: HTTP 404"),
        (502, b"bad gateway", 3, "the answer is no JSON: HTTP 502, bad gateway"),
        (403, b"10.0.0.9 is not allowed", 1, "10.0.0.9 is not allowed (HTTP 403)"),
        (401, b'{"error": {"code": -32003, "message": "a token is needed"}}', 1, "a token is needed"),
        (200, b'{"result": 7}', 3, "the answer is not what summary expects"),
        (200, b'{"result": {"server": []}}', 3, "the answer is not what summary expects"),
    ],
)
def test_answers_of_all_kinds(
    status: int, body: bytes, code: int, said: str, cockpit: Cockpit, keepalivectl: Keepalivectl
) -> None:
    """What is no answer ends with 3, a refusal with 1; either in one line."""
    cockpit.raw = status, body
    done = keepalivectl("summary")
    assert (done.returncode, done.stdout) == (code, "")
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
    assert len(done.stderr) < 1100


def test_what_speaks_no_http(keepalivectl: Keepalivectl, folder: Path) -> None:
    """It is named as such."""
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(folder / "keepalive.sock"))
        listening.listen()

        def answer() -> None:
            client, _ = listening.accept()
            with client:
                asked = b""
                while b"}" not in asked:
                    asked += client.recv(65536)
                client.sendall(b"SSH-2.0-x\r\n")

        threading.Thread(target=answer).start()
        done = keepalivectl("summary")
    assert done.returncode == 3
    assert f"speaks no HTTP: {http.client.BadStatusLine.__name__}" in done.stderr


def test_a_refusal_has_the_servers_words(cockpit: Cockpit, keepalivectl: Keepalivectl) -> None:
    """They are written clean, in one line, and the command ends with 1."""
    cockpit.answers["info"] = refuse(-32001, "sip:x is \x1b[31mnot\nmonitored")
    done = keepalivectl("show", "sip:x")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "keepalivectl: sip:x is \\x1b[31mnot\\nmonitored\n"


def test_json_is_what_the_server_said(cockpit: Cockpit, keepalivectl: Keepalivectl) -> None:
    """No character of it can move a terminal, and it is read back as it was."""
    cockpit.answers["info"] = {"uri": "sip:x", "last_reason": "\x1b\x7f\x9b\u202e\ud800"}
    done = keepalivectl("show", "sip:x", "--json")
    assert json.loads(done.stdout) == cockpit.answers["info"]
    assert done.stdout.replace("\n", "").isascii()
    assert done.stdout.replace("\n", "").isprintable()
