"""Holds what a person wrote against a JSON schema: every problem at once, with key, value and what is allowed."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from jsonschema_rs import Draft202012Validator, ValidationError


def problems(document: object, schema: Path) -> list[str]:
    """What is wrong with `document`, in the order of its keys; nothing when it fits.

    Raises OSError or ValueError when the schema itself cannot be read.
    """
    rules = json.loads(schema.read_text(encoding="utf-8"))
    found = sorted(Draft202012Validator(rules).iter_errors(document), key=lambda error: _place(error.instance_path))
    return [line for error in found for line in _lines(error, rules)]


def meant(found: str, known: Sequence[str]) -> str:
    """`, did you mean …?` when one of `known` is close, else nothing."""
    close = difflib.get_close_matches(found, known, n=1)
    return f", did you mean `{close[0]}`?" if close else ""


def _lines(error: ValidationError, rules: Any) -> Iterator[str]:
    where = _place(error.instance_path)
    kind, allowed, found = error.kind.name, error.kind.value, error.instance
    if kind == "additionalProperties":
        known = sorted(_at(rules, error.schema_path[:-1])["properties"])
        for key in sorted(allowed):
            yield f"{where}: unknown key `{key}`{meant(key, known)}"
    elif kind == "required":
        yield f"{where}: `{allowed}` is missing"
    elif kind == "enum":
        yield f"{where}: {found!r} is not one of {', '.join(allowed)}{meant(str(found), allowed)}"
    elif kind == "pattern":
        yield f"{where}: {found!r} has not the form {allowed}"
    elif kind == "type":
        yield f"{where}: expected {' or '.join(allowed)}, found {found!r}"
    else:
        yield f"{where}: {error.message}"


def _at(rules: Any, path: Sequence[str | int]) -> Any:
    for key in path:
        rules = rules[key]
    return rules


def _place(path: Sequence[str | int]) -> str:
    parts: list[str] = []
    for part in path:
        if isinstance(part, int):
            parts.append(f"{parts.pop()} {part + 1}" if parts else str(part + 1))
        else:
            parts.append(part)
    return " → ".join(parts) or "the file"
