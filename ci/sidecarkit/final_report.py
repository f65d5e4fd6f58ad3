"""build/report/report.md: what was built, measured and tested for every target, and the table that ends a run."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from sidecarkit import records
from sidecarkit.config import Target
from sidecarkit.job import Stage
from sidecarkit.records import Record
from sidecarkit.report import Report, duration, table


def write(root: Path, targets: tuple[Target, ...], line: tuple[Stage, ...], report: Report) -> None:
    """Write the report of all targets that have records, and say its tables."""
    folder = root / "build" / "report"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    parts = ["# What was built, measured and tested"]
    for target in targets:
        build = root / "build" / target.name
        found = {stage.name: record for stage in line if (record := records.read(build, stage.name))}
        if found:
            parts += _of_target(target, found, line, folder)
    if len(parts) == 1:
        parts.append("Nothing yet: `python3 noxfile.py` builds the cpu target of this machine.")
    text = "\n\n".join(parts) + "\n"
    (folder / "report.md").write_text(text, encoding="utf-8")
    report.say("\n" + "\n\n".join(part for part in parts if not part.startswith("![")))
    report.say(f"\nthe whole report: {(folder / 'report.md').relative_to(root)}")


def _of_target(target: Target, found: Mapping[str, Record], line: tuple[Stage, ...], folder: Path) -> list[str]:
    stages = [[each.name, *_stage_cells(found[each.name], each.layer)] for each in line if each.name in found]
    parts = [f"## {target.name}", table(["stage", "time", "state", "result"], stages)]
    if "bench" in found:
        parts.append(_speed(found["bench"]))
    pictures = folder / target.name
    for picture in sorted((folder.parent / target.name / "screenshots").glob("*.png")):
        pictures.mkdir(exist_ok=True)
        shutil.copy2(picture, pictures / picture.name)
        parts.append(f"![{picture.stem}]({target.name}/{picture.name})")
    return parts


def _stage_cells(record: Record, layer: str | None) -> list[str]:
    dated = f"from {record.finished[:16].replace('T', ' ')} UTC" if layer is None else "from the cache"
    state = dated if record.cached else "run"
    return [duration(record.seconds), state, str(record.data.get("summary", ""))]


def _speed(bench: Record) -> str:
    rows = [
        [
            figure["name"],
            f"{figure['sidecar']:.1f}",
            f"{figure['llama_bench']:.1f}",
            f"{figure['ratio']:.3f}",
            f"{figure['low']:.3f} … {figure['high']:.3f}",
            figure["verdict"],
        ]
        for figure in bench.data.get("figures", [])
    ]
    header = ["tokens per second", "sidecar", "llama-bench", "median ratio", "95 % interval", "gate ≥ 0.95"]
    return table(header, rows)
