"""The few numbers of a target that a person wants first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sidecarkit.page.measured import Measured, interval, value
from sidecarkit.page.sizes import Size
from sidecarkit.page.stages import HOLDS, StageRow, Standing
from sidecarkit.records import Record
from sidecarkit.report import duration, size

_MOST_FIGURES = 3


@dataclass(frozen=True, kw_only=True)
class Tile:
    """A number, what it is, and what belongs to it."""

    title: str
    figure: str
    detail: str


def tiles(
    rows: tuple[StageRow, ...], found: Mapping[str, Record], sizes: tuple[Size, ...], figures: tuple[Measured, ...]
) -> tuple[Tile, ...]:
    """What holds of: the package's size, the judged figures, the scenarios, the time that was spent."""
    holding = {row.name for row in rows if row.standing in HOLDS}
    chosen = [_of_size(each) for each in sizes if each.stage == "assemble" and each.stage in holding]
    if "bench" in holding:
        chosen += [_of_figure(each) for each in figures if each.bound is not None][:_MOST_FIGURES]
    scenarios = found["e2e"].data.get("scenarios") if "e2e" in holding else None
    if isinstance(scenarios, dict):
        chosen.append(
            Tile(title="End to end", figure=f"{len(scenarios)} passed", detail="scenarios of the packaged app")
        )
    if len(holding) == len(rows):
        chosen.append(_of_time(rows))
    return tuple(chosen)


def _of_size(package: Size) -> Tile:
    detail = "to download" if package.budget is None else f"of {size(package.budget)} it may take"
    return Tile(title="Package", figure=size(package.bytes), detail=detail)


def _of_figure(figure: Measured) -> Tile:
    beside = f"of {figure.sides[1].name}\n" if figure.is_ratio else ""
    return Tile(title=figure.title, figure=value(figure.median, figure.unit), detail=beside + interval(figure))


def _of_time(rows: tuple[StageRow, ...]) -> Tile:
    ran = [row for row in rows if row.standing is Standing.RAN]
    spared = len(rows) - len(ran)
    detail = f"{len(ran)} stages ran, {spared} were cached or kept" if spared else "all stages ran"
    return Tile(title="Time", figure=duration(sum(row.seconds or 0 for row in ran)), detail=detail)
