"""Nuitka in the pinned interpreter: installed from the locks, run with only `ldd` and `readelf` of the machine."""

from __future__ import annotations

import os
import shlex
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sidecarkit import command, digest
from sidecarkit.errors import MissingTool
from sidecarkit.report import Report
from sidecarkit.tools import zig

_INSTALL_LIMIT_S = 900
_COMPILE_LIMIT_S = 3600
# Nuitka asks these two which libraries a file needs; they come with every C library and every linker.
_FROM_THE_SYSTEM = ("ldd", "readelf")

FLAGS = (
    "--mode=standalone",
    "--zig",
    # `auto` changes with the number of modules, and the bytes with it.
    "--lto=no",
    "--static-libpython=no",
    "--reproducible=yes",
    "--deployment",
    "--update-check=never",
    # -m: compiled as a package; the rest makes the program blind to PYTHON* variables and user sites.
    "--python-flag=-m,no_site,no_warnings,isolated,safe_path",
)

# Nuitka has the interpreter's folder linked in as a search path, and patchelf erases it later, but for its length:
# the program's bytes would depend on where the cache lies.
_ZIG = """#!/bin/sh
for word do
    shift
    case $word in -Wl,-rpath=*) ;; *) set -- "$@" "$word" ;; esac
done
exec {zig} "$@"
"""


@dataclass(frozen=True, kw_only=True)
class Compiler:
    """The interpreter that has Nuitka installed. `home` is its folder, `program` its executable."""

    home: Path
    program: Path


def inputs(locks: Path) -> dict[str, str]:
    """What decides the installed compiler, besides the interpreter: name → digest."""
    return {lock: digest.of_file(locks / lock) for lock in _locks()} | {"compiler": digest.of_file(Path(__file__))}


def install(compiler: Compiler, locks: Path, *, log: Path, report: Report) -> None:
    """Install the locked Nuitka into `compiler` by the user's own pip settings; every file is checked by its hash."""
    pip: list[str | Path] = [
        compiler.program, "-m", "pip", "install", "--quiet", "--no-compile", "--require-hashes", "--no-deps",
        "--root-user-action=ignore", "--disable-pip-version-check",
    ]  # fmt: skip
    builder, packages = _locks()
    steps: dict[str, list[str | Path]] = {
        "installing what builds Nuitka": ["--only-binary=:all:", "-r", locks / builder],
        "installing Nuitka": ["--no-build-isolation", "--no-binary=nuitka", "-r", locks / packages],
    }
    for title, words in steps.items():
        command.run(
            [*pip, *words], log=log, report=report, title=title,
            env=_without_python_settings(), timeout_s=_INSTALL_LIMIT_S,
        )  # fmt: skip
    command.run(
        # Nuitka itself starts faster compiled; hashes instead of times keep the files the same everywhere.
        [compiler.program, "-m", "compileall", "-q", "--invalidation-mode=unchecked-hash", _package(compiler)],
        log=log, report=report, title="compiling Nuitka's own modules", env=_without_python_settings(),
    )  # fmt: skip


def compile_package(
    compiler: Compiler, package: Path, workplace: Path, *,
    zig_target: str, program_name: str, flags: Sequence[str], log: Path, report: Report,
) -> Path:  # fmt: skip
    """Compile `package` (a folder with `__main__.py`) for `zig_target` inside `workplace`; return the folder made.

    Modules are found beside `package`. Raises StepFailed, and MissingTool when the system lacks `ldd` or `readelf`.
    """
    command.run(
        [compiler.program, "-X", "utf8", "-m", "nuitka", *FLAGS, *flags, f"--jobs={os.cpu_count() or 1}",
         f"--output-dir={workplace}", f"--output-filename={program_name}", f"--report={workplace / 'report.xml'}",
         package],
        log=log, report=report, title=f"compiling {package.name}", timeout_s=_COMPILE_LIMIT_S,
        env=environment(compiler, package.parent, workplace, zig_target=zig_target), cwd=workplace,
    )  # fmt: skip
    return workplace / f"{package.name}.dist"


def environment(compiler: Compiler, modules: Path, workplace: Path, *, zig_target: str) -> dict[str, str]:
    """Everything Nuitka, SCons and zig see: nothing is inherited, so nothing of the machine gets in."""
    temporary = workplace / "tmp"
    temporary.mkdir(parents=True)
    target = " ".join(zig.compile_flags(zig_target))
    return {
        "PATH": str(_programs(compiler, workplace / "programs")),
        "HOME": str(temporary),
        "TMPDIR": str(temporary),
        "PYTHONPATH": str(modules),
        "PYTHONHASHSEED": "0",
        # The same state of the interpreter's bytecode at every compile: else marshalled modules differ.
        "PYTHONDONTWRITEBYTECODE": "1",
        "CCFLAGS": target,
        "LDFLAGS": target,
        "NUITKA_CACHE_DIR": str(workplace / "cache"),
        "ZIG_LOCAL_CACHE_DIR": str(workplace / "zig"),
        "ZIG_GLOBAL_CACHE_DIR": str(zig.shared_cache()),
    }


def _programs(compiler: Compiler, folder: Path) -> Path:
    """A folder that serves as the whole PATH, so that no other compiler can be found."""
    folder.mkdir()
    found = {name: shutil.which(name) for name in _FROM_THE_SYSTEM}
    missing = [name for name, path in found.items() if path is None]
    if missing:
        raise MissingTool(
            f"missing: {', '.join(missing)}, by which the engine's libraries are found",
            hint="`python3 noxfile.py -s doctor` installs the C library's and the linker's programs",
        )
    for name, path in (found | {"patchelf": str(compiler.home / "bin" / "patchelf")}).items():
        (folder / name).symlink_to(str(path))
    (folder / "zig").write_text(_ZIG.format(zig=shlex.quote(str(zig.binary()))), encoding="utf-8")
    (folder / "zig").chmod(0o755)
    return folder


def _without_python_settings() -> dict[str, str]:
    # PYTHONPATH and PYTHONHOME are meant for the toolkit's Python, and would change what this one imports.
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    # The user's mirror, proxy and certificates hold; where pip would install to is not the user's to say here.
    return kept | {"PIP_REQUIRE_VIRTUALENV": "0", "PIP_USER": "0"}


def _package(compiler: Compiler) -> Path:
    (package,) = (compiler.home / "lib").glob("python3*/site-packages/nuitka")
    return package


def _locks() -> tuple[str, str]:
    return "engine-build.txt", "engine.txt"
