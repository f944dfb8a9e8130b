#!/usr/bin/env python3
"""Write the type stubs of KSR, Kamailio's Python API, as a real server lists it.

    python3 stubs/generate.py native keepalive-kamailio:trixie

Each argument is a server: ``native``, or a Docker image. What the RPC app_python.api_list of a server says
becomes stubs/VERSION/KSR; mypy and the tests' fake of KSR take it from there.
"""

from __future__ import annotations

import keyword
import shutil
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tests"))

from real.server import Kamailio, Launch, free_port

# What a KEMI type is in Python; "xval" is a value of any type, or None.
TYPES = {"str": "str", "int": "int", "bool": "bool", "none": "object", "xval": "Any", "long": "int"}


def write_stubs(kind: str) -> None:
    """Ask one server, write its stubs."""
    # dmq takes for its own nothing but a socket of the server.
    given: dict[str, object] = {"SCRIPT": HERE / "empty.py", "NODE_PORT": free_port()}
    with Kamailio(kind, HERE / "api.cfg", given, Launch(children=1)) as server:
        version = server.rpc("core.version").split()[1]
        listed = server.rpc("app_python.api_list")["methods"]
    modules: dict[str, list[str]] = defaultdict(list)
    for entry in listed:
        function = entry["func"]
        modules[function["module"]].append(_stub(function))
    folder = HERE / ".".join(version.split(".")[:2]) / "KSR"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    origin = f'"""KSR of Kamailio {version}, written by stubs/generate.py: do not edit."""\n'
    for module, functions in modules.items():
        imports = ["from typing import Any"]
        if not module:
            imports += [f"from . import {name} as {name}" for name in sorted(modules) if name]
        text = "\n".join([origin, *imports, "", *sorted(functions)]) + "\n"
        (folder / f"{module or '__init__'}.pyi").write_text(text)
    print(f"{folder.relative_to(HERE.parent)}: {len(listed)} functions of Kamailio {version}")


def _stub(function: dict[str, Any]) -> str:
    # No parameters: "none" to 5.6, null to 6.0.
    kinds = (function["params"] or "none").replace(" ", "").split(",")
    if kinds == ["none"]:
        kinds = []
    # Positions have no names in KEMI.
    parameters = ", ".join(f"p{number}: {TYPES[kind]}" for number, kind in enumerate(kinds, 1))
    if parameters:
        parameters += ", /"
    name = function["name"]
    unusable = "# not a Python name: " if keyword.iskeyword(name) else ""
    return f"{unusable}def {name}({parameters}) -> {TYPES[function['ret']]}: ..."


if __name__ == "__main__":
    for server_kind in sys.argv[1:]:
        write_stubs(server_kind)
