"""Stage assemble: the Tauri app in release mode, bundled with exactly one engine, without the network."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

from sidecarkit import audit, command, digest, engine_manifest, records, source
from sidecarkit import deb as deb_package
from sidecarkit.errors import AssembleFailed, StepFailed
from sidecarkit.job import Job, Stage
from sidecarkit.release import licences, parts_of_target
from sidecarkit.report import size
from sidecarkit.tools import cargo, node

_SOURCES = (
    "index.html", "package.json", "package-lock.json", "*.ts", "tsconfig*.json", "public/**/*", "src/**/*",
    "src-tauri/Cargo.*", "src-tauri/*.rs", "src-tauri/*.json", "src-tauri/src/**/*", "src-tauri/crates/**/*",
    "src-tauri/capabilities/*", "src-tauri/icons/*", "src-tauri/models/*",
)  # fmt: skip
_BUILD_LIMIT_S = 3600


def inputs(job: Job) -> dict[str, str]:
    """The app's sources and locks, and the compilers."""
    return {
        "app": digest.of_sources(job.root / "tauri-app", _SOURCES),
        "rustc": cargo.version(),
        "node": node.version(),
        "bundles": " ".join(job.target.bundles),
        **parts_of_target.licence_inputs(job),
        "stage": digest.of_file(Path(__file__)),
        "engine's manifest": digest.of_file(Path(engine_manifest.__file__)),
        "compiler's environment": digest.of_file(Path(cargo.__file__)),
    }


def run(job: Job) -> dict[str, Any]:
    """Take the packages from the cache or build them, and date them.

    Raises AssembleFailed when a build step does, WrongBinary for a package over its budget.
    """
    try:
        entry = job.cache.folder("bundle", job.key, lambda folder: _build(job, folder))
        deb = _dated(job, entry.path)
    except StepFailed as error:
        raise AssembleFailed(error.message, hint=error.hint, log=error.log) from error
    audit.refuse([*audit.size_problems({"bundle": deb.stat().st_size}, job.target.budget)])
    shutil.copy2(entry.path / licences.NAME, job.build / licences.NAME)
    return {
        "summary": f"{deb.name}, {size(deb.stat().st_size)}",
        "deb": str(deb),
        "bytes": deb.stat().st_size,
        "sha256": digest.of_file(deb),
        "licences": str(job.build / licences.NAME),
    }


def _dated(job: Job, bundle: Path) -> Path:
    """The package for this commit. It is not in the layer: with a new commit's time nothing has to compile anew."""
    (built,) = bundle.glob("*.deb")
    packages = job.build / "packages"
    shutil.rmtree(packages, ignore_errors=True)
    packages.mkdir(parents=True)
    package = packages / built.name
    deb_package.settle(built, package, time=source.commit(job.root).time, log=job.log, report=job.report)
    return package


def _build(job: Job, folder: Path) -> None:
    app = job.root / "tauri-app"
    bundles = job.root / "build" / "cargo" / "target" / "release" / "bundle"
    shutil.rmtree(bundles, ignore_errors=True)
    node.install(app, log=job.log, report=job.report)
    _cargo_fetch(job, app)
    shutil.copy2(_collect_licences(job), folder / licences.NAME)
    environment = node.environment(cargo.release_environment(job.root))
    command.run(
        [node.npm(), "exec", "--offline", "--", "tauri", "build", "--ci", "--bundles", ",".join(job.target.bundles),
         "--config", _overlay(job, app / "src-tauri"), "--", "--locked", "--offline"],
        log=job.log, report=job.report, title="building the app and its packages", cwd=app,
        env=environment, timeout_s=_BUILD_LIMIT_S,
    )  # fmt: skip
    for bundle in job.target.bundles:
        for package in (bundles / bundle).glob(f"*.{bundle}"):
            shutil.copy2(package, folder / package.name)


def _cargo_fetch(job: Job, app: Path) -> None:
    """The only step that needs the network, so that bundling itself can be shown to need none."""
    command.run(
        ["cargo", "fetch", "--locked"],
        log=job.log, report=job.report, title="fetching crates", cwd=app / "src-tauri",
        env=cargo.environment(job.root), timeout_s=900,
    )  # fmt: skip


def _collect_licences(job: Job) -> Path:
    destination = job.build / licences.NAME
    with job.report.step("collecting the licences of everything that ships"):
        text = parts_of_target.licence_text(job)
    destination.write_text(text, encoding="utf-8")
    return destination


def _overlay(job: Job, app_core: Path) -> Path:
    """The app's own bundle overlay with this target's placed engine as the one resource folder.

    Beside that folder lie its files' hashes, which the app checks at each start, and the licences.
    """
    overlay = json.loads((app_core / "tauri.bundle.conf.json").read_text(encoding="utf-8"))
    (destination,) = overlay["bundle"]["resources"].values()
    placed = Path(job.record("place").data["folder"])
    hashes = engine_manifest.write(job.build / engine_manifest.NAME, placed, job.target.program_name)
    overlay["bundle"]["resources"] = {
        f"{placed.relative_to(app_core).as_posix()}/": destination,
        _seen_from(app_core, hashes): engine_manifest.NAME,
        _seen_from(app_core, job.build / licences.NAME): licences.NAME,
    }
    return records.write_json(job.build / "tauri.bundle.conf.json", overlay)


def _seen_from(app_core: Path, path: Path) -> str:
    """Relative, so that where the checkout lies cannot get into the package."""
    return Path(os.path.relpath(path, app_core)).as_posix()


STAGE = Stage(
    name="assemble",
    summary="build the Tauri app and bundle it with one engine",
    needs=("place",),
    after=("smoke", "bench"),
    layer="bundle",
    inputs=inputs,
    run=run,
    intact=lambda record: Path(record.data["deb"]).is_file(),
)
