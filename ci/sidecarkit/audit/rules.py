"""What a recipe promises about the files it builds; the audit itself knows no library by name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePath


@dataclass(frozen=True, kw_only=True)
class CodeRule:
    """Instruction sets of one file, by the CPUID names of iced-x86.

    `allowed`: what it may use beyond the baseline. `shown_by`: of each group at least one must be in use;
    a file without it was compiled with less than its name says.
    """

    allowed: frozenset[str] = frozenset()
    shown_by: tuple[frozenset[str], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Rules:
    """What is held against a sidecar's folder.

    `native`: the folder in it with the native libraries, None when there is none. `present`: libraries that must be
    in it, by stem (`answer` for `libanswer.so` and `answer.dll`). `from_user`: libraries of the user's
    system beside the C library's, a driver's for example. `majors`: pattern with one group → the version that group
    must be. `code`: rules for x86-64 libraries of `native`, by stem; those without one stay in the baseline.
    `device_code`: the graphics processors that a library has code for, by stem. `glibc`: libraries of `native`, by
    stem, that may need another GLIBC than the rest.
    """

    native: str | None = None
    present: tuple[str, ...] = ()
    from_user: frozenset[str] = frozenset()
    majors: Mapping[str, str] = field(default_factory=dict)
    code: Mapping[str, CodeRule] = field(default_factory=dict)
    device_code: Mapping[str, frozenset[str]] = field(default_factory=dict)
    glibc: Mapping[str, str | None] = field(default_factory=dict)


def stem(file_name: str) -> str:
    """What a library is called on every system: without `lib` before it, and `.so`, `.so.13` or `.dll` behind it."""
    return re.sub(r"\.so(\.\d+)*$|\.dll$", "", PurePath(file_name).name).removeprefix("lib")
