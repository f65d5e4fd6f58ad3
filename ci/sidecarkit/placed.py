"""Whether a placed sidecar is what its name says: the classic mistakes with Tauri's `externalBin`, each told apart."""

from __future__ import annotations

import json
from pathlib import Path

from sidecarkit import audit, digest, layout, recipes
from sidecarkit.config import Target
from sidecarkit.errors import WrongBinary


def check_single_file(path: Path, target: Target) -> None:
    """Check name, triple, `.exe`, file format, machine and executable bit of the sidecar's single file.

    Raises WrongBinary naming expected and found.
    """
    _check_name(path, target.single_file_name, target)
    _check_program(path, target)


def check_folder(folder: Path, target: Target) -> None:
    """Check the sidecar's folder: its name, its program, its libraries and what it says about itself.

    Raises WrongBinary naming expected and found.
    """
    _check_name(folder, target.folder_name, target)
    _check_program(folder / target.program_name, target)
    _check_facts(folder / layout.BUILD_FACTS, target)
    libraries = _libraries(folder, target)
    for library in libraries:
        audit.check(library, triple=target.triple, glibc_floor=target.native_glibc_floor)


def _libraries(folder: Path, target: Target) -> list[Path]:
    name = recipes.of(target.project.recipe).native.folder
    if name is None:
        return []
    libraries = sorted((folder / name).glob("*"))
    if not libraries:
        raise WrongBinary(f"`{folder / name}` holds no libraries", hint=_again(target))
    return libraries


def fingerprint(path: Path) -> str:
    """SHA-256 of a file, or over names, modes and bytes of a folder."""
    if path.is_file():
        return digest.of_file(path)
    return digest.of_mapping(
        {
            file.relative_to(path).as_posix(): f"{file.stat().st_mode & 0o777:o} {digest.of_file(file)}"
            for file in path.rglob("*")
            if file.is_file()
        }
    )


def _check_name(path: Path, expected: str, target: Target) -> None:
    if path.name != expected:
        raise WrongBinary(
            f"the sidecar for `{target.name}` is named `{path.name}`, expected `{expected}`: "
            f"{_name_mistake(path, target)}",
            hint=_again(target),
        )
    if not path.exists():
        raise WrongBinary(
            f"the sidecar for `{target.name}` is missing: looked for `{path}`",
            hint=_again(target),
        )


def _name_mistake(path: Path, target: Target) -> str:
    found = layout.target_of(target.project.program, path.name)
    suffix = layout.program_suffix(target.triple)
    if found and found[1] != target.triple:
        return f"it states the triple `{found[1]}`"
    if found:
        return f"it states the variant `{found[0]}`"
    if suffix and path.name == f"{target.project.program}-{target.name}":
        return f"programs of this triple end in `{suffix}`"
    if not suffix and path.suffix == ".exe":
        return "programs of this triple have no `.exe`"
    return "Tauri appends the target triple to the name in `externalBin` and finds nothing else"


def _check_program(path: Path, target: Target) -> None:
    audit.check(path, triple=target.triple, glibc_floor=target.engine_glibc_floor)
    if not target.for_windows and not path.stat().st_mode & 0o111:
        raise WrongBinary(
            f"`{path}` is not executable: its mode is {path.stat().st_mode & 0o777:o}, expected 755",
            hint=f"`chmod 755 {path}`; copying through a file system without modes loses the bit",
        )


def _check_facts(path: Path, target: Target) -> None:
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
        found = f"{facts['variant']}-{facts['triple']}"
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise WrongBinary(f"`{path}` does not say what was built: {error!r}", hint=_again(target)) from error
    if found != target.name:
        raise WrongBinary(f"`{path}` says `{found}`, expected `{target.name}`", hint=_again(target))


def _again(target: Target) -> str:
    return f"build it again: `python3 noxfile.py -s 'place({target.name})'`"
