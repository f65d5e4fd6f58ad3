"""One archive for a machine with an NVIDIA card and no network: engine, plug-ins, tools, models, and their judge."""

from __future__ import annotations

import os
import shutil
import sys
import tarfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from sidecarkit import command, layers, made_model
from sidecarkit.errors import NothingSelected, StepFailed, WrongBinary
from sidecarkit.job import Job
from sidecarkit.recipes.recipe import LIBRARIES, TOOLS
from sidecarkit.report import size
from sidecarkit.stages import bench, line_for
from sidecarkit.tools import cuda

NAME = "localaiapp-gpu-acceptance"
LIMIT_BYTES = 60_000_000
# From the machine: half a gigabyte that every machine for this kind of work has.
LEFT_OUT = cuda.SHIPPED[1:]
SHAPES = ("135m", "1.1b")
# What judges: modules that need the standard library alone.
_SOURCES = {
    Path("ci", "sidecarkit"): ("__init__.py", "sidecar_client.py", "sidecar_wire.py"),
    Path("benchmarks", "acceptance"): (
        "__init__.py", "__main__.py", "card.py", "kit.py", "outcome.py", "steps.py", "weights.py",
    ),
    Path("benchmarks", "sidebyside"): ("__init__.py", "felt.py", "load.py", "sides.py"),
}  # fmt: skip
_START = """\
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / "python"))
from benchmarks.acceptance.__main__ import main

sys.exit(main(["--folder", str(HERE), *sys.argv[1:]]))
"""
_LIMIT_S = 600


@dataclass(frozen=True, kw_only=True)
class Parts:
    """Folders that the archive is made of: the packed engine, the native layer, plug-ins of other backends."""

    engine: Path
    native: Path
    plug_ins: tuple[Path, ...]


def make(job: Job, others: Iterable[Job]) -> Path:
    """Build what is missing and write the archive; `job` is the CUDA target's, `others` those whose plug-ins go along.

    Raises NothingSelected unless one architecture is chosen, WrongBinary for an archive that is too large.
    """
    if len(job.target.architectures) != 1:
        raise NothingSelected(
            f"the archive is for one architecture, and {len(job.target.architectures)} are chosen",
            hint="add `-- --architectures 90-real`, the one of the card it is for",
        )
    built = layers.build(line_for(job.target), job, ["native", "pack"])
    plug_ins = [layers.build(line_for(other.target), other, ["plugin"])["plugin"] for other in others]
    parts = Parts(engine=Path(built["folder"]), native=Path(built["native"]), plug_ins=tuple(map(Path, plug_ins)))
    folder = job.build / NAME
    shutil.rmtree(folder, ignore_errors=True)
    compose(folder, parts, job)
    for shape in SHAPES:
        _add_model(job, shape, folder / "models")
    return packed(folder, job.build / f"{NAME}-{job.target.architectures[0]}.tar.xz", job)


def compose(folder: Path, parts: Parts, job: Job) -> None:
    """Everything but the models that are made, in the new folder."""
    libraries = folder / "engine" / str(job.recipe.native.folder)
    shutil.copytree(parts.engine, folder / "engine", ignore=lambda _, names: set(names) & set(LEFT_OUT))
    for plug_in in parts.plug_ins:
        for path in (plug_in / LIBRARIES).iterdir():
            shutil.copyfile(path, libraries / path.name)
    _add_tools(folder / "tools", parts.native / TOOLS, libraries)
    for place, names in _SOURCES.items():
        destination = folder / "python" / (place.name if place.parts[0] == "ci" else place)
        destination.mkdir(parents=True)
        for name in names:
            shutil.copyfile(job.root / place / name, destination / name)
    (folder / "models").mkdir()
    shutil.copyfile(job.root / bench.DEMO_MODEL, folder / "models" / bench.DEMO_MODEL.name)
    (folder / "accept.py").write_text(_START, encoding="utf-8")


def _add_tools(folder: Path, tools: Path, libraries: Path) -> None:
    """The tools beside links to the engine's own libraries, for plug-ins are looked for beside a program."""
    folder.mkdir()
    for path in tools.iterdir():
        if not path.is_symlink():
            shutil.copy2(path, folder / path.name)
    for path in libraries.iterdir():
        (folder / path.name).symlink_to(os.path.relpath(path, folder))


def _add_model(job: Job, shape: str, folder: Path) -> None:
    words: list[str | Path] = [sys.executable, "-m", "benchmarks.acceptance.blanks", made_model.path(job, shape)]
    command.run(
        [*words, folder / f"random-{shape}.gguf"],
        log=job.log, report=job.report, title=f"blanking the model {shape}", cwd=job.root,
        env=os.environ | bench.python_path(job.root), timeout_s=_LIMIT_S,
    )  # fmt: skip


def packed(folder: Path, archive: Path, job: Job) -> Path:
    """Write `folder` as `archive`. Raises WrongBinary for one that is larger than machines may take."""
    with job.report.step(f"packing {archive.name}"), tarfile.open(archive, "w:xz", preset=6) as opened:
        for path in sorted(folder.rglob("*")):
            opened.add(path, arcname=path.relative_to(folder.parent).as_posix(), recursive=False)
    found = archive.stat().st_size
    if found > LIMIT_BYTES:
        raise WrongBinary(
            f"{archive} takes {size(found)}, more than {size(LIMIT_BYTES)}: machines may take no more",
            hint="look at the largest files of the folder beside it",
        )
    job.report.say(f"   {archive}: {size(found)}")
    return archive


def accept(folder: Path, job: Job) -> None:
    """Run it on this machine's card. Raises StepFailed when a step failed."""
    words: list[str | Path] = [sys.executable, folder / "accept.py"]
    try:
        command.run(words, log=job.log, report=job.report, title="accepting the card of this machine", timeout_s=7200)
    except StepFailed as error:
        raise StepFailed(f"the card of this machine is not accepted: {error.message}", log=error.log) from error
