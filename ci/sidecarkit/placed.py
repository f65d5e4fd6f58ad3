"""Whether a placed sidecar is what its name says: the classic mistakes with Tauri's `externalBin`, each told apart."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from sidecarkit import audit, digest, layout, recipes
from sidecarkit.audit import Audit, Builder, Problem
from sidecarkit.config import SINGLE_FILE, Target


def examine(placed: Path, target: Target, builder: Builder) -> Audit:
    """Audit what lies in the folder `placed` for `target`: its folder, and its single file where it has one."""
    found = examine_folder(placed / target.folder_name, target, builder)
    if SINGLE_FILE in target.layouts:
        found += examine_single_file(placed / target.single_file_name, target, builder)
    return found


def examine_single_file(path: Path, target: Target, builder: Builder) -> Audit:
    """Audit the sidecar's single file: name, triple, `.exe`, and everything that it is and holds."""
    named = Audit(problems=tuple(_name_problems(path, target.single_file_name, target)))
    if not path.is_file():
        return named
    return named + _no_program(path, path.name, target) + audit.of_single_file(path, target, builder)


def examine_folder(folder: Path, target: Target, builder: Builder) -> Audit:
    """Audit the sidecar's folder: its name, its program, its libraries and what it says about itself."""
    named = Audit(problems=tuple(_name_problems(folder, target.folder_name, target)))
    if not folder.is_dir():
        return named
    facts = Audit(problems=tuple(_build_facts_problems(folder / layout.BUILD_FACTS, target)))
    program = _no_program(folder / target.program_name, f"{folder.name}/{target.program_name}", target)
    rules = recipes.of(target.project.recipe).promises(target)
    return named + facts + program + audit.of_folder(folder, target, rules, builder)


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


def _name_problems(path: Path, expected: str, target: Target) -> Iterator[Problem]:
    if path.name != expected:
        yield Problem(
            file=path.name, what=f"name of the sidecar for `{target.name}`", expected=f"`{expected}`",
            found=f"`{path.name}`, {_name_mistake(path, target)}", hint=_again(target),
        )  # fmt: skip
    if not path.exists():
        yield Problem(
            file=path.name, what=f"sidecar for `{target.name}`", expected=f"it at `{path}`", found="nothing there",
            hint=_again(target),
        )  # fmt: skip


def _name_mistake(path: Path, target: Target) -> str:
    found = layout.target_of(target.project.program, path.name)
    suffix = layout.program_suffix(target.triple)
    if found and found[1] != target.triple:
        return f"which states the triple `{found[1]}`"
    if found:
        return f"which states the variant `{found[0]}`"
    if suffix and path.name == f"{target.project.program}-{target.name}":
        return f"but programs of this triple end in `{suffix}`"
    if not suffix and path.suffix == ".exe":
        return "but programs of this triple have no `.exe`"
    return "but Tauri appends the target triple to the name in `externalBin` and finds nothing else"


def _no_program(path: Path, name: str, target: Target) -> Audit:
    """A file that is there and no compiled program; of libraries the loader needs, the audit tells itself."""
    if audit.is_binary(path):
        return Audit()
    problem = Problem(
        file=name, what="program", expected=audit.expected_format(target.triple), found=audit.description(path),
        hint=_again(target),
    )  # fmt: skip
    return Audit(problems=(problem,))


def _build_facts_problems(path: Path, target: Target) -> Iterator[Problem]:
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
        found = f"`{facts['variant']}-{facts['triple']}`"
    except (OSError, ValueError, KeyError, TypeError) as error:
        found = f"none: {error!r}"
    if found != f"`{target.name}`":
        yield Problem(
            file=f"{path.parent.name}/{path.name}", what="target that the folder says it is",
            expected=f"`{target.name}`", found=found,
            hint=_again(target),
        )  # fmt: skip


def _again(target: Target) -> str:
    return f"build it again: `python3 noxfile.py -s 'place({target.name})'`"
