#!/usr/bin/env python3
"""Write the type stubs of KSR, Kamailio's Python API, as real servers have it.

    python3 stubs/generate.py

Of each of Debian's releases an image with all of Kamailio's modules is asked what KSR has, and made to show
that each function takes the arguments that its stub says, and no others (see inside/). That becomes
stubs/VERSION, a distribution for pip, and stubs/MODULES.md. That is what mypy and the tests know of KSR.
"""

from __future__ import annotations

import itertools
import json
import shutil
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any, NamedTuple

HERE = Path(__file__).resolve().parent
RELEASES = ["bookworm", "trixie", "forky"]
EDITION = 1
"""the last number of a distribution's version: counts when the stubs of one Kamailio change"""

# What a KEMI type is in Python. "xval" is a text, a number or None; behind "none" comes some number.
TYPES = {"str": "str", "int": "int", "bool": "bool", "none": "object", "xval": "Any"}
ANSWERS = {"int": {"int"}, "bool": {"bool"}, "none": {"int"}, "xval": {"str", "int", "NoneType"}}
DIED = "none"
"""what is noted for an answer if the process ended in the call: its arguments were taken"""

ENCLOSED = [HERE / "README.md", HERE.parent / "LICENSE"]
"""files for each distribution, which may not point at what lies outside of it"""

LEFT_OUT = {
    "KSR.async": '`async` is a word of Python itself. `getattr(KSR, "async")` reaches the module, untyped.',
    "KSR.x.modf": "It does not see the message at hand. "
    'Of a MESSAGE `KSR.x.modf("is_method", "MESSAGE")` says -1, and at times it ends the process.',
}
"""modules and functions that no stub can have or should have"""
UNLISTED = [["x", "modf"]]
"""functions that servers have and do not list"""
OF_ASKING = {"app_python3": "app_python3", "jsonrpcs": "jsonrpcs", "pvx": "pv"}
"""what the modules that it takes to ask have in Python, and which have that"""


class Function(NamedTuple):
    """A function as a server has it; kinds are None if no call gets through to it."""

    place: str
    name: str
    kinds: list[str] | None
    listed: list[str]
    returns: str

    @property
    def stub(self) -> str:
        """The line of the stub. Positions have no names in KEMI."""
        kinds = self.listed if self.kinds is None else self.kinds
        parameters = [f"p{number}: {TYPES[kind]}" for number, kind in enumerate(kinds, 1)]
        written = ", ".join([*parameters, "/"] if parameters else [])
        unusable = "# no call from Python gets through to it: " if self.kinds is None else ""
        return f"{unusable}def {self.name}({written}) -> {TYPES[self.returns]}: ..."


class Server(NamedTuple):
    """The Kamailio of a release: its version, and what each module exports, "" being Kamailio itself."""

    version: str
    modules: dict[str, list[Function]]
    failures: dict[str, str]
    """what it says of modules that it can't load"""

    @property
    def short(self) -> str:
        return ".".join(self.version.split(".")[:2])

    def places(self) -> dict[str, dict[str, set[str]]]:
        """The stubs by the modules of KSR that they are in, "" being KSR itself, and by name.

        More than one stub has what two modules of Kamailio have that can't both be there.
        """
        found: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
        for each in itertools.chain.from_iterable(self.modules.values()):
            if f"KSR.{each.place}" not in LEFT_OUT:
                found[each.place][each.name].add(each.stub)
        return dict(sorted(found.items()))

    def exporters(self, place: str) -> list[str]:
        """The modules that a module of KSR comes with."""
        return [
            name for name, functions in self.modules.items() if place in {each.place for each in functions}
        ]


def ask(release: str) -> Server:
    """Return what a release's Kamailio has; fail if a server did not do what a stub would say."""
    images = HERE.parent / "docker" / "images.sh"
    subprocess.run([images, "--all-modules", release], check=True, stdout=sys.stderr)
    container = ["docker", "run", "--rm", "--init", "--network", "none", "-v", f"{HERE}/inside:/inside:ro"]
    asking = [*container, f"keepalive-kamailio-all-modules:{release}", "python3", "/inside/each_module.py"]
    return read(json.loads(subprocess.run(asking, check=True, stdout=subprocess.PIPE).stdout))


def read(told: dict[str, Any]) -> Server:
    """Read what inside/each_module.py told."""
    modules: dict[str, list[Function]] = {}
    failures: dict[str, str] = {}
    for name, found in told["modules"].items():
        if "failed" in found:
            failures[name] = found["failed"]
            continue
        assert found["unlisted"] == UNLISTED, f"{name}: not listed: {found['unlisted']}"
        for each in found["functions"]:
            of = name or OF_ASKING.get(each["module"], "")
            modules.setdefault(of, []).append(_function(each))
    return Server(told["version"], modules, failures)


