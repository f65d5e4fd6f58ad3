"""Stage assemble: the app's program, exactly one engine and the licences bundled into packages; nothing is compiled."""

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
from sidecarkit.tools import node

# What is bundled beside the program and the engine, and how.
_SOURCES = ("tauri.bundle.conf.json", "localaiapp.desktop", "localaiapp.mime.xml", "models/*")
_BUNDLE_LIMIT_S = 900


def inputs(job: Job) -> dict[str, str]:
    """What is added to the program and the engine, and the tool that adds it."""
    return {
        "bundled": digest.of_sources(job.root / "tauri-app" / "src-tauri", _SOURCES),
        "bundles": " ".join(job.target.bundles),
        "node": node.version(),
        **parts_of_target.licence_inputs(job),
        "stage": digest.of_file(Path(__file__)),
        "engine's manifest": digest.of_file(Path(engine_manifest.__file__)),
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
    node.install(app, log=job.log, report=job.report)
    shutil.copy2(_collect_licences(job), folder / licences.NAME)
    # A target folder of its own: the bundler writes into the program what kind of package it is in.
    workplace = job.build / "bundling"
    shutil.rmtree(workplace, ignore_errors=True)
    (workplace / "target" / "release").mkdir(parents=True)
    shutil.copy2(job.record("app").data["program"], workplace / "target" / "release")
    command.run(
        [node.npm(), "exec", "--offline", "--", "tauri", "bundle", "--ci", "--bundles", ",".join(job.target.bundles),
         "--config", _overlay(job, app / "src-tauri")],
        log=job.log, report=job.report, title="bundling", cwd=app,
        env=node.environment(os.environ | {"CARGO_TARGET_DIR": str(workplace / "target")}), timeout_s=_BUNDLE_LIMIT_S,
    )  # fmt: skip
    for bundle in job.target.bundles:
        for package in (workplace / "target" / "release" / "bundle" / bundle).glob(f"*.{bundle}"):
            shutil.copy2(package, folder / package.name)
    shutil.rmtree(workplace)


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
    summary="bundle the app with one engine",
    needs=("place", "app"),
    after=("smoke", "bench"),
    layer="bundle",
    inputs=inputs,
    run=run,
    intact=lambda record: Path(record.data["deb"]).is_file(),
)
