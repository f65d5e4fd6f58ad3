"""Stage pack: the engine joined with a variant's libraries, as a folder and as a single file."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

from sidecarkit import audit, command, digest, layout, records, single_file
from sidecarkit.job import Job, Stage
from sidecarkit.report import size
from sidecarkit.tools import zig

_LAUNCHER = Path("sidecar", "launcher.c")
_PROOF_MODEL_RECIPE = Path(__file__).parents[1] / "recipes" / "proof_model.py"
_LINK_LIMIT_S = 600
_BUILD_ID_DIGITS = 16


def inputs(job: Job) -> dict[str, str]:
    """The launcher and what links it, the proof model's recipe; engine and libraries count by their stages' keys."""
    return {
        "launcher": digest.of_file(job.root / _LAUNCHER),
        "payload and link": digest.of_file(Path(single_file.__file__)),
        "proof model": digest.of_file(_PROOF_MODEL_RECIPE),
        "version": project_version(job.root),
        "zig": zig.version(),
        "stage": digest.of_file(Path(__file__)),
    }


def run(job: Job) -> dict[str, Any]:
    """Take both layouts from the cache or make them."""
    entry = job.cache.folder("pack", job.key, lambda folder: _build(job, folder))
    folder = entry.path / layout.folder_name(job.target.name)
    linked = entry.path / layout.single_file_name(job.target.name)
    folder_bytes = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    return {
        "summary": f"folder {size(folder_bytes)}, single file {size(linked.stat().st_size)}",
        "folder": str(folder),
        "folder_bytes": folder_bytes,
        "single_file": str(linked),
        "single_file_bytes": linked.stat().st_size,
        "build_id": job.key[:_BUILD_ID_DIGITS],
    }


def project_version(root: Path) -> str:
    """The project's version, as the sidecar states it."""
    text = (root / "sidecar" / "localai_sidecar" / "__init__.py").read_text(encoding="utf-8")
    return next(line.split('"')[1] for line in text.splitlines() if line.startswith("__version__"))


def _build(job: Job, destination: Path) -> None:
    folder = destination / layout.folder_name(job.target.name)
    with job.report.step("joining engine and libraries"):
        _join(job, folder)
    _link(job, folder, destination / layout.single_file_name(job.target.name))


def _join(job: Job, folder: Path) -> None:
    # Only here: NumPy takes longer to import than a plan to be made.
    from sidecarkit.recipes import proof_model

    native, engine = job.record("native").data, job.record("engine").data
    shutil.copytree(engine["folder"], folder)
    libraries = folder / layout.LIBRARIES
    libraries.mkdir()
    for name in native["libraries"]:
        shutil.copyfile(Path(native["folder"]) / "lib" / name, libraries / name)
    proof_model.write(folder / proof_model.NAME)
    records.write_json(
        folder / layout.BUILD_FACTS,
        {
            "buildId": job.key[:_BUILD_ID_DIGITS],
            "variant": job.target.variant,
            "triple": job.target.triple,
            "version": project_version(job.root),
        },
    )
    _set_modes(folder, program=layout.program_name(job.target.triple))


def _set_modes(folder: Path, *, program: str) -> None:
    """Readable by everybody, as packages need it, and executable only where it is run."""
    for path in folder.rglob("*"):
        path.chmod(0o755 if path.is_dir() or path.name == program else 0o644)


def _link(job: Job, folder: Path, destination: Path) -> None:
    workplace = destination.parent / ".payload"
    workplace.mkdir()
    with job.report.step("writing the payload"):
        payload_hash = single_file.write_payload(folder, workplace / single_file.PAYLOAD)
    words = single_file.link_command(
        job.root / _LAUNCHER, destination, payload_hash=payload_hash, zig_target=job.target.zig_target
    )
    command.run(
        words, log=job.log, report=job.report, title="linking the single file", cwd=workplace, timeout_s=_LINK_LIMIT_S,
        env=os.environ | {"ZIG_GLOBAL_CACHE_DIR": str(zig.shared_cache())},
    )  # fmt: skip
    audit.check(destination, triple=job.target.triple, glibc_floor=job.target.native_glibc_floor)
    shutil.rmtree(workplace)


STAGE = Stage(
    name="pack",
    summary="join engine and libraries into the folder and the single file",
    needs=("native", "engine"),
    layer="pack",
    inputs=inputs,
    run=run,
)
