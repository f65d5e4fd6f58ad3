"""What a stage leaves behind: one versioned JSON record per stage and target, replaced atomically."""

from __future__ import annotations

import json
import math
import os
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar, get_origin, get_type_hints

SCHEMA = 1

_Kind = TypeVar("_Kind")


@dataclass(frozen=True, kw_only=True)
class Record:
    """One finished stage. `inputs` are what its key was hashed from, `finished` is UTC in ISO 8601.

    `commit` is what the checkout stood at (source.described), empty where that is not known.
    """

    stage: str
    target: str
    key: str
    inputs: dict[str, str]
    data: dict[str, Any]
    seconds: float
    finished: str
    cached: bool
    commit: str = ""
    schema: int = SCHEMA


def write(folder: Path, record: Record) -> Path:
    """Write `<stage>.json` into `folder` so that a reader sees the old or the new one, never half."""
    folder.mkdir(parents=True, exist_ok=True)
    return write_json(folder / f"{record.stage}.json", asdict(record))


def read(folder: Path, stage: str) -> Record | None:
    """The stage's record; None when there is none, or one of another schema or damaged."""
    return parsed(Record, folder / f"{stage}.json")


def parsed(kind: type[_Kind], path: Path) -> _Kind | None:
    """The file as a dataclass of ours; None unless its schema is ours and every field has its type."""
    try:
        made = kind(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
    fits = all(_fits(getattr(made, name), hint) for name, hint in get_type_hints(kind).items())
    return made if fits and getattr(made, "schema", None) == SCHEMA else None


def _fits(value: object, hint: Any) -> bool:
    if hint is float:  # JSON writes whole seconds without a point, and Python's reads NaN
        return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return isinstance(value, get_origin(hint) or hint)


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
