"""Files on the disk: what is read and written, and what is refused."""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO

import pytest

from keepalive_core.rules.checks import Refused
from keepalive_core.services import files


def test_a_regular_file_is_read(tmp_path: Path) -> None:
    """By a link too, unless that is not wanted."""
    file, link = tmp_path / "file", tmp_path / "link"
    file.write_bytes(b"text")
    link.symlink_to(file)
    for path in (file, link):
        with files.open_regular(str(path)) as opened:
            assert opened.read() == b"text"
    with pytest.raises(files.NotRegular, match="it is a symbolic link"):
        files.open_regular(str(link), follow_links=False)


def test_what_is_no_file_is_refused_at_once(tmp_path: Path) -> None:
    """A FIFO would be waited for, a folder can't be read, and what is not there is the system's to say."""
    os.mkfifo(tmp_path / "fifo")
    before = len(os.listdir("/proc/self/fd"))
    for path in (tmp_path / "fifo", tmp_path, Path("/dev/null")):
        with pytest.raises(files.NotRegular, match="it is no regular file"):
            files.open_regular(str(path))
    with pytest.raises(FileNotFoundError):
        files.open_regular(str(tmp_path / "none"), follow_links=False)
    assert len(os.listdir("/proc/self/fd")) == before


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"", []),
        (b"a\nb", [b"a", b"b"]),
        (b"\n\n", [b"", b""]),
        # Of a long line one byte more than may be, so that it can be told; the next one is whole.
        (b"12345\nb\n", [b"12345", b"b"]),
        (b"123456\nb\n", [b"123456", b"b"]),
        (b"1234567890123\nb\n", [b"123456", b"b"]),
        (b"1234567890123", [b"123456"]),
    ],
)
def test_lines_have_a_bound(tmp_path: Path, data: bytes, found: list[bytes]) -> None:
    """Five bytes here."""
    (tmp_path / "file").write_bytes(data)
    with files.open_regular(str(tmp_path / "file")) as opened:
        assert list(files.lines(opened, 5, 1000)) == found


def test_no_more_is_read_than_may_be(tmp_path: Path) -> None:
    """However many lines there are."""
    (tmp_path / "file").write_bytes(b"a\n" * 1000)
    with files.open_regular(str(tmp_path / "file")) as opened:
        assert list(files.lines(opened, 5, 20)) == [b"a"] * 10


def write(file: Path, *pieces: bytes) -> None:
    for _ in files.write_whole(str(file), pieces):
        assert not file.exists() or file.read_bytes() != b"".join(pieces), "not before it is whole"


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The old one stays if the new one can't take its place, and nothing is left behind."""
    file = tmp_path / "file"
    write(file, b"old")
    assert (file.read_bytes(), file.stat().st_mode & 0o777) == (b"old", 0o640)

    def fail(*_: object) -> None:
        raise OSError("disk full")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fail)
        with pytest.raises(OSError, match="disk full"):
            write(file, b"new")
    assert [each.name for each in tmp_path.iterdir()] == ["file"]
    assert file.read_bytes() == b"old"
    write(file, b"new")
    assert file.read_bytes() == b"new"


def test_a_file_is_written_in_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its writer may do something else between two of them; one that is not gone on with leaves nothing."""
    file = tmp_path / "file"
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: synced.append(os.fstat(descriptor).st_size))
    write(file, *[b"x" * 2_000_000] * 4)
    assert file.stat().st_size == 8_000_000
    assert synced[:2] == [6_000_000, 8_000_000], "a little at a time: the last one has the folder"
    unfinished = files.write_whole(str(file), [b"new", b"er"])
    next(unfinished)
    assert (tmp_path / "file.new").exists()
    unfinished.close()
    assert [each.name for each in tmp_path.iterdir()] == ["file"]
    assert file.stat().st_size == 8_000_000


def test_what_lies_in_the_way(tmp_path: Path) -> None:
    """A draft that a crash left is written anew; a link, which may be a trap, is not followed."""
    file, draft = tmp_path / "file", tmp_path / "file.new"
    draft.write_bytes(b"half")
    write(file, b"whole")
    assert file.read_bytes() == b"whole"
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")
    draft.symlink_to(victim)
    with pytest.raises(files.NotRegular, match="is in the way, and no file of this user's"):
        write(file, b"other")
    assert (victim.read_bytes(), file.read_bytes()) == (b"precious", b"whole")


def test_a_file_is_read_again_only_if_it_has_changed(tmp_path: Path) -> None:
    """By whatever; and, if it could not be read, each time until it can."""
    path, read = tmp_path / "file", []

    def content(file: BinaryIO) -> bytes:
        read.append(file.read(9))
        if read[-1] == b"bad":
            raise Refused("it is bad")
        return read[-1]

    file = files.ReadAnew(str(path), content)
    with pytest.raises(FileNotFoundError):
        file.changed()
    path.write_bytes(b"one")
    assert [file.changed() for _ in range(3)] == [b"one", None, None]
    path.write_bytes(b"bad")
    for _ in range(2):
        with pytest.raises(Refused):
            file.changed()
    path.write_bytes(b"")
    assert [file.changed() for _ in range(2)] == [b"", None]
    assert read == [b"one", b"bad", b"bad", b""]
