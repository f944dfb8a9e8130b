"""What the benchmarks draw."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

import pictures
from places import ROOT

FAULTS = {
    "a stop": {"this module": [(0.0, 100.0), (4.0, 90.0)], "C keepalive": [(0.0, 100.0), (4.0, 0.0)]},
    "a cut": {"this module": [(0.0, 100.0)]},
    "a jump": {"this module": [(0.0, 100.0)]},
}
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def draw(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with one picture of each kind."""
    monkeypatch.setattr(pictures, "ROOT", tmp_path)
    pictures.by_number(tmp_path, "cost", "A cost", "us", {"this module": [(10, 0.2), (10_000, 0.3)]})
    pictures.over(tmp_path, "memory", "Memory", ("pings", "MB"), {"shared": [(0, 1), (1, 2)]})
    pictures.alive_through(tmp_path, "faults", FAULTS)
    return tmp_path


def test_the_same_figures_give_the_same_bytes(draw: Path) -> None:
    """So that a picture changes in the repository only if its figures do."""
    before = {path.name: path.read_bytes() for path in draw.iterdir()}
    assert before.keys() == {"cost.svg", "memory.svg", "faults.svg"}
    pictures.by_number(draw, "cost", "A cost", "us", {"this module": [(10, 0.2), (10_000, 0.3)]})
    pictures.alive_through(draw, "faults", FAULTS)
    assert {path.name: path.read_bytes() for path in draw.iterdir()} == before


def test_what_is_drawn_can_be_read(draw: Path) -> None:
    """Text is text: titles, names of axes and of those that are compared; thousands are set apart."""
    texts = {
        name: {text.text for text in ElementTree.parse(draw / f"{name}.svg").iter(f"{SVG}text")}
        for name in ("cost", "memory", "faults")
    }
    assert {"A cost", "us", "destinations", "this module", "10,000"} <= texts["cost"]
    assert {"Memory", "pings", "MB", "shared"} <= texts["memory"]
    assert {"a stop", "a cut", "a jump", "seconds", "alive, %", "C keepalive"} <= texts["faults"]


def test_each_picture_is_shown_by_a_document() -> None:
    """Each benchmark's is there, and none lies there that nobody sees."""
    shown = "".join(path.read_text() for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])
    drawn = {path.stem for path in (ROOT / "docs" / "pictures").glob("*.svg")}
    assert drawn >= {"is-alive", "ping", "soak", "faults"}
    for name in drawn:
        assert f"pictures/{name}.svg)" in shown, name
