#!/usr/bin/env python3
"""Starts a Kamailio for each of its modules that exports KEMI functions, and writes as JSON what they are.

    stubs/inside/each_module.py            all: generate.py runs it where all modules are, and no network
    stubs/inside/each_module.py tm htable  these

Each is loaded alone, beside those that it takes to ask, and is not set up: script.py ends the server before.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
START_S = 300
"""for a server to tell what it has"""
ASKING = ["jsonrpcs", "pv", "app_python3"]
SETTINGS = {
    # These two export functions if Kamailio logs with them.
    "log_custom": 'log_engine_type="udp"\nlog_engine_data="127.0.0.1:5070"',
    "log_systemd": 'log_engine_type="systemd"',
}


def exporting() -> list[str]:
    """Return the names of the modules that register KEMI functions, without those that ask."""
    [folder] = Path("/usr/lib").glob("*/kamailio/modules")
    files = sorted(folder.glob("*.so"))
    names = [file.stem for file in files if b"sr_kemi_modules_add" in file.read_bytes()]
    return [name for name in names if name not in ASKING]


def ask(module: str, folder: Path) -> dict[str, Any]:
    """Return the functions that are not known yet of a server with one more module."""
    cfg, found = folder / "kamailio.cfg", folder / "found.json"
    cfg.write_text(f"""
debug=1
log_stderror=yes
{SETTINGS.get(module, "")}
disable_core_dump=yes
enable_tls=yes
auto_aliases=no
listen=udp:127.0.0.1:5060
loadmodule "jsonrpcs.so"
modparam("jsonrpcs", "transport", 4)
loadmodule "pv.so"
loadmodule "app_python3.so"
modparam("app_python3", "load", "{HERE / "script.py"}")
{f'loadmodule "{module}.so"' if module else ""}
cfgengine "python"
""")
    found.unlink(missing_ok=True)
    command = ["kamailio", "-DD", "-E", "-m", "16", "-f", str(cfg)]
    environment = {**os.environ, "KSR_FOLDER": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        server = subprocess.run(command, capture_output=True, timeout=START_S, env=environment)
    except subprocess.TimeoutExpired:
        return {"failed": f"nothing within {START_S} s"}
    if not found.exists():
        return {"failed": reason(server.stderr.decode(errors="replace"))}
    functions: dict[str, Any] = json.loads(found.read_text())
    return functions


def reason(log: str) -> str:
    """Return the first that a server says of what is wrong, without its process, module, file and line."""
    complaint = re.search(r"(?:ERROR|CRITICAL): .*?\]: (.{1,200})", log)
    return complaint[1] if complaint else "it says nothing"


def main() -> None:
    """Write the version and what each module has; "" are Kamailio itself and the modules that ask."""
    version = subprocess.run(["kamailio", "-v"], capture_output=True, text=True).stdout.split()[2]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        known = folder / "known.json"
        known.write_text("[]")
        modules = {"": ask("", folder)}
        known.write_text(json.dumps([[each["module"], each["name"]] for each in modules[""]["functions"]]))
        modules |= {module: ask(module, folder) for module in sys.argv[1:] or exporting()}
    json.dump({"version": version, "modules": modules}, sys.stdout)


if __name__ == "__main__":
    main()
