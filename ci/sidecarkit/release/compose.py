"""Makes build/release of what the stages have left: the same bytes again for the same commit and artefacts."""

from __future__ import annotations

import shutil
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sidecarkit.errors import ConfigError
from sidecarkit.job import Job
from sidecarkit.records import Record, write_json
from sidecarkit.release import (
    artefacts,
    checksums,
    contents,
    licences,
    manifest,
    page_packages,
    parts_of_target,
    provenance,
    sbom,
    signing,
    source,
)
from sidecarkit.release.source import Source
from sidecarkit.report import Report, size

FOLDER = Path("build", "release")
LOG = Path("build", "logs", "release.log")


@dataclass(frozen=True, kw_only=True)
class Built:
    """A target's job with the records of its stages, all of which stand."""

    job: Job
    records: Mapping[str, Record]

    @property
    def licences(self) -> Path:
        """The file that this target's app shows."""
        return Path(self.records["assemble"].data["licences"])


def compose(root: Path, built: list[Built], report: Report) -> Path:
    """Write build/release anew and return it; a reader sees the old folder or the new one.

    Raises ConfigError where git knows no commit, or a signature is asked for what is not the commit's own;
    MissingTool where the signing program is not there.
    """
    made_of, app = source.of(root), app_of(root)
    _refuse_to_sign_changes(made_of)
    workplace = root / FOLDER.with_name(".release")
    shutil.rmtree(workplace, ignore_errors=True)
    workplace.mkdir(parents=True)
    drafted = manifest.draft(
        root, app=app, source=made_of, targets=[_target(each, workplace, made_of, report) for each in built]
    )
    texts = {each.licences.read_text(encoding="utf-8") for each in built}
    (workplace / licences.NAME).write_text("\n".join(sorted(texts)), encoding="utf-8")
    with report.step("listing every part that ships"):
        (workplace / sbom.NAME).write_text(_sbom(root, built, app, made_of), encoding="utf-8")
    write_json(workplace / provenance.NAME, provenance.statement(drafted))
    manifest.finish(workplace, drafted)
    comment = f"{app[0]} {app[1]}, commit {made_of.commit}"
    signing.sign([workplace / provenance.NAME], comment=comment, log=root / LOG, report=report)
    signing.sign([checksums.write(workplace)], comment=comment, log=root / LOG, report=report)
    _replace(workplace, root / FOLDER)
    _tell(root / FOLDER, made_of, report)
    return root / FOLDER


def app_of(root: Path) -> tuple[str, str]:
    """Name and version of what is released, from pyproject.toml."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return project["name"], project["version"]


def _refuse_to_sign_changes(made_of: Source) -> None:
    if not made_of.clean and signing.is_asked_for():
        raise ConfigError(
            f"a signed release is its commit's own, and here {', '.join(made_of.changed)} differ from it",
            hint="commit or remove what `git status` lists, then run the same command again",
        )


def _target(built: Built, workplace: Path, made_of: Source, report: Report) -> dict[str, Any]:
    job, records = built.job, built.records
    seconds = int(made_of.when.timestamp())
    with report.step(f"gathering what {job.target.name} gives"):
        gathered = artefacts.gather(job.target, records, built.licences, workplace, seconds)
    with report.step(f"looking into {len(gathered)} artefacts"):
        reader = contents.Contents(job.root / LOG, report, records["place"].data.get("files", ()))
        return manifest.of_target(job, records, gathered, reader)


def _sbom(root: Path, built: list[Built], app: tuple[str, str], made_of: Source) -> str:
    npm = page_packages.sbom(root / parts_of_target.APP)
    parts = {each.job.target.name: parts_of_target.shipped(each.job, npm) for each in built}
    return sbom.merged(parts, npm, app=app, commit=made_of.commit, when=made_of.when)


def _replace(workplace: Path, folder: Path) -> None:
    old = folder.with_name(".release-before")
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        folder.rename(old)
    workplace.rename(folder)
    shutil.rmtree(old, ignore_errors=True)


def _tell(folder: Path, made_of: Source, report: Report) -> None:
    for path in sorted(folder.iterdir()):
        report.say(f"   {size(path.stat().st_size):>9}  {path.name}")
    if not made_of.clean:
        differ = f"{', '.join(made_of.changed[:3])}{' …' if len(made_of.changed) > 3 else ''}"
        report.say(f"   not of commit {made_of.commit[:12]} alone: {differ} ({len(made_of.changed)} files differ)")
