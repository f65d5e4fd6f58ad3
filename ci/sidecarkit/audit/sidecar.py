"""A whole sidecar held against what its target and its recipe promise; every problem is told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from sidecarkit.audit import contents, device_code, fit, libraries, machine_code, traces
from sidecarkit.audit.files import Examined, FileFacts, examine, examine_all
from sidecarkit.audit.problems import Problem
from sidecarkit.audit.rules import CodeRule, Rules, stem
from sidecarkit.audit.traces import Builder
from sidecarkit.config import Target


@dataclass(frozen=True, kw_only=True)
class Audit:
    """What was found: the facts of every file, what is wrong, and the bytes of each layer of a folder."""

    files: tuple[FileFacts, ...] = ()
    problems: tuple[Problem, ...] = ()
    layers: Mapping[str, int] = field(default_factory=dict)

    def __add__(self, other: Audit) -> Audit:
        return Audit(
            files=self.files + other.files,
            problems=self.problems + other.problems,
            layers={**self.layers, **other.layers},
        )


@dataclass(frozen=True, kw_only=True)
class _Kind:
    """What is expected of a file by what it is. None: of `code` made by others, of `device_code` whatever there is."""

    glibc_floor: str | None
    code: CodeRule | None
    program: bool = False
    device_code: frozenset[str] | None = None


def of_folder(folder: Path, target: Target, rules: Rules, builder: Builder) -> Audit:
    """Audit the sidecar's folder, which is there. Raises OSError for what cannot be read."""
    files = examine_all(folder)
    layers = _layers(folder, files, rules)
    problems = [
        *contents.link_problems(folder),
        *_absent(folder, files, target, rules),
        *_folder_modes(folder, target),
        *(
            problem
            for file in files
            for problem in _file_problems(file, _kind(file.path, folder, target, rules), target, builder)
        ),
        *libraries.problems(_compiled(files), PurePosixPath(folder.name, target.program_name), rules),
        *contents.size_problems(layers, target.budget),
    ]
    return Audit(files=tuple(file.facts for file in files), problems=tuple(problems), layers=layers)


def of_single_file(path: Path, target: Target, builder: Builder) -> Audit:
    """Audit the sidecar's single file, which is there: it brings everything it needs with it."""
    file = examine(path, path.name)
    kind = _Kind(glibc_floor=target.native_glibc_floor, code=CodeRule(), program=True)
    problems = [
        *_file_problems(file, kind, target, builder),
        *libraries.problems(_compiled([file]), PurePosixPath(path.name), Rules()),
        *contents.size_problems({"pack": file.facts.bytes}, target.budget),
    ]
    return Audit(files=(file.facts,), problems=tuple(problems))


def _kind(path: Path, folder: Path, target: Target, rules: Rules) -> _Kind:
    if rules.native and folder / rules.native in path.parents:
        name = stem(path.name)
        return _Kind(
            glibc_floor=rules.glibc.get(name, target.native_glibc_floor),
            code=rules.code.get(name, CodeRule()),
            device_code=rules.device_code.get(name),
        )
    if path == folder / target.program_name:
        return _Kind(glibc_floor=target.engine_glibc_floor, code=CodeRule(), program=True)
    return _Kind(glibc_floor=target.engine_glibc_floor, code=None)


def _file_problems(file: Examined, kind: _Kind, target: Target, builder: Builder) -> Iterator[Problem]:
    name = file.facts.path
    if file.compiled:
        yield from fit.problems(name, file.compiled, triple=target.triple, glibc_floor=kind.glibc_floor)
    if file.used:
        yield from machine_code.problems(name, file.path, file.used, kind.code)
    if kind.device_code is not None:
        yield from device_code.problems(name, frozenset(file.facts.architectures), kind.device_code)
    if not target.for_windows:
        yield from contents.mode_problems(file.path, file=name, program=kind.program)
    yield from traces.problems(name, file.path.read_bytes(), builder)


def _absent(folder: Path, files: Sequence[Examined], target: Target, rules: Rules) -> Iterator[Problem]:
    native = folder / (rules.native or "")
    there = {stem(file.path.name) for file in files if file.path.parent == native}
    absent = [name for name in rules.present if name not in there]
    if absent:
        yield Problem(
            file=native.relative_to(folder.parent).as_posix(), what="libraries", expected=", ".join(absent),
            found="none of them" if len(absent) == len(rules.present) else "all others that belong there",
            hint=f"build it again: `python3 noxfile.py -s 'place({target.name})'`",
        )  # fmt: skip


def _folder_modes(folder: Path, target: Target) -> Iterator[Problem]:
    if not target.for_windows:
        for inner in sorted(path for path in (folder, *folder.rglob("*")) if path.is_dir()):
            yield from contents.mode_problems(inner, file=inner.relative_to(folder.parent).as_posix(), program=False)


def _compiled(files: Sequence[Examined]) -> libraries.Files:
    return {PurePosixPath(file.facts.path): file.compiled for file in files if file.compiled}


def _layers(folder: Path, files: Sequence[Examined], rules: Rules) -> Mapping[str, int]:
    native = sum(file.facts.bytes for file in files if rules.native and folder / rules.native in file.path.parents)
    whole = sum(file.facts.bytes for file in files)
    return {"native": native, "engine": whole - native, "pack": whole}
