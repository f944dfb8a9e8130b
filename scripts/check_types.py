#!/usr/bin/env python3
"""Check the types against the KSR of each Kamailio, with its stubs installed as users install them.

    .venv/bin/python scripts/check_types.py            against all versions: make check
    .venv/bin/python scripts/check_types.py 6.0        against this one

Each version has an environment in build/: beside the stubs, it sees what is installed for this Python.
"""

from __future__ import annotations

import hashlib
import site
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
STUBS = ROOT / "stubs"


def versions() -> list[str]:
    """Return the Kamailios that there are stubs of."""
    return sorted(folder.parent.name for folder in STUBS.glob("*/KSR-stubs"))


def environment(version: str) -> Path:
    """Return the Python of an environment with the stubs of a version as they are now."""
    folder = ROOT / "build" / "types" / version
    python = folder / "bin" / "python"
    installed = folder / "installed"
    there = _digest(STUBS / version)
    if not installed.exists() or installed.read_text() != there:
        venv.create(folder, clear=True)
        [packages] = folder.glob("lib/python3*/site-packages")
        (packages / "others.pth").write_text("\n".join(site.getsitepackages()) + "\n")
        # The build backend is among tests/requirements.txt: nothing is fetched.
        options = ["-q", "--no-deps", "--no-index", "--no-build-isolation", "--disable-pip-version-check"]
        pip = [sys.executable, "-m", "pip", "--python", str(python), "install", *options]
        subprocess.run([*pip, str(STUBS / version)], check=True)
        installed.write_text(there)
    return python


def _digest(folder: Path) -> str:
    digest = hashlib.sha256(f"{sys.version} {sys.prefix}".encode())
    for file in sorted(folder.rglob("*.*")):
        digest.update(file.name.encode() + file.read_bytes())
    return digest.hexdigest()


def main() -> int:
    """Run mypy for the versions that are named, or all; return 1 if one of them has errors."""
    failed = []
    for version in sys.argv[1:] or versions():
        options = ["--python-executable", str(environment(version)), "--cache-dir", f".mypy_cache/{version}"]
        print(f"Kamailio {version}: ", end="", flush=True)
        if subprocess.run([sys.executable, "-m", "mypy", *options], cwd=ROOT).returncode:
            failed.append(version)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
