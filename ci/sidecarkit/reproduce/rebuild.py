"""Build a commit's layers in a clean folder: its files, an environment of its own locks, cold caches, no verdicts."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

from sidecarkit import command, parts, requirements
from sidecarkit.cache.store import folder_of_user
from sidecarkit.errors import NothingSelected
from sidecarkit.report import Report
from sidecarkit.reproduce import environments
from sidecarkit.reproduce.circumstances import FIRST, SECOND, Circumstances

__all__ = ["FIRST", "LAYERS", "SECOND", "Built", "build"]

LAYERS = ("native", "plugin", "engine", "pack", "app", "bundle")
_STEP_LIMIT_S = 1200
_BUILD_LIMIT_S = 4 * 3600


@dataclass(frozen=True, kw_only=True)
class Built:
    """Where the layers lie; None and () for those that were not asked for."""

    native: Path | None = None
    plugin: Path | None = None
    engine: Path | None = None
    folder: Path | None = None
    single_file: Path | None = None
    app: Path | None = None
    packages: tuple[Path, ...] = ()


def build(
    root: Path, commit: str, workplace: Path, *,
    target: str, report: Report, layers: Sequence[str] = LAYERS, circumstances: Circumstances = FIRST,
    python: Path | None = None,
) -> Built:  # fmt: skip
    """Build `layers` of `commit` out of the checkout `root` for `target`; everything lies below `workplace`.

    `workplace` is emptied first. Layers that are not asked for come from the user's cache, or are built into it.
    `python` is that of an environment with the toolkit's locked packages; without it, a new one is made of the
    commit's own locks. Raises NothingSelected when there is no such commit, and what the build raises.
    """
    shutil.rmtree(workplace, ignore_errors=True)
    checkout, log = workplace / circumstances.folder / "source", workplace / "build.log"
    environment = environments.of(circumstances, checkout.parent)
    with circumstances.hold():
        _export(root, commit, checkout, log, report)
        _share(checkout.parent / "cache" / folder_of_user().name, layers)
        python = python or _locked_python(checkout, environment, log, report)
        result = checkout.parent / "built.json"
        command.run(
            # All of them are not named: another commit may have others.
            [python, "-m", "sidecarkit", "build", *(() if set(layers) == set(LAYERS) else layers),
             "--target", target, "--write", result],
            log=log, report=report, cwd=checkout, env=environment | {"PYTHONPATH": str(checkout / "ci")},
            title=f"building {', '.join(layers)} in {circumstances}", timeout_s=_BUILD_LIMIT_S,
        )  # fmt: skip
    paths = json.loads(result.read_text(encoding="utf-8"))
    packages = tuple(Path(path) for path in paths.pop("packages", ()))
    known = {field.name for field in fields(Built)}
    return Built(**{name: Path(path) for name, path in paths.items() if name in known}, packages=packages)


def _export(root: Path, commit: str, checkout: Path, log: Path, report: Report) -> None:
    """Exactly what is committed, without git around it."""
    found = requirements.answer(["git", "-C", str(root), "rev-parse", "--verify", "--quiet", f"{commit}^{{commit}}"])
    if not found:
        raise NothingSelected(f"there is no commit `{commit}` in {root}", hint="fetch it first: `git fetch --all`")
    checkout.mkdir(parents=True)
    archive = checkout.with_suffix(".tar")
    steps: dict[str, list[str | Path]] = {
        f"exporting {found[:12]}": ["git", "-C", root, "archive", "--output", archive, found],
        "unpacking it": ["tar", "--no-same-permissions", "-xf", archive, "-C", checkout],
    }
    for title, words in steps.items():
        command.run(words, log=log, report=report, title=title, timeout_s=_STEP_LIMIT_S)
    archive.unlink()


def _share(cache: Path, layers: Sequence[str]) -> None:
    """Downloads are checked by their pins at each use; layers that are not compared may come from anywhere."""
    left_out = [layer for layer in LAYERS if layer not in layers]
    below = [] if "engine" in layers else ["compiler"]
    cache.mkdir(parents=True)
    for name in (parts.folder().name, *left_out, *below):
        (folder_of_user() / name).mkdir(parents=True, exist_ok=True)
        (cache / name).symlink_to(folder_of_user() / name)


def _locked_python(checkout: Path, environment: Mapping[str, str], log: Path, report: Report) -> Path:
    folder, lock = checkout / "build" / "environment", checkout / "ci" / "locks" / "toolkit.txt"
    python = folder / "bin" / "python"
    steps: dict[str, list[str | Path]] = {
        "making an environment": [sys.executable, "-m", "venv", folder],
        "installing the commit's locks": [python, "-m", "pip", "install", "--quiet", "--require-hashes", "-r", lock],
    }
    for title, words in steps.items():
        command.run(words, log=log, report=report, title=title, env=environment, timeout_s=_STEP_LIMIT_S)
    return python
