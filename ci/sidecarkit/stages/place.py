"""Stage place: both layouts copied to where Tauri looks for them, under the names it looks for, and checked there."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

from sidecarkit import digest, layout, placed
from sidecarkit.errors import WrongBinary
from sidecarkit.job import Job, Stage


def inputs(job: Job) -> dict[str, str]:  # noqa: ARG001 - every stage has this form; what is placed counts by pack's key
    """The code that places and checks."""
    return {"stage": digest.of_file(Path(__file__)), "checks": digest.of_file(Path(placed.__file__))}


def run(job: Job) -> dict[str, Any]:
    """Place folder and single file; raises WrongBinary when what lies there is not what the target says."""
    packed = job.record("pack").data
    destination = job.root / layout.PLACED
    folder = destination / layout.folder_name(job.target.name)
    single_file = destination / layout.single_file_name(job.target.name)
    with job.report.step(f"placing both layouts in {layout.PLACED.as_posix()}"):
        replace_folder(Path(packed["folder"]), folder)
        replace_file(Path(packed["single_file"]), single_file)
    with job.report.step("checking names, formats and hashes"):
        placed.check_folder(folder, job.target)
        placed.check_single_file(single_file, job.target)
        hashes = {path.name: placed.fingerprint(path) for path in (folder, single_file)}
        _compare(hashes, Path(packed["folder"]), Path(packed["single_file"]))
    return {
        "summary": f"both layouts in {layout.PLACED.as_posix()}",
        "folder": str(folder),
        "single_file": str(single_file),
        "sha256": hashes,
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


def _compare(found: dict[str, str], *packed: Path) -> None:
    for path in packed:
        expected = placed.fingerprint(path)
        if found[path.name] != expected:
            raise WrongBinary(
                f"`{path.name}` was placed with the hash {found[path.name]}, packed was {expected}",
                hint="another program changes files in tauri-app/src-tauri/bin, a virus scanner for example",
            )


STAGE = Stage(
    name="place",
    summary="copy both layouts to tauri-app/src-tauri/bin and check them",
    needs=("pack",),
    inputs=inputs,
    run=run,
)
