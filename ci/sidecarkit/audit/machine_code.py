"""Whether files use the instruction sets they were asked to use: none that some processors lack, none left out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from sidecarkit.audit import instructions
from sidecarkit.audit.instructions import InstructionSets
from sidecarkit.audit.problems import Problem
from sidecarkit.audit.rules import CodeRule

# Made by others: they ask the processor before they take a faster way.
_CHOOSES_ITSELF = {"vcruntime140.dll": frozenset({"AVX", "SSE4_1", "SSE4_2"})}


def problems(file: str, path: Path, used: InstructionSets, rule: CodeRule | None) -> Iterator[Problem]:
    """What differs from `rule`. None: made by others, so judged by the baseline, and only when it can be read.

    Compilers for Linux, and zig, put data elsewhere; Microsoft's puts jump tables among the code, and what looks like
    an instruction there proves nothing.
    """
    if not used.readable:
        if rule is not None:
            yield Problem(
                file=file, what="machine code", expected="instructions only", found="bytes that are none among them",
                hint="the linker put data into the code, or the file is damaged: its instruction sets cannot be told",
            )  # fmt: skip
        return
    rule = rule or CodeRule(allowed=_CHOOSES_ITSELF.get(path.name.lower(), frozenset()))
    beyond = used.features - rule.allowed
    if beyond:
        yield Problem(
            file=file, what="instruction sets", expected=_named(rule.allowed) or "the machine's baseline",
            found=f"{_named(beyond)} too, first in {instructions.first_use(path, beyond)}",
            hint="processors without it would stop with an illegal instruction: look for -march, -m… or a NATIVE flag",
        )  # fmt: skip
    missing = [group for group in rule.shown_by if not group & used.features]
    if missing:
        yield Problem(
            file=file, what="instruction sets", expected=", ".join(" or ".join(sorted(group)) for group in missing),
            found=_named(used.features) or "none beyond the machine's baseline",
            hint="something switched them off, SOURCE_DATE_EPOCH in the environment for example; it would be slow",
        )  # fmt: skip


def _named(features: frozenset[str]) -> str:
    return ", ".join(sorted(features))
