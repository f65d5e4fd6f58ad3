"""The exchange of lines that proves a placed sidecar, as a project writes it down: read, filled in, compared; pure.

One JSON object per line:

- `{"about": TEXT}`: for the reader;
- `{"file": PATH, "sha256": HEX}`: what was recorded belongs to this file of the project;
- `{"never": PATTERN}`: no line of the sidecar may be like this, whenever it comes;
- `{"to": VALUE}`: a line that is sent;
- `{"from": PATTERN, "within": SECONDS}`: a line that must come; others may come before it (60 s unless told);
- `{"text": BEGINNING, "of": PATTERN, "at": PATH}`: what lines like `of` said at `at` (keys joined by dots) since the
  last `to`, joined, begins like this;
- `{"exit": CODE, "within": SECONDS}`: nothing more comes, and the program ends so (10 s unless told).

An object is like a pattern when it has the pattern's keys with values like the pattern's; a list when each of the
pattern's elements is like one of its own. `${variant}`, `${triple}`, `${buildId}` and `${root}` (the project's folder)
stand for their values.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sidecarkit.errors import ConfigError

_FROM_LIMIT_S, _EXIT_LIMIT_S = 60.0, 10.0


@dataclass(frozen=True, kw_only=True)
class File:
    """A file of the project that must have this hash."""

    path: Path
    sha256: str


@dataclass(frozen=True, kw_only=True)
class To:
    """A line to send."""

    value: Any


@dataclass(frozen=True, kw_only=True)
class From:
    """A line that must come within so many seconds."""

    pattern: Any
    within_s: float


@dataclass(frozen=True, kw_only=True)
class Text:
    """How the texts begin that lines like `pattern` carry at `at`."""

    beginning: str
    pattern: Any
    at: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Exit:
    """How the program ends, and within how many seconds."""

    code: int
    within_s: float


Step = To | From | Text | Exit


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """The whole of it: what belongs to it, what must never come, and its steps in order."""

    files: tuple[File, ...]
    never: tuple[Any, ...]
    steps: tuple[Step, ...]


_KEYS: Mapping[str, frozenset[str]] = {
    "about": frozenset({"about"}),
    "file": frozenset({"file", "sha256"}),
    "never": frozenset({"never"}),
    "to": frozenset({"to"}),
    "from": frozenset({"from", "within"}),
    "text": frozenset({"text", "of", "at"}),
    "exit": frozenset({"exit", "within"}),
}


def read(path: Path, values: Mapping[str, str]) -> Exchange:
    """The exchange in `path` with `${…}` replaced by `values`.

    Raises ConfigError naming every line that is none of the above.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error}", hint="`smoke` in targets.toml names it") from error
    found: list[File | Step | tuple[Any]] = []
    problems = []
    for number, line in enumerate(lines, 1):
        try:
            part = _part(_filled(json.loads(line), values))
        except (ValueError, KeyError, TypeError) as error:
            problems.append(f"{path.name}:{number}: {_reason(error)}: {line[:100]}")
        else:
            found += [part] if part else []
    if problems:
        raise ConfigError("\n       ".join(problems), hint=f"{__name__} lists the kinds of lines")
    return Exchange(
        files=tuple(part for part in found if isinstance(part, File)),
        never=tuple(part[0] for part in found if isinstance(part, tuple)),
        steps=tuple(part for part in found if isinstance(part, Step)),
    )


def is_like(value: Any, pattern: Any) -> bool:
    """Whether `value` has everything that `pattern` asks for."""
    if isinstance(pattern, dict):
        return isinstance(value, dict) and all(
            key in value and is_like(value[key], wanted) for key, wanted in pattern.items()
        )
    if isinstance(pattern, list):
        return isinstance(value, list) and all(any(is_like(each, wanted) for each in value) for wanted in pattern)
    return bool(value == pattern) and isinstance(value, bool) == isinstance(pattern, bool)


def at(value: Any, path: tuple[str, ...]) -> str:
    """The text that lies at `path` in `value`; nothing where there is none."""
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, str) else ""


def _reason(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return "not JSON"
    return f"`{error.args[0]}` is missing" if isinstance(error, KeyError) else str(error)


def _part(line: Any) -> File | Step | tuple[Any] | None:
    if not isinstance(line, dict):
        raise TypeError("not an object")
    kind = next((kind for kind in _KEYS if kind in line), None)
    if kind is None or line.keys() - _KEYS[kind]:
        raise ValueError(f"none of {', '.join(_KEYS)} has the keys {', '.join(line)}")
    return _MAKERS[kind](line)


_MAKERS: Mapping[str, Callable[[dict[str, Any]], File | Step | tuple[Any] | None]] = {
    "about": lambda _: None,
    "file": lambda line: File(path=Path(line["file"]), sha256=line["sha256"]),
    "never": lambda line: (line["never"],),
    "to": lambda line: To(value=line["to"]),
    "from": lambda line: From(pattern=line["from"], within_s=float(line.get("within", _FROM_LIMIT_S))),
    "text": lambda line: Text(beginning=line["text"], pattern=line["of"], at=tuple(line["at"].split("."))),
    "exit": lambda line: Exit(code=line["exit"], within_s=float(line.get("within", _EXIT_LIMIT_S))),
}


def _filled(value: Any, values: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _filled(each, values) for key, each in value.items()}
    if isinstance(value, list):
        return [_filled(each, values) for each in value]
    if isinstance(value, str):
        for name, text in values.items():
            value = value.replace(f"${{{name}}}", text)
    return value
