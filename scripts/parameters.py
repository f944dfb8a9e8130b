"""Write what follows from the table of parameters: in keepalive-settings.cfg, and docs/parameters.md."""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "kemi"))

from keepalive_core.rules import kinds
from keepalive_core.rules.parameter import Parameter, Whose
from keepalive_core.rules.parameters import PARAMETERS

CFG = ROOT / "kemi" / "keepalive-settings.cfg"
DOCUMENT = ROOT / "docs" / "parameters.md"

BEGIN = "# --- parameters: written by `make parameters` of keepalive_core/rules/parameters.py ------------\n"
END = "# --- the end of the parameters --------------------------------------------------------------------\n"

WHOSE = {
    Whose.SERVER: "server",
    Whose.GROUP: "server, group",
    Whose.GROUP: "server, group",
    Whose.DESTINATION: "server, group, destination",
}

HEAD = """\
# Parameters

Written by `make parameters` of `kemi/keepalive_core/rules/parameters.py`; [reference.md](reference.md) has an
example of each.

"""

TABLE = """\
| parameter | define | default | allowed | unit | whose | what it is |
|---|---|---|---|---|---|---|
"""


def cfg_block() -> str:
    """Return the defines and declarations of all parameters, as they stand in keepalive-settings.cfg."""
    return "\n".join([BEGIN, *map(_in_cfg, PARAMETERS.values()), END])


def _in_cfg(parameter: Parameter[object]) -> str:
    name, define = parameter.name, parameter.define
    default = parameter.defined if parameter.defined.isdigit() else f'"{parameter.defined}"'
    assert '"' not in parameter.help, parameter.name
    lines = [
        f"# {parameter.help}{_allowed(parameter)}",
        f"#!ifndef {define}",
        f"#!define {define} {default}",
        "#!endif",
    ]
    if parameter.at_run_time and parameter.kind is kinds.HEADERS:
        # `#!subst` makes no more than 1000 characters of one; and what has white space is a text anyway.
        lines += [f'keepalive.{name} = {define} desc "{parameter.help}"']
    elif parameter.at_run_time:
        lines += [
            f'#!subst "/^{define}$/$(def({define}){{s.unquote}})/"',
            f'keepalive.{name} = "{define}" desc "{parameter.help}"',
        ]
    return "\n".join(lines) + "\n"


def _allowed(parameter: Parameter[object]) -> str:
    """Return what numbers and which words are allowed; what a text may be, the sentence before says."""
    allows, unit = parameter.kind.allows, parameter.kind.unit
    return f" ({allows.replace('`', '')} {unit}".rstrip() + ")" if unit or "`" in allows else ""


def document() -> str:
    """Return docs/parameters.md."""
    return HEAD + TABLE + "".join(map(_in_table, PARAMETERS.values()))


def _in_table(parameter: Parameter[object]) -> str:
    kind = parameter.kind
    default = str(parameter.default)
    sentences = f"{parameter.help}. {parameter.more}" if parameter.more else parameter.help
    cells = [
        f"`{parameter.name}`",
        f"`{parameter.define}`",
        f"`{default}`" if default else "",
        kind.allows,
        kind.unit,
        WHOSE[parameter.whose] + ("" if parameter.at_run_time else "; not at run time"),
        _with_code(sentences),
    ]
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"


def _with_code(text: str) -> str:
    """Return a sentence in which names of parameters stand as code."""
    names = "|".join(sorted((name for name in PARAMETERS if "_" in name), key=len, reverse=True))
    return re.sub(rf"(?<![`\w])({names})(?![`\w])", r"`\1`", text)


def with_block(cfg: str) -> str:
    """Return keepalive-settings.cfg with the block of today. Arguments: cfg, its text."""
    before, begin, rest = cfg.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise SystemExit(f"{CFG} has no lines {BEGIN!r} and {END!r}")
    return before + cfg_block() + after


def main() -> None:
    """Write both files."""
    CFG.write_text(with_block(CFG.read_text()))
    DOCUMENT.write_text(document())


if __name__ == "__main__":
    main()
