"""What a stage leaves behind: one versioned JSON record per stage and target, replaced atomically."""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

SCHEMA = 1


@dataclass(frozen=True, kw_only=True)
class Record:
    """One finished stage. `inputs` are what its key was hashed from, `finished` is UTC in ISO 8601."""

    stage: str
    target: str
    key: str
    inputs: dict[str, str]
    data: dict[str, Any]
    seconds: float
    finished: str
    cached: bool
    schema: int = SCHEMA


def write(folder: Path, record: Record) -> Path:
    """Write `<stage>.json` into `folder` so that a reader sees the old or the new one, never half."""
    folder.mkdir(parents=True, exist_ok=True)
    return write_json(folder / f"{record.stage}.json", asdict(record))


def read(folder: Path, stage: str) -> Record | None:
    """The stage's record; None when there is none, or one of another schema or damaged."""
    try:
        values = json.loads((folder / f"{stage}.json").read_text(encoding="utf-8"))
        return Record(**values) if values.get("schema") == SCHEMA else None
    except (OSError, ValueError, TypeError, AttributeError):
        return None


def remove(folder: Path, stage: str) -> None:
    """Forget the stage's record; there need not be one."""
    (folder / f"{stage}.json").unlink(missing_ok=True)


def write_json(path: Path, value: object) -> Path:
    """Replace `path` by `value` as JSON, through a temporary file beside it."""
    handle, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(value, file, indent=2, ensure_ascii=False)
        file.write("\n")
    Path(name).chmod(0o644)  # mkstemp's own mode would hide it from the user who reads what root built
    return Path(name).replace(path)
