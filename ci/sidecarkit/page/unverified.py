"""ci/UNVERIFIED.md as rows: what was built and not seen working, why not, and what would show it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

FILE = Path("ci", "UNVERIFIED.md")
_COLUMNS = 3
_CELL_END = re.compile(r"(?<!\\)\|")


@dataclass(frozen=True, kw_only=True)
class Unverified:
    """One row, its texts as the file has them, with `backticks` around what is code."""

    what: str
    why: str
    command: str


def rows(root: Path) -> tuple[Unverified, ...] | None:
    """The rows of the file's table, None when the file is missing or has no such table."""
    try:
        lines = (root / FILE).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return None
    cells = [_cells(line) for line in lines if line.lstrip().startswith("|")]
    if len(cells) < 2 or any(len(each) != _COLUMNS for each in cells):
        return None
    return tuple(Unverified(what=what, why=why, command=command) for what, why, command in cells[2:])


def _cells(line: str) -> list[str]:
    return [cell.strip().replace(r"\|", "|") for cell in _CELL_END.split(line.strip())[1:-1]]
