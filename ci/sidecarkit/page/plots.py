"""Dot plots: every sample a small dot, the median and its interval emphasised, the goal a dashed line."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import matplotlib
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from sidecarkit.page import svg
from sidecarkit.page.measured import Measured, goal, interval, value

# Stand-ins that no plot draws otherwise: the page's style sheet decides what they look like, by light and by night.
_OURS, _THEIRS, _INK, _SOFT, _RULE, _GOOD = "#010001", "#010002", "#010003", "#010004", "#010005", "#010006"
_COLOURS = {
    _OURS: "var(--ours)", _THEIRS: "var(--theirs)", _INK: "var(--text)", _SOFT: "var(--text-soft)",
    _RULE: "var(--line)", _GOOD: "var(--good-ground)",
}  # fmt: skip
_WIDTH, _LABELS, _RIGHT = 340, 80, 8
_ROW, _AXIS, _GAP = 30, 22, 22
# Where the dots of one row stand above and below its middle, in turn, so that equal samples stay visible.
_LANES = (0.0, 0.16, -0.16, 0.08, -0.08, 0.24, -0.24)


@contextmanager
def settings() -> Iterator[None]:
    """Draw with our settings alone, whatever the user's own file of matplotlib says."""
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rc("svg", fonttype="none", hashsalt="sidecarkit")
        matplotlib.rc("figure", dpi=72)
        matplotlib.rc("font", size=11, family=["DejaVu Sans"])
        matplotlib.rc("text", color=_INK, parse_math=False)
        matplotlib.rc("axes", edgecolor=_RULE)
        matplotlib.rc("xtick", color=_RULE, labelcolor=_SOFT)
        matplotlib.rc("ytick", color=_RULE, labelcolor=_INK)
        matplotlib.rc("ytick.major", size=0)
        yield


def card(figure: Measured, name: str) -> Markup:
    """Both sides on one axis in their unit, and below, for pairs, their ratios beside the goal."""
    sides = figure.sides
    upper = len(sides) * _ROW if figure.is_ratio else 0
    height = (upper + _AXIS + _GAP if upper else 8) + _ROW + _AXIS
    canvas = Figure(figsize=(_WIDTH / 72, height / 72))
    if upper:
        axes = _axes(canvas, height, top=0, rows=len(sides), labels=[side.name for side in sides])
        for row, side in enumerate(sides):
            _samples(axes, side.samples, len(sides) - 1 - row, _OURS if row == 0 else _THEIRS, filled=row == 0)
            axes.plot([side.median], [len(sides) - 1 - row], "|", color=_INK, markersize=20, markeredgewidth=2)
        axes.xaxis.set_major_locator(MaxNLocator(4))
        _unit(axes, sides[0].unit)
    axes = _axes(canvas, height, top=height - _ROW - _AXIS, rows=1, labels=["ratio" if upper else sides[0].name])
    _judged(axes, figure)
    axes.xaxis.set_major_locator(MaxNLocator(4))
    _unit(axes, figure.unit)
    return _finished(canvas, figure, name)


def strip(figure: Measured, name: str) -> Markup:
    """What is judged and the goal, as small as a table's cell."""
    canvas = Figure(figsize=(200 / 72, 28 / 72))
    axes = canvas.add_axes((0.01, 0, 0.98, 1))
    axes.set_axis_off()
    axes.set_ylim(-0.5, 0.5)
    _judged(axes, figure)
    return _finished(canvas, figure, name)


def described(figure: Measured) -> str:
    """The plot in a sentence, for those who do not see it."""
    sides = "; ".join(
        f"{side.name}: median {value(side.median, side.unit)} of {len(side.samples)} samples" for side in figure.sides
    )
    judged = f"{'median ratio' if figure.is_ratio else 'median'} {value(figure.median, figure.unit)}"
    between = f", 95 % interval {interval(figure)}" if interval(figure) else ""
    wanted = f", goal {goal(figure)}: {figure.verdict}" if goal(figure) else ""
    return f"Dot plot of {figure.title}. {sides}; {judged}{between}{wanted}."


def _axes(canvas: Figure, height: float, *, top: float, rows: int, labels: Sequence[str]) -> Axes:
    place = (
        _LABELS / _WIDTH, 1 - (top + rows * _ROW) / height, 1 - (_LABELS + _RIGHT) / _WIDTH, rows * _ROW / height,
    )  # fmt: skip
    axes = canvas.add_axes(place)
    axes.set_facecolor("none")
    axes.set_ylim(-0.5, rows - 0.5)
    axes.set_yticks(range(rows), list(reversed(labels)))
    for side in ("left", "right", "top"):
        axes.spines[side].set_visible(False)
    for row in range(rows):
        axes.axhline(row, color=_RULE, linewidth=0.8)
    return axes


def _judged(axes: Axes, figure: Measured) -> None:
    _samples(axes, figure.judged, 0, _OURS, filled=True)
    if figure.low is not None and figure.high is not None:
        axes.plot([figure.low, figure.high], [0, 0], color=_OURS, linewidth=4, solid_capstyle="round")
    axes.plot([figure.median], [0], "o", color=_OURS, markersize=9, markeredgecolor=_INK, markeredgewidth=1.5)
    if figure.bound is None:
        return
    low, high = axes.get_xlim()
    low, high = min(low, figure.bound - (high - low) * 0.06), max(high, figure.bound + (high - low) * 0.06)
    axes.axvspan(*((figure.bound, high) if figure.sense == "≥" else (low, figure.bound)), color=_GOOD, linewidth=0)
    axes.axvline(figure.bound, color=_INK, linewidth=1.2, dashes=(3, 2))
    axes.set_xlim(low, high)


def _samples(axes: Axes, samples: Sequence[float], row: float, colour: str, *, filled: bool) -> None:
    lanes = [row + _LANES[position % len(_LANES)] for position in range(len(samples))]
    axes.plot(
        samples, lanes, "o", color=colour, markersize=4.5, alpha=0.55 if filled else 0.8,
        markerfacecolor=colour if filled else "none", markeredgewidth=0 if filled else 1,
    )  # fmt: skip


def _unit(axes: Axes, unit: str) -> None:
    axes.annotate(
        unit, (0, 0), xytext=(-8, -6), xycoords="axes fraction", textcoords="offset points", ha="right", va="top",
        color=_SOFT,
    )  # fmt: skip


def _finished(canvas: Figure, figure: Measured, name: str) -> Markup:
    FigureCanvasSVG(canvas)
    drawn = io.StringIO()
    canvas.savefig(drawn, format="svg", transparent=True, metadata={"Date": None})
    return svg.inline(drawn.getvalue(), name=name, description=described(figure), colours=_COLOURS)
