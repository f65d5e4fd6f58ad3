"""Layers alone, for whoever compares bytes: built without verdicts, and told where they lie."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sidecarkit import runner
from sidecarkit.errors import NothingSelected
from sidecarkit.job import Job, Stage
from sidecarkit.records import Record

# Layers that are one folder, as their record names it.
_FOLDERS = ("native", "plugin", "engine")


def build(line: tuple[Stage, ...], job: Job, names: Sequence[str]) -> dict[str, Any]:
    """Build the layers `names` (none: all of them) and what they stand on; their paths as `rebuild.Built` names them.

    Raises NothingSelected for a name that is no layer of `line`.
    """
    stages = {stage.layer: stage.name for stage in line if stage.layer}
    unknown = [name for name in names if name not in stages]
    if unknown:
        raise NothingSelected(
            f"no layer is called {', '.join(unknown)}", hint=f"there are {', '.join(map(str, stages))}"
        )
    names = names or [str(layer) for layer in stages]
    wanted = {stages[name] for name in names}
    needed = {stage.name for name in wanted for stage in runner.line_until(line, name, verdicts=False)}
    records = runner.run(tuple(stage for stage in line if stage.name in needed), job, asked=wanted)
    return _paths({name: records[stages[name]] for name in names})


def _paths(records: Mapping[str, Record]) -> dict[str, Any]:
    paths: dict[str, Any] = {name: records[name].data["folder"] for name in _FOLDERS if name in records}
    if "pack" in records:
        packed = records["pack"].data
        paths |= {name: packed[name] for name in ("folder", "single_file") if packed[name]}
    if "app" in records:
        paths["app"] = records["app"].data["program"]
    if "bundle" in records:
        paths["packages"] = [records["bundle"].data["deb"]]
    return paths
