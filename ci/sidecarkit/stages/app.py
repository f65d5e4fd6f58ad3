"""Stage app: the page and the Rust core compiled into the app's program, without an engine in sight."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from sidecarkit import audit, command, digest
from sidecarkit.errors import AssembleFailed, StepFailed
from sidecarkit.job import Job, Stage
from sidecarkit.report import size
from sidecarkit.tools import cargo, node

NAME = "localaiapp"
# What is compiled in. The engine is not: it lies beside the program, so that a new one costs no compile.
_SOURCES = (
    "index.html", "package.json", "package-lock.json", "*.ts", "tsconfig*.json", "public/**/*", "src/**/*",
    "src-tauri/Cargo.*", "src-tauri/*.rs", "src-tauri/tauri.conf.json", "src-tauri/src/**/*",
    "src-tauri/crates/*/Cargo.toml", "src-tauri/crates/*/src/**/*", "src-tauri/capabilities/*", "src-tauri/icons/*",
)  # fmt: skip
_BUILD_LIMIT_S = 3600


def inputs(job: Job) -> dict[str, str]:
    """The app's sources and locks, and the compilers."""
    return {
        "app": digest.of_sources(job.root / "tauri-app", _SOURCES),
        "triple": job.target.triple,
        "rustc": cargo.version(),
        "node": node.version(),
        "stage": digest.of_file(Path(__file__)),
        "compiler's environment": digest.of_file(Path(cargo.__file__)),
    }


def run(job: Job) -> dict[str, Any]:
    """Take the program from the cache or compile it, and audit it.

    Raises AssembleFailed when a build step does, WrongBinary for a program that tells of this machine or fits another.
    """
    try:
        entry = job.cache.folder("app", job.key, lambda folder: _build(job, folder))
    except StepFailed as error:
        raise AssembleFailed(error.message, hint=error.hint, log=error.log) from error
    program = entry.path / file_name(job)
    audit.refuse(audit.of_program(program, job.target, audit.Builder.here(job.root, job.cache.root)))
    return {
        "summary": f"{program.name}, {size(program.stat().st_size)}",
        "program": str(program),
        "bytes": program.stat().st_size,
        "sha256": digest.of_file(program),
    }


def file_name(job: Job) -> str:
    """What the program is called on the target's system."""
    return f"{NAME}.exe" if job.target.for_windows else NAME


def _build(job: Job, folder: Path) -> None:
    app = job.root / "tauri-app"
    node.install(app, log=job.log, report=job.report)
    cargo.fetch(job.root, log=job.log, report=job.report)
    command.run(
        [node.npm(), "exec", "--offline", "--", "tauri", "build", "--ci", "--no-bundle", "--", "--locked", "--offline"],
        log=job.log, report=job.report, title="compiling the app", cwd=app,
        env=node.environment(cargo.release_environment(job.root)), timeout_s=_BUILD_LIMIT_S,
    )  # fmt: skip
    program = folder / file_name(job)
    shutil.copyfile(cargo.target_folder(job.root) / "release" / program.name, program)
    program.chmod(0o755)  # whatever umask is in force


STAGE = Stage(
    name="app",
    summary="compile the page and the Rust core",
    needs=(),
    layer="app",
    inputs=inputs,
    run=run,
    intact=lambda record: Path(record.data["program"]).is_file(),
)
