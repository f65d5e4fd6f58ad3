"""Stage place: what was packed, copied to where Tauri looks for it, under the names it looks for, and checked there."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

from sidecarkit import audit, digest, placed
from sidecarkit.errors import WrongBinary
from sidecarkit.job import Job, Stage


def inputs(job: Job) -> dict[str, str]:  # noqa: ARG001 - every stage has this form; what is placed counts by pack's key
    """The code that places. What is checked changes no byte of it, and is checked at each run."""
    return {"stage": digest.of_file(Path(__file__))}


def run(job: Job) -> dict[str, Any]:
    """Place the folder, and the single file where there is one. Raises WrongBinary with all that is not right."""
    packed = job.record("pack").data
    destination = job.root / job.target.project.placed
    folder = destination / job.target.folder_name
    single_file = destination / job.target.single_file_name if packed["single_file"] else None
    sources = [Path(packed[layout]) for layout in ("folder", "single_file") if packed[layout]]
    with job.report.step(f"placing what was packed in {job.target.project.placed}"):
        replace_folder(Path(packed["folder"]), folder)
        if single_file:
            replace_file(Path(packed["single_file"]), single_file)
    with job.report.step("auditing every file of it"):
        found = placed.examine(destination, job.target, audit.Builder.here(job.root, job.cache.root))
        audit.refuse(found.problems, where=job.target.project.placed.as_posix())
        hashes = {path.name: placed.fingerprint(destination / path.name) for path in sources}
        _compare(hashes, sources)
    return {
        "summary": f"{' and '.join(hashes)} in {job.target.project.placed}",
        "folder": str(folder),
        "single_file": str(single_file) if single_file else None,
        "sha256": hashes,
        "files": [file.as_dict() for file in found.files],
    }


def replace_folder(source: Path, destination: Path) -> None:
    """Put a copy of `source` in `destination`'s place; a reader sees the old folder or the new one, never half."""
    destination.parent.mkdir(parents=True, exist_ok=True)
    workplace = Path(tempfile.mkdtemp(prefix=".placing-", dir=destination.parent))
    try:
        shutil.copytree(source, workplace / "new", symlinks=True)
        if destination.exists():
            destination.rename(workplace / "old")
        (workplace / "new").rename(destination)
    finally:
        shutil.rmtree(workplace, ignore_errors=True)


def replace_file(source: Path, destination: Path) -> None:
    """Put a copy of `source` in `destination`'s place, mode and all, in one step."""
    destination.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=".placing-", dir=destination.parent)
    os.close(handle)
    try:
        shutil.copyfile(source, name)
        shutil.copymode(source, name)
        Path(name).replace(destination)
    finally:
        Path(name).unlink(missing_ok=True)


def _compare(found: dict[str, str], packed: list[Path]) -> None:
    for path in packed:
        expected = placed.fingerprint(path)
        if found[path.name] != expected:
            raise WrongBinary(
                f"`{path.name}` was placed with the hash {found[path.name]}, packed was {expected}",
                hint="another program changes files there, a virus scanner for example",
            )


STAGE = Stage(
    name="place",
    summary="copy both layouts to where Tauri takes sidecars from, and check them",
    needs=("pack",),
    inputs=inputs,
    run=run,
)
