"""All licences of what ships in one file: every part covered by a text, every text there once."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from license_expression import Licensing

from sidecarkit.errors import ConfigError
from sidecarkit.release import texts
from sidecarkit.release.part import Part

NAME = "THIRD-PARTY-LICENCES.txt"
# The page finds parts and texts by these two lines.
BETWEEN_ENTRIES = "=" * 80
BETWEEN_PARTS_AND_TEXT = "-" * 80

_TITLE = "Licences of parts that others wrote"

# Where a part leaves the choice, the first of these that it brings the words of; the shortest duties come first.
_CHOSEN_FIRST = ("MIT", "BSD-3-Clause", "Zlib", "Apache-2.0")
# Words that only this licence has, by its SPDX identifier.
_WORDS: Mapping[str, str] = {
    "MIT": "permission is hereby granted, free of charge, to any person obtaining a copy",
    "Apache-2.0": "apache license version 2.0, january 2004",
    "Apache-2.0 WITH LLVM-exception": "llvm exceptions to the apache 2.0 license",
    "BSD-3-Clause": "redistribution and use in source and binary forms",
    "MPL-2.0": "mozilla public license version 2.0",
    "PSF-2.0": "python software foundation license version 2",
    "Unicode-3.0": "unicode license v3",
    "Unlicense": "this is free and unencumbered software released into the public domain",
    "blessing": "may you do good and not evil",
    "Zlib": "this notice may not be removed or altered from any source distribution",
    "CC0-1.0": "cc0 1.0 universal",
    "ISC": "permission to use, copy, modify, and/or distribute this software for any purpose",
    "LicenseRef-Nuitka-Runtime-Library-Exception": "nuitka runtime library exception",
}


def collect(parts: Iterable[Part], root: Path) -> str:
    """The file's text. Raises ConfigError naming every part that brings no text of a licence it may be used under."""
    by_text: dict[str, list[str]] = defaultdict(list)
    uncovered = []
    for part in parts:
        needed = covering(part.licence, texts.of(part, root))
        if not needed:
            uncovered.append(f"{part.label} ({part.licence or 'states none'})")
        for text in needed:
            by_text[text].append(f"{part.label} · {part.licence}")
    if uncovered:
        raise ConfigError(
            f"these parts ship without the words of their licence: {', '.join(sorted(uncovered))}",
            hint=f"put each text into {texts.KEPT.as_posix()}/<name>.txt, word for word from the part's repository",
        )
    return _rendered(by_text)


def covering(expression: str, found: list[str]) -> list[str]:
    """The texts of `found` that are needed under `expression`, or none when they do not fulfil it."""
    by_licence: dict[str, list[str]] = defaultdict(list)
    for text in found:
        for licence in _recognised(text):
            by_licence[licence].append(text)
    if not expression:
        return []
    chosen = _chosen(Licensing().parse(expression), by_licence)
    return list(dict.fromkeys(text for licence in chosen for text in by_licence[licence]))


def _recognised(text: str) -> list[str]:
    words = re.sub(r"[\s/*#]+", " ", text).lower()
    return [licence for licence, sign in _WORDS.items() if sign in words]


def _chosen(expression: Any, available: Mapping[str, list[str]]) -> list[str]:
    """Identifiers of `available` that fulfil a parsed SPDX expression; none when they cannot."""
    operator = getattr(expression, "operator", "").strip()
    if operator not in ("AND", "OR"):
        key = expression.render()
        return [key] if key in available else []
    ways = [_chosen(argument, available) for argument in expression.args]
    if operator == "AND":
        return [licence for way in ways for licence in way] if all(ways) else []
    return min(filter(None, ways), key=_duties, default=[])


def _duties(way: list[str]) -> tuple[int, int]:
    worst = max(_CHOSEN_FIRST.index(key) if key in _CHOSEN_FIRST else len(_CHOSEN_FIRST) for key in way)
    return worst, len(way)


def _rendered(by_text: Mapping[str, list[str]]) -> str:
    entries = sorted((sorted(parts, key=str.casefold), text) for text, parts in by_text.items())
    entries.sort(key=lambda entry: entry[0][0].casefold())
    count = len({part for parts, _ in entries for part in parts})
    head = f"{_TITLE}\n\nThis program contains {count} of them. Each is named above the words of its licence.\n"
    blocks = ["\n".join([*parts, BETWEEN_PARTS_AND_TEXT, text]) for parts, text in entries]
    return f"\n{BETWEEN_ENTRIES}\n".join([head, *blocks]) + "\n"
