"""Whether each needed library is there: the system's by an allow-list, every other one in the sidecar's own folder."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath

from sidecarkit.audit.compiled import CompiledFacts
from sidecarkit.audit.fit import below_origin
from sidecarkit.audit.problems import Problem
from sidecarkit.audit.rules import Rules

# The C library's parts and the loader: what glibc installs, without libraries for name services and debugging.
_GLIBC = frozenset({"libc.so.6", "libm.so.6", "libdl.so.2", "libpthread.so.0", "librt.so.1", "libutil.so.1"})
_LOADERS = frozenset({"ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1"})
# Of Windows 10's own libraries those that a C program, Rust's standard library or CPython asks for. The compiler's
# run time (vcruntime140.dll, libgcc, libstdc++) is not among them: Windows does not bring it.
_WINDOWS = frozenset({
    "kernel32.dll", "ntdll.dll", "ucrtbase.dll", "advapi32.dll", "bcrypt.dll", "bcryptprimitives.dll", "crypt32.dll",
    "ole32.dll", "oleaut32.dll", "psapi.dll", "rpcrt4.dll", "shell32.dll", "shlwapi.dll", "user32.dll", "userenv.dll",
    "version.dll", "winmm.dll", "ws2_32.dll", "iphlpapi.dll", "dbghelp.dll",
})  # fmt: skip
_WINDOWS_API_SETS = ("api-ms-win-", "ext-ms-win-")

Files = Mapping[PurePosixPath, CompiledFacts]


def problems(files: Files, program: PurePosixPath, rules: Rules) -> Iterator[Problem]:
    """Needed libraries that the user's machine would not find, and versions in names other than the promised ones.

    `files` are the compiled files by their path from where the sidecar lies, `program` the one that is started.
    """
    for name, users in _not_found(files, program, rules).items():
        yield Problem(
            file=str(users[0]),
            what="needed library", found=name + (f", which {len(users) - 1} more need" if len(users) > 1 else ""),
            expected="one that every system of the target has, or that lies where the loader looks for it",
            hint=f"ship `{name}` beside it, link it in, or leave out what needs it",
        )  # fmt: skip
    yield from _other_majors(files, rules)


def _not_found(files: Files, program: PurePosixPath, rules: Rules) -> dict[str, list[PurePosixPath]]:
    """Each library that is not found, with the files that need it."""
    absent: dict[str, list[PurePosixPath]] = {}
    for path, facts in files.items():
        for name in facts.needed:
            if not (of_system(name, facts.format) or name in rules.from_user or _found(name, path, files, program)):
                absent.setdefault(name, []).append(path)
    return absent


def of_system(name: str, file_format: str) -> bool:
    """Whether every system that runs files of this format (`ELF`, `PE`) has the library."""
    if file_format == "ELF":
        return name in _GLIBC | _LOADERS
    return name.lower() in _WINDOWS or name.lower().startswith(_WINDOWS_API_SETS)


def _found(name: str, path: PurePosixPath, files: Files, program: PurePosixPath) -> bool:
    if files[path].format == "PE":
        # Windows does not tell cases apart, and looks beside the library and beside the program.
        there = {str(file).lower() for file in files}
        return any(str(folder / name).lower() in there for folder in (path.parent, program.parent))
    if any(folder / name in files for folder in _searched(path, files[path])):
        return True
    # What the program itself has brought in by then is not looked for again.
    return path != program and name in files[program].needed and _found(name, program, files, program)


def _searched(path: PurePosixPath, facts: CompiledFacts) -> Iterator[PurePosixPath]:
    for entry in facts.search_path:
        below = below_origin(entry)
        if below is not None:
            yield PurePosixPath(posixpath.normpath(path.parent / below))


def _other_majors(files: Files, rules: Rules) -> Iterator[Problem]:
    for path, facts in files.items():
        for name in (path.name, *facts.needed):
            for pattern, major in rules.majors.items():
                found = re.fullmatch(pattern, name)
                if found and found[1] != major:
                    yield Problem(
                        file=str(path), what=f"major version in `{name}`", expected=major, found=found[1],
                        hint="build it with the pinned release, and ship that release's libraries",
                    )  # fmt: skip
