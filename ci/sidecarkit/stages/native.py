"""Stage native: the libraries that lie beside the engine, made by the project's recipe, held against the triple."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sidecarkit import audit, digest
from sidecarkit.job import Job, Stage
from sidecarkit.recipes.recipe import LIBRARIES, TOOLS
from sidecarkit.report import size
from sidecarkit.tools import zig


def inputs(job: Job) -> dict[str, str]:
    """The recipe's own inputs, the compiler and what the target asks of it."""
    return {
        "zig": zig.version(),
        "zig target": job.target.zig_target,
        "glibc floor": str(job.target.native_glibc_floor),
        "stage": digest.of_file(Path(__file__)),
        **job.recipe.native.inputs(job),
    }


def run(job: Job) -> dict[str, Any]:
    """Take the libraries from the cache or build them. Raises WrongBinary for one that does not fit the target."""
    entry = job.cache.folder("native", job.key, lambda folder: _build(job, folder))
    files = sorted((entry.path / LIBRARIES).iterdir())
    total = sum(path.stat().st_size for path in files)
    names = [path.name for path in files]
    return {
        "summary": f"{len(names)} libraries, {size(total)}",
        "folder": str(entry.path),
        "libraries": names,
        "tools": {path.name: str(path) for path in sorted((entry.path / TOOLS).iterdir()) if path.suffix == ""},
        "bytes": total,
        **job.recipe.native.facts(names),
    }


def _build(job: Job, folder: Path) -> None:
    job.recipe.native.build(job, folder)
    for path in sorted((folder / LIBRARIES).iterdir()):
        audit.check(path, triple=job.target.triple, glibc_floor=job.target.native_glibc_floor)


STAGE = Stage(
    name="native",
    summary="make the libraries that lie beside the engine",
    needs=(),
    layer="native",
    inputs=inputs,
    run=run,
)
