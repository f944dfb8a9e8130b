"""Pictures of what was measured, as SVG; the same figures give the same bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib
from matplotlib import pyplot
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import StrMethodFormatter

ROOT = Path(__file__).resolve().parents[1]

Points = Sequence[tuple[float, float]]

DOCUMENTS = ROOT / "docs" / "pictures"
"""for a run as the documents have it"""
DRAFTS = ROOT / "build" / "pictures"
"""for a part of one"""

COLOURS = {"this module": "#14746f", "C keepalive": "#c8553d", "dispatcher": "#5c6ac4"}

matplotlib.use("svg")
# Text stays text, to be found and read aloud; the salt is what ids in the file are made of.
pyplot.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "keepalive", "font.size": 9})


def by_number(folder: Path, name: str, title: str, cost: str, series: Mapping[str, Points]) -> None:
    """Draw what something costs by the number of destinations; what is far apart by powers of ten."""
    figure, axes = pyplot.subplots(figsize=(6, 3.4), layout="constrained")
    for who, points in series.items():
        axes.plot(*_columns(points), marker="o", label=who, color=COLOURS.get(who))
    axes.set(xscale="log", xlabel="destinations", ylabel=cost, title=title)
    costs = [value for points in series.values() for _, value in points]
    if max(costs) > 20 * min(costs):
        axes.set(yscale="log")
    else:
        axes.set_ylim(bottom=0)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(StrMethodFormatter("{x:,g}"))
    _finish(axes)
    _save(figure, folder, name)


def over(
    folder: Path, name: str, title: str, axes_names: tuple[str, str], series: Mapping[str, Points]
) -> None:
    """Draw how something changes, from nothing upwards."""
    figure, axes = pyplot.subplots(figsize=(6, 3.4), layout="constrained")
    for who, points in series.items():
        axes.plot(*_columns(points), label=who, color=COLOURS.get(who))
    axes.set(xlabel=axes_names[0], ylabel=axes_names[1], title=title)
    axes.set_ylim(bottom=0)
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,g}"))
    _finish(axes)
    _save(figure, folder, name)


def alive_through(folder: Path, name: str, faults: Mapping[str, Mapping[str, Points]]) -> None:
    """Draw how many percent are alive through each fault, a field a fault, by seconds."""
    rows = -(-len(faults) // 2)
    figure, fields = pyplot.subplots(
        rows, 2, figsize=(8, 1.9 * rows), layout="constrained", squeeze=False, sharey=True
    )
    for axes, (fault, series) in zip(fields.flat, faults.items(), strict=False):
        for who, points in series.items():
            axes.plot(*_columns(points), drawstyle="steps-post", label=who, color=COLOURS.get(who))
        axes.set(title=fault, ylim=(-5, 105))
        axes.title.set_fontsize(8)
        axes.grid(alpha=0.3)
    for axes in fields.flat[len(faults) :]:
        axes.remove()
    figure.supxlabel("seconds", fontsize=9)
    figure.supylabel("alive, %", fontsize=9)
    fields[0, 0].legend(frameon=False, loc="center right")
    _save(figure, folder, name)


def _columns(points: Points) -> tuple[list[float], list[float]]:
    return [at for at, _ in points], [value for _, value in points]


def _finish(axes: Axes) -> None:
    axes.grid(alpha=0.3)
    axes.legend(frameon=False)


def _save(figure: Figure, folder: Path, name: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.svg"
    figure.savefig(path, metadata={"Date": None, "Creator": None, "Title": name})
    pyplot.close(figure)
    # Line ends without white space before them, as everywhere here.
    path.write_text("".join(f"{line.rstrip()}\n" for line in path.read_text().splitlines()))
    print(f"drawn: {path.relative_to(ROOT)}", flush=True)
