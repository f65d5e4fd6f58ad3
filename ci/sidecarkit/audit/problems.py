"""What is wrong with files: collected first, then told all at once as one WrongBinary."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sidecarkit.errors import WrongBinary


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One file (or layer) that is not as promised: `what` was looked at, in which `expected` was not `found`."""

    file: str
    what: str
    expected: str
    found: str
    hint: str

    def __str__(self) -> str:
        return f"`{self.file}`: {self.what}: expected {self.expected}, found {self.found}"


def refuse(problems: Sequence[Problem], *, where: str = "") -> None:
    """Raise WrongBinary with every problem, and each different hint once; nothing happens without problems."""
    if not problems:
        return
    heading = [f"{len(problems)} problems in `{where}`"] if where and len(problems) > 1 else []
    raise WrongBinary(
        "\n       ".join([*heading, *map(str, problems)]),
        hint="\n      ".join(dict.fromkeys(problem.hint for problem in problems)),
    )
