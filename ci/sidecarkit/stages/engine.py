"""Stage engine: the Python sidecar compiled by Nuitka and zig into a folder that needs no Python, once per triple."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from sidecarkit import audit, digest, interpreter
from sidecarkit.config import Target
from sidecarkit.errors import WrongBinary
from sidecarkit.job import Job, Stage
from sidecarkit.recipes.modules import FROM_THE_SYSTEM
from sidecarkit.report import size
from sidecarkit.tools import nuitka, zig


def inputs(job: Job) -> dict[str, str]:
    """The sidecar's sources, the recipe's own inputs, the interpreter, the compilers and their flags."""
    locks = job.root / "ci" / "locks"
    return {
        "sidecar": digest.of_sources(job.root / job.target.project.package, ("**/*.py",)),
        "cpython": job.toolchain.cpython_for(job.target.triple).sha256,
        "zig": zig.version(),
        "zig target": _zig_target(job.target),
        "glibc floor": str(job.target.engine_glibc_floor),
        "stage": digest.of_file(Path(__file__)),
        "interpreter": digest.of_file(Path(interpreter.__file__)),
        **job.recipe.engine.inputs(job),
        **nuitka.inputs(locks),
    }


def run(job: Job) -> dict[str, Any]:
    """Take the compiled folder from the cache or make it; it is held against the triple and its GLIBC floor."""
    entry = job.cache.folder("engine", job.key, lambda folder: _build(job, folder))
    engine = entry.path / "engine"
    total = sum(path.stat().st_size for path in engine.rglob("*") if path.is_file())
    return {
        "summary": f"program and Python, {size(total)}",
        "folder": str(engine),
        "program": job.target.program_name,
        "bytes": total,
    }


def _build(job: Job, folder: Path) -> None:
    compiler = _compiler(job)
    workplace = folder / ".work"
    package = _gather_sources(job, workplace / "source")
    compiled = nuitka.compile_package(
        compiler, package, workplace / "nuitka", zig_target=_zig_target(job.target),
        program_name=job.target.program_name, flags=job.recipe.engine.flags, log=job.log, report=job.report,
    )  # fmt: skip
    check(compiled, compiler.home, triple=job.target.triple, glibc_floor=job.target.engine_glibc_floor)
    compiled.rename(folder / "engine")
    shutil.rmtree(workplace)


def _zig_target(target: Target) -> str:
    """The interpreter needs a newer GLIBC than the libraries do, and zig links for one not older than its."""
    system, dot, _ = target.zig_target.partition(".")
    return f"{system}.{target.engine_glibc_floor}" if dot else system


def _compiler(job: Job) -> nuitka.Compiler:
    """The interpreter with Nuitka in it, kept between compiles because installing it takes longer than unpacking."""
    pin, locks = job.toolchain.cpython_for(job.target.triple), job.root / "ci" / "locks"
    key = digest.of_mapping(
        {"cpython": pin.sha256, "interpreter": digest.of_file(Path(interpreter.__file__)), **nuitka.inputs(locks)}
    )

    def build(folder: Path) -> None:
        program = interpreter.unpack(pin, folder / "cpython", job.report)
        nuitka.install(nuitka.Compiler(home=folder / "cpython", program=program), locks, log=job.log, report=job.report)
        interpreter.leave_out_locale_encodings(folder / "cpython", pin)

    home = job.cache.folder("compiler", key, build).path / "cpython"
    return nuitka.Compiler(home=home, program=interpreter.program(home, pin))


def _gather_sources(job: Job, folder: Path) -> Path:
    """Put the package and what the recipe adds side by side, away from the checkout, and return the package."""
    package = job.target.project.package
    shutil.copytree(job.root / package, folder / package.name, ignore=shutil.ignore_patterns("__pycache__"))
    job.recipe.engine.gather(job, folder)
    return folder / package.name


def check(folder: Path, home: Path, *, triple: str, glibc_floor: str | None) -> None:
    """Hold every compiled file of the engine against `triple` and `glibc_floor`.

    Raises WrongBinary, also for a library that needs one which is neither here nor the system's, and for
    one that was copied from this machine instead of the interpreter in `home`.
    """
    files = {path.name: path for path in folder.rglob("*") if path.is_file() and audit.is_binary(path)}
    for name, path in sorted(files.items()):
        facts = audit.check(path, triple=triple, glibc_floor=glibc_floor)
        absent = sorted(set(facts.needed) - files.keys() - FROM_THE_SYSTEM)
        if absent:
            raise WrongBinary(
                f"`{name}` of the engine needs {', '.join(absent)}, which is not in its folder",
                hint="leave out the module that brings it: ci/sidecarkit/recipes/modules.py",
            )
        if name.startswith("lib") and not (home / "lib" / name).exists():
            raise WrongBinary(
                f"`{name}` was copied from this machine into the engine: expected only libraries of the pinned CPython",
                hint="leave out the module that needs it: ci/sidecarkit/recipes/modules.py",
            )


STAGE = Stage(
    name="engine",
    summary="compile the sidecar with Nuitka and zig",
    needs=(),
    layer="engine",
    inputs=inputs,
    run=run,
)
