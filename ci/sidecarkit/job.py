"""A stage and what it is given: the target, the pins, earlier records, the cache, and a place to write."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sidecarkit import recipes
from sidecarkit.cache import Cache
from sidecarkit.config import Target, Toolchain
from sidecarkit.errors import ToolkitError
from sidecarkit.recipes.recipe import Recipe
from sidecarkit.records import Record
from sidecarkit.report import Report


@dataclass(frozen=True, kw_only=True)
class Options:
    """What the command line chose.

    `again`: stages whose remembered verdict is not taken. `pairs`: interleaved pairs, the gate's at most.
    `strict`: a gate that cannot tell stops the line. `compare`: an earlier `bench.json` to hold this one against.
    `model`: the shape that is measured. `software`: also on graphics cards that a program pretends. `rows`: parts of
    names of scenarios end to end, or of the full benchmarks' measurements; none: all.
    """

    again: frozenset[str] = frozenset()
    pairs: int | None = None
    strict: bool = False
    compare: Path | None = None
    model: str = "135m"
    software: bool = False
    rows: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Job:
    """One stage at work on one target. `keys` holds the keys of this stage's predecessors by name."""

    stage: str
    root: Path
    target: Target
    toolchain: Toolchain
    options: Options
    report: Report
    cache: Cache
    keys: Mapping[str, str]
    records: Mapping[str, Record]
    key: str = ""

    @property
    def build(self) -> Path:
        """Where this target's records, logs and screenshots lie."""
        return self.root / "build" / self.target.name

    @property
    def recipe(self) -> Recipe:
        """What the project's sidecars need beside their own Python."""
        return recipes.of(self.target.project.recipe)

    @property
    def log(self) -> Path:
        """Where the stage's programs write what they print."""
        return self.build / "logs" / f"{self.stage}.log"

    def record(self, stage: str) -> Record:
        """The record of an earlier stage. A missing one is a defect: the runner runs predecessors first."""
        if stage not in self.records:
            raise ToolkitError(f"stage {self.stage} asks for the record of {stage}, which is not in its `needs`")
        return self.records[stage]


@dataclass(frozen=True, kw_only=True)
class Stage:
    """A function from earlier records to its own.

    `inputs` lists everything that goes in, from configuration, sources and `job.keys` alone, so that
    the plan can be made without building. `run` returns the record's data; layers take their bytes
    from the cache in it. `remembers`: an unchanged verdict is taken from its record. `after` names the
    verdicts that must stand before this stage may run; what they measured does not change its bytes,
    so they are no part of its key. `intact` tells whether what a record names is still there.
    """

    name: str
    summary: str
    needs: tuple[str, ...]
    after: tuple[str, ...] = ()
    inputs: Callable[[Job], dict[str, str]]
    run: Callable[[Job], dict[str, Any]]
    layer: str | None = None
    remembers: bool = False
    intact: Callable[[Record], bool] = lambda _: True
