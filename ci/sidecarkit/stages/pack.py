"""Stage pack: the engine joined with a variant's libraries, as a folder and as a single file."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path
from typing import Any

from sidecarkit import audit, command, digest, layout, records, single_file
from sidecarkit.config import SINGLE_FILE
from sidecarkit.errors import ConfigError
from sidecarkit.job import Job, Stage
from sidecarkit.recipes.recipe import LIBRARIES
from sidecarkit.report import size
from sidecarkit.tools import zig

_LINK_LIMIT_S = 600
_BUILD_ID_DIGITS = 16


def inputs(job: Job) -> dict[str, str]:
    """The launcher and what links it, the recipe's extras; engine and libraries count by their stages' keys."""
    return {
        "launcher": digest.of_file(job.root / job.target.project.launcher),
        "payload and link": digest.of_file(Path(single_file.__file__)),
        "version": project_version(job),
        "layouts": " ".join(job.target.layouts),
        **({"architectures": " ".join(job.target.architectures)} if job.target.architectures else {}),
        "zig": zig.version(),
        "stage": digest.of_file(Path(__file__)),
        **job.recipe.extras.inputs(),
    }


def run(job: Job) -> dict[str, Any]:
    """Take both layouts from the cache or make them."""
    entry = job.cache.folder("pack", job.key, lambda folder: _build(job, folder))
    folder = entry.path / job.target.folder_name
    folder_bytes = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    linked = entry.path / job.target.single_file_name if SINGLE_FILE in job.target.layouts else None
    linked_bytes = linked.stat().st_size if linked else 0
    return {
        "summary": f"folder {size(folder_bytes)}" + (f", single file {size(linked_bytes)}" if linked else ""),
        "folder": str(folder),
        "folder_bytes": folder_bytes,
        "single_file": str(linked) if linked else None,
        "single_file_bytes": linked_bytes,
        "build_id": job.key[:_BUILD_ID_DIGITS],
    }


def project_version(job: Job) -> str:
    """The project's version, as its package states it. Raises ConfigError when it does not."""
    path = job.root / job.target.project.package / "__init__.py"
    stated = re.search(r'^__version__ = "([^"]+)"$', path.read_text(encoding="utf-8"), re.MULTILINE)
    if stated is None:
        raise ConfigError(f"{path} states no version", hint='add a line like `__version__ = "0.1.0"`')
    return stated[1]


def _build(job: Job, destination: Path) -> None:
    folder = destination / job.target.folder_name
    with job.report.step("joining engine and libraries"):
        _join(job, folder)
    if SINGLE_FILE in job.target.layouts:
        _link(job, folder, destination / job.target.single_file_name)


def _join(job: Job, folder: Path) -> None:
    shutil.copytree(job.record("engine").data["folder"], folder)
    if job.recipe.native.folder:
        libraries = folder / job.recipe.native.folder
        libraries.mkdir()
        for made in (job.record("native").data, job.record("plugin").data):
            for name in made["libraries"]:
                shutil.copyfile(Path(made["folder"]) / LIBRARIES / name, libraries / name)
    job.recipe.extras.add(folder)
    records.write_json(
        folder / layout.BUILD_FACTS,
        {
            "buildId": job.key[:_BUILD_ID_DIGITS],
            "variant": job.target.variant,
            "triple": job.target.triple,
            "version": project_version(job),
            **({"architectures": list(job.target.architectures)} if job.target.architectures else {}),
        },
    )
    _set_modes(folder, program=job.target.program_name)


def _set_modes(folder: Path, *, program: str) -> None:
    """Readable by everybody, as packages need it, and executable only where it is run, whatever umask is in force."""
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() or path.name == program else 0o644)


def _link(job: Job, folder: Path, destination: Path) -> None:
    workplace = destination.parent / ".payload"
    workplace.mkdir()
    with job.report.step("writing the payload"):
        payload_hash = single_file.write_payload(folder, workplace / single_file.PAYLOAD)
    words = single_file.link_command(
        job.root / job.target.project.launcher, destination,
        program=job.target.project.program, payload_hash=payload_hash, zig_target=job.target.zig_target,
    )  # fmt: skip
    command.run(
        words, log=job.log, report=job.report, title="linking the single file", cwd=workplace, timeout_s=_LINK_LIMIT_S,
        env=os.environ | {"ZIG_GLOBAL_CACHE_DIR": str(zig.shared_cache())},
    )  # fmt: skip
    destination.chmod(0o755)
    audit.check(destination, triple=job.target.triple, glibc_floor=job.target.native_glibc_floor)
    shutil.rmtree(workplace)


STAGE = Stage(
    name="pack",
    summary="join engine and libraries into the folder and the single file",
    needs=("native", "plugin", "engine"),
    layer="pack",
    inputs=inputs,
    run=run,
)
