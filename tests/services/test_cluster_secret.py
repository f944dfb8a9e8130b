"""The file with the keys of a cluster."""

import importlib
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from conftest import FakeServer

ONE, OTHER = b"0123456789abcdef", b"fedcba9876543210"


@pytest.fixture
def made(keepalive: ModuleType) -> Any:
    return importlib.import_module("keepalive_core.services.cluster_secret").SecretFile


def write(file: Path, content: bytes, mode: int = 0o600) -> None:
    draft = file.with_suffix(".new")
    draft.write_bytes(content)
    draft.chmod(mode)
    draft.replace(file)


def test_a_key_is_replaced(made: Any, server: FakeServer, tmp_path: Path) -> None:
    """The file is read again when it has changed; as long as it has no key, the ones of before go on."""
    file = tmp_path / "key"
    write(file, ONE)
    secret = made(str(file))
    assert secret.keys() == [ONE]
    assert not secret.is_missing
    write(file, ONE + b"\n" + OTHER)
    assert secret.keys() == [ONE, OTHER]
    write(file, b"short")
    assert secret.keys() == secret.keys() == [ONE, OTHER]
    [line] = server.ksr.lines("err")
    assert f"no key of the cluster in {file}: the key of line 1 is none" in line
    assert "the keys of before go on" in line
    write(file, OTHER)
    assert secret.keys() == [OTHER]


@pytest.mark.parametrize(
    ("prepare", "reason"),
    [
        (lambda file: None, "No such file or directory"),
        (lambda file: write(file, ONE, 0o644), "chmod o= takes that away"),
        (lambda file: file.mkdir(), "it is no regular file"),
        (lambda file: write(file, b""), "it is empty"),
    ],
)
def test_without_a_key_nothing_is_said(
    made: Any, server: FakeServer, tmp_path: Path, prepare: Any, reason: str
) -> None:
    """The reason is told once."""
    file = tmp_path / "key"
    prepare(file)
    secret = made(str(file))
    assert secret.keys() == secret.keys() == []
    assert secret.is_missing
    [line] = server.ksr.lines("err")
    assert reason in line
    assert "this node says and hears nothing" in line


def test_no_file_is_asked_for(made: Any, server: FakeServer) -> None:
    """Then nothing is signed, and nothing is missing."""
    secret = made("")
    assert secret.keys() == []
    assert not secret.is_missing
    assert server.ksr.lines("err") == []
