"""Stage plugin: the libraries of a variant's own backend, in a layer of their own beside the native ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sidecarkit import audit, beside
from sidecarkit.job import Job, Stage
from sidecarkit.recipes.recipe import LIBRARIES, TOOLS, PlugIn
from sidecarkit.report import size


def inputs(job: Job) -> dict[str, str]:
    """The backend and its recipe's own inputs; what it is compiled against and by counts by stage native's key.

    This file does not: it adds no byte of its own, and nobody shall compile for an hour because of it.
    """
    plug_in = _plug_in(job)
    return {"backend": job.target.variant, **plug_in.inputs(job)} if plug_in else {"backend": "none"}


def run(job: Job) -> dict[str, Any]:
    """Take the libraries from the cache or build them, and lay the tools out beside them. Raises WrongBinary."""
    entry = job.cache.folder("plugin", job.key, lambda folder: _build(job, folder))
    files = sorted((entry.path / LIBRARIES).iterdir())
    total = sum(path.stat().st_size for path in files)
    return {
        "summary": f"{', '.join(path.name for path in files)}, {size(total)}" if files else "the variant has none",
        "folder": str(entry.path),
        "libraries": [path.name for path in files],
        "tools": _tools(job, files),
        "bytes": total,
    }


def _plug_in(job: Job) -> PlugIn | None:
    return job.recipe.plug_ins.get(job.target.variant)


def _build(job: Job, folder: Path) -> None:
    plug_in = _plug_in(job)
    if plug_in is None:
        (folder / LIBRARIES).mkdir()
        return
    plug_in.build(job, folder)
    for path in sorted((folder / LIBRARIES).iterdir()):
        audit.check(path, triple=job.target.triple, glibc_floor=job.target.plug_in_glibc_floor)


def _tools(job: Job, plug_ins: list[Path]) -> dict[str, str]:
    """The tools of stage native, where they find this backend too."""
    native = job.record("native").data
    if not plug_ins:
        return dict(native["tools"])
    folder, programs = job.build / "tools", [Path(path) for path in native["tools"].values()]
    others = [path.resolve() for path in (Path(native["folder"]) / TOOLS).iterdir() if path not in programs]
    beside.lay_out(folder, programs, [*others, *plug_ins])
    return {path.name: str(folder / path.name) for path in programs}


STAGE = Stage(
    name="plugin",
    summary="make the libraries of the variant's own backend",
    needs=("native",),
    layer="plugin",
    inputs=inputs,
    run=run,
    intact=lambda record: all(Path(program).is_file() for program in record.data["tools"].values()),
)
