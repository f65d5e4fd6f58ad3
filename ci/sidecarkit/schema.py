"""Holds what a person wrote against a JSON schema: every problem at once, with key, value and what is allowed."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError


def problems(document: object, schema: Path) -> list[str]:
    """What is wrong with `document`, in the order of its keys; nothing when it fits.

    Raises OSError or ValueError when the schema itself cannot be read.
    """
    validator = Draft202012Validator(json.loads(schema.read_text(encoding="utf-8")))
    found = sorted(validator.iter_errors(document), key=lambda error: [str(part) for part in error.absolute_path])
    return list(dict.fromkeys(line for error in found for line in _lines(error)))


def meant(found: str, known: Sequence[str]) -> str:
    """`, did you mean …?` when one of `known` is close, else nothing."""
    close = difflib.get_close_matches(found, known, n=1)
    return f", did you mean `{close[0]}`?" if close else ""


def _lines(error: ValidationError) -> Iterator[str]:
    where = _place(error)
    # Typed as loosely as JSON is.
    allowed: Any = error.validator_value
    schema: Any = error.schema
    found: Any = error.instance
    if error.validator == "additionalProperties":
        known = sorted(schema["properties"])
        for key in sorted(found.keys() - set(known)):
            yield f"{where}: unknown key `{key}`{meant(key, known)}"
    elif error.validator == "required":
        for key in allowed:
            if key not in found:
                yield f"{where}: `{key}` is missing"
    elif error.validator == "enum":
        yield f"{where}: {found!r} is not one of {', '.join(allowed)}{meant(str(found), allowed)}"
    elif error.validator == "pattern":
        yield f"{where}: {found!r} has not the form {allowed}"
    elif error.validator == "type":
        yield f"{where}: expected {allowed}, found {found!r}"
    else:
        yield f"{where}: {error.message}"


def _place(error: ValidationError) -> str:
    parts: list[str] = []
    for part in error.absolute_path:
        if isinstance(part, int):
            parts.append(f"{parts.pop()} {part + 1}" if parts else str(part + 1))
        else:
            parts.append(part)
    return " → ".join(parts) or "the file"
