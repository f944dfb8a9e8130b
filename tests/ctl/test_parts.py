"""What keepalivectl is made of, by the same measures as the module."""

import ast
import sys
from pathlib import Path

import pytest

from places import ROOT

PARTS = sorted((ROOT / "ctl" / "keepalive_ctl").glob("*.py"))


@pytest.mark.parametrize("file", PARTS, ids=lambda file: file.stem)
def test_a_part_needs_the_standard_library_alone(file: Path) -> None:
    """It runs where the module is not, and is read in one sitting."""
    text = file.read_text()
    nodes = list(ast.walk(ast.parse(text)))
    imported = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    imported |= {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom) and not node.level}
    assert {name.split(".")[0] for name in imported} <= set(sys.stdlib_module_names)
    assert len(text.splitlines()) <= 300
    functions = [node for node in nodes if isinstance(node, ast.FunctionDef)]
    assert not [each.name for each in functions if (each.end_lineno or 0) - each.lineno + 1 > 40]
