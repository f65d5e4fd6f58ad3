"""Whether a compiled file fits its triple: format, machine, the GLIBC it needs, and where it looks for libraries."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from sidecarkit.audit import compiled
from sidecarkit.audit.compiled import CompiledFacts
from sidecarkit.audit.problems import Problem, refuse

_ORIGIN = ("$ORIGIN", "${ORIGIN}")


def check(path: Path, *, triple: str, glibc_floor: str | None = None) -> CompiledFacts:
    """Hold one compiled file against `triple`, and against the newest GLIBC it may need.

    Raises WrongBinary naming expected and found: another format or machine, a newer GLIBC, or a search
    path that begins outside the file's own folder, which exists on the build machine only.
    """
    facts = compiled.read(path)
    refuse(list(problems(path.name, facts, triple=triple, glibc_floor=glibc_floor)))
    return facts


def problems(file: str, facts: CompiledFacts, *, triple: str, glibc_floor: str | None) -> Iterator[Problem]:
    """What does not fit. A file for another machine is told as that alone: nothing else about it would mean much."""
    expected = expected_format(triple), triple.partition("-")[0]
    if (facts.format, facts.machine) != expected:
        yield Problem(
            file=file, what=f"fit for `{triple}`", expected=" for ".join(expected),
            found=f"{facts.format} for {facts.machine}",
            hint="build it for that target: `python3 noxfile.py --target NAME`",
        )  # fmt: skip
        return
    if glibc_floor and facts.glibc and compiled.as_numbers(facts.glibc) > compiled.as_numbers(glibc_floor):
        yield Problem(
            file=file, what="needed GLIBC", expected=f"at most {glibc_floor}, from which the target promises to run on",
            found=facts.glibc,
            hint="look for a flag that made the compiler build for this machine instead of the target",
        )  # fmt: skip
    foreign = [entry for entry in facts.search_path if below_origin(entry) is None]
    if foreign:
        yield Problem(
            file=file, what="search path for libraries", expected="only $ORIGIN", found=", ".join(foreign),
            hint="a folder of the build machine would be searched on the user's machine: look for -rpath in the link",
        )  # fmt: skip


def below_origin(entry: str) -> str | None:
    """What follows `$ORIGIN/` in one entry of a search path; None when it begins elsewhere."""
    for origin in _ORIGIN:
        if entry == origin or entry.startswith(f"{origin}/"):
            return entry.removeprefix(origin).lstrip("/")
    return None


def expected_format(triple: str) -> str:
    """The executable format of a triple's operating system."""
    return "PE" if "-windows-" in triple else "ELF"
