"""The file with the token: read anew when it changes, and complained of once."""

import os
from pathlib import Path
from types import ModuleType

from conftest import FakeServer


def test_it_is_read_anew_when_it_changes(keepalive: ModuleType, server: FakeServer, tmp_path: Path) -> None:
    """However it is changed: in its place, by another file of its name, in its rights."""
    from keepalive_core.cockpit.token_file import TokenFile

    path = tmp_path / "token"
    file = TokenFile(str(path))
    assert file.token() == b""
    path.write_text("first\n")
    path.chmod(0o640)
    assert file.token() == file.token() == b"first"
    path.write_text("other\n")
    assert file.token() == b"other"
    path.chmod(0o644)
    assert file.token() == b""
    draft = tmp_path / "draft"
    draft.write_text("third\n")
    draft.chmod(0o600)
    draft.rename(path)
    assert file.token() == b"third"
    path.write_text("")
    assert file.token() == b""
    path.unlink()
    assert file.token() == b""
    reasons = [line.partition("over TCP: ")[2] for line in server.ksr.lines("err")]
    assert reasons == [
        "No such file or directory",
        "other users may read or write it; chmod o= takes that away",
        "it is empty",
        "No such file or directory",
    ]


def test_a_complaint_is_made_once(keepalive: ModuleType, server: FakeServer, tmp_path: Path) -> None:
    """For each reason, however often somebody asks; a FIFO is not waited for."""
    from keepalive_core.cockpit.token_file import TokenFile

    os.mkfifo(tmp_path / "token", 0o600)
    file = TokenFile(str(tmp_path / "token"))
    assert [file.token() for _ in range(3)] == [b""] * 3
    [line] = server.ksr.lines("err")
    assert f"there is no token in {tmp_path}/token" in line
    assert "it is no regular file" in line


def test_without_a_name_there_is_no_file(keepalive: ModuleType, server: FakeServer) -> None:
    """That is no fault: nobody asked for one."""
    from keepalive_core.cockpit.token_file import TokenFile

    assert TokenFile("").token() == b""
    assert server.ksr.lines("err") == []
