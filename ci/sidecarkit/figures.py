"""What stage bench keeps of a measurement: one figure for each thing measured, with interval, verdict and samples."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sidecarkit import bootstrap
from sidecarkit.gate import Rule, Verdict
from sidecarkit.report import table


@dataclass(frozen=True, kw_only=True)
class Samples:
    """Everything that counts, in the order it was measured; `anchor` and `ratios` are None without an anchor."""

    sidecar: Sequence[float]
    anchor: Sequence[float] | None = None
    ratios: Sequence[float] | None = None


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One row of `data["figures"]` in bench.json, the place that report, release manifest and baselines read.

    `name` is stable, `title` is for people, `device` is what computed. `sidecar` and `anchor` are medians in `unit`;
    `ratio` is the median of sidecar ÷ anchor by speed, pair by pair. `low` and `high` are the ends of the bootstrap
    interval of `ratio`, or of `sidecar` where there is no anchor. `pairs` counted; `repeated` were set aside because
    another load disturbed them, `disturbed` count although it did. What is not `gated` has no verdict and stops
    nothing.
    """

    name: str
    title: str
    unit: str
    better: str
    gated: bool
    sidecar: float
    anchor: float | None
    ratio: float | None
    low: float
    high: float
    pairs: int
    repeated: int
    disturbed: int
    verdict: Verdict | None
    samples: Samples
    device: str = "CPU"

    @property
    def said(self) -> str:
        """Name, ratio and interval, e.g. `decode 0.981 [0.975, 0.990]`."""
        middle = self.sidecar if self.ratio is None else self.ratio
        return f"{self.name} {middle:.3f} [{self.low:.3f}, {self.high:.3f}]"


def read(document: dict[str, Any], rule: Rule) -> list[Figure]:
    """The figures in pytest-benchmark's JSON, judged by `rule`; the gated ones come first."""
    infos = [entry["extra_info"] for entry in document["benchmarks"] if "figure" in entry["extra_info"]]
    anchors = {info["figure"]: info["samples"] for info in infos if info["side"] == "anchor"}
    found = [_figure(info, anchors.get(info["figure"]), rule) for info in infos if info["side"] == "sidecar"]
    return sorted(found, key=lambda figure: not figure.gated)


def of_record(data: dict[str, Any]) -> list[Figure]:
    """The figures that a record keeps."""
    return [
        Figure(**{
            **values,
            "verdict": values["verdict"] and Verdict(values["verdict"]),
            "samples": Samples(**values["samples"]),
        })
        for values in data["figures"]
    ]  # fmt: skip


def shown(figures: Sequence[Figure], anchor: str, rule: Rule) -> str:
    """The figures as a person reads them."""
    interval = f"{rule.confidence:.0%} interval"
    header = ["", "unit", "sidecar", anchor, "ratio", interval, "pairs", f"gate ≥ {rule.threshold}"]
    return table(header, [_cells(figure) for figure in figures])


def _figure(info: dict[str, Any], anchor: Sequence[float] | None, rule: Rule) -> Figure:
    own: list[float] = info["samples"]
    if anchor is None:
        interval, verdict, ratios = bootstrap.interval(own, rule.confidence), None, None
    else:
        ratios = info["ratios"]
        interval, verdict = rule.judge(ratios)
    return Figure(
        name=info["figure"],
        title=info["title"],
        unit=info["unit"],
        better=info["better"],
        gated=anchor is not None,
        sidecar=statistics.median(own),
        anchor=None if anchor is None else statistics.median(anchor),
        ratio=None if ratios is None else interval.median,
        low=interval.low,
        high=interval.high,
        pairs=len(own),
        repeated=info.get("repeated", 0),
        disturbed=info.get("disturbed", 0),
        verdict=verdict,
        samples=Samples(sidecar=own, anchor=anchor, ratios=ratios),
        device=info.get("device", "CPU"),
    )


def _cells(figure: Figure) -> list[str]:
    digits = 3 if figure.ratio is not None else _digits(figure.sidecar)
    repeated = f" ({figure.repeated} repeated)" if figure.repeated else ""
    return [
        figure.title,
        figure.unit,
        _number(figure.sidecar),
        "" if figure.anchor is None else _number(figure.anchor),
        "" if figure.ratio is None else f"{figure.ratio:.3f}",
        f"{figure.low:.{digits}f} … {figure.high:.{digits}f}",
        f"{figure.pairs}{repeated}",
        figure.verdict or "",
    ]


def _number(value: float) -> str:
    return f"{value:.{_digits(value)}f}"


def _digits(value: float) -> int:
    return 0 if value >= 1000 else 1 if value >= 10 else 2