def _function(told: dict[str, Any]) -> Function:
    name = f"KSR.{told['module']}.{told['name']}"
    if told["params"] is not None:
        assert told["answer"] in {*ANSWERS[told["ret"]], DIED}, f"{name} answers {told['answer']}"
        assert all(refused for _, refused in told["wrong"]), f"{name} takes other arguments too"
    return Function(told["module"], told["name"], told["params"], told["listed"][-1], told["ret"])


def write_stubs(server: Server, folder: Path) -> None:
    """Write the distribution of one Kamailio."""
    package = folder / "KSR-stubs"
    shutil.rmtree(package, ignore_errors=True)
    package.mkdir(parents=True)
    places = server.places()
    for place, stubs in places.items():
        exporters = " or ".join(f"{name}.so" for name in server.exporters(place) if name)
        title = ".".join(filter(None, ["KSR", place])) + (f", with {exporters}," if exporters else "")
        top = f'"""{title} of Kamailio {server.version}. Written by make stubs."""'
        lines = [line for name in sorted(stubs) for line in _overloaded(sorted(stubs[name]))]
        typing = [name for name in ("Any", "overload") if any(name in line for line in lines)]
        imports = [f"from typing import {', '.join(typing)}"] if typing else []
        if not place:
            imports += [f"from . import {name} as {name}" for name in places if name]
        blocks = [top, "\n".join(imports), "\n".join(lines)]
        (package / f"{place or '__init__'}.pyi").write_text("\n\n".join(filter(None, blocks)) + "\n")
    (folder / "pyproject.toml").write_text(PROJECT.format(version=f"{server.version}.{EDITION}"))
    for file in ENCLOSED:
        shutil.copy(file, folder)


def _overloaded(stubs: list[str]) -> list[str]:
    return stubs if len(stubs) == 1 else [f"@overload\n{stub}" for stub in stubs]


PROJECT = """\
# Written by make stubs.
[build-system]
requires = ["flit_core>=4.0.1"]
build-backend = "flit_core.buildapi"

[project]
name = "kamailio-kemi-stubs"
version = "{version}"
description = "Type stubs of KSR, the Python API of Kamailio's KEMI"
readme = "README.md"
license = "MIT"
license-files = ["LICENSE"]
requires-python = ">=3.8"
keywords = ["kamailio", "kemi", "sip", "app_python3"]
classifiers = ["Typing :: Stubs Only"]

[tool.flit.module]
name = "KSR-stubs"
"""


def contents(servers: list[Server]) -> str:
    """Return MODULES.md: what the stubs have of each version, and what is left out, with the reasons."""
    versions = [server.version for server in servers]
    lines = [
        "# What the stubs have",
        "",
        "The number of functions of each module of Kamailio, as Debian has it; written by `make stubs`.",
        "",
        f"| module | in Python | {' | '.join(versions)} |",
        f"|---|---|{'---:|' * len(versions)}",
    ]
    for name in sorted({name for server in servers for name in server.modules}):
        exported = [server.modules.get(name, []) for server in servers]
        places = sorted({each.place for functions in exported for each in functions})
        named = ", ".join(f"`{'.'.join(filter(None, ['KSR', place]))}`" for place in places)
        counts = " | ".join(str(len(functions) or "") for functions in exported)
        lines.append(f"| {name or '(Kamailio itself)'} | {named} | {counts} |")
    lines += ["", "## Left out", "", *(f"- {reason}" for reason in left_out(servers))]
    lines += ["", "## One behind the other", "", *hidden(servers)]
    return "\n".join(lines) + "\n"


def left_out(servers: list[Server]) -> list[str]:
    """Return what the stubs do not have, with the reasons."""
    lines = [f"`{name}`: {why}" for name, why in LEFT_OUT.items()]
    for server in servers:
        lines += [
            f"`KSR.{each.place}.{each.name}` of {server.version}: the server refuses each call from Python."
            for functions in server.modules.values()
            for each in functions
            if each.kinds is None
        ]
        lines += [
            f"{name}.so of {server.version} can't be loaded: {why}" for name, why in server.failures.items()
        ]
    return lines


def hidden(servers: list[Server]) -> list[str]:
    """Return which modules of Kamailio share one of KSR, of which the one loaded last hides the others."""
    shared: dict[str, set[str]] = defaultdict(set)
    for server in servers:
        for place in filter(None, server.places()):
            shared[place].update(server.exporters(place))
    names = [
        f"`KSR.{place}` ({', '.join(sorted(each))})"
        for place, each in sorted(shared.items())
        if len(each) > 1
    ]
    return [f"Of modules that share a name in Python the one loaded last is there: {', '.join(names)}."]


def main() -> None:
    """Ask all releases, and write what they have."""
    servers = [ask(release) for release in RELEASES]
    for server in servers:
        write_stubs(server, HERE / server.short)
        count = sum(len(stubs) for stubs in server.places().values())
        print(f"stubs/{server.short}: {count} functions of Kamailio {server.version}")
    (HERE / "MODULES.md").write_text(contents(servers))


if __name__ == "__main__":
    main()
