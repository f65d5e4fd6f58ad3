"""Searching megabytes of anything for texts: a fast look for how a text begins, then a pattern on the few places."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

_LONGEST = 512
_BEFORE = 16


@dataclass(frozen=True, kw_only=True)
class Trace:
    """A text that is looked for: `pattern` matches from `start` on, and may look at what stands before it."""

    what: str
    start: str
    pattern: re.Pattern[str]


def search(content: bytes, traces: Iterable[Trace]) -> Iterator[tuple[Trace, int, str]]:
    """Each trace that is in `content`, with its first place and the text there.

    Windows programs are searched for UTF-16 too, in which they keep texts for the system.
    """
    encodings = ("utf-8", "utf-16-le") if content.startswith(b"MZ") else ("utf-8",)
    for trace in traces:
        found = next((hit for encoding in encodings for hit in _places(content, trace, encoding)), None)
        if found:
            yield trace, *found


def _places(content: bytes, trace: Trace, encoding: str) -> Iterator[tuple[int, str]]:
    start = trace.start.encode(encoding)
    width = 2 if encoding == "utf-16-le" else 1
    at = content.find(start)
    while at >= 0:
        # Decoded apart: bytes before that are no text would shift the place.
        before = content[max(at - _BEFORE * width, at % width) : at].decode(encoding, errors="replace")
        after = content[at : at + _LONGEST * width].decode(encoding, errors="replace")
        match = trace.pattern.match(before + after, len(before))
        if match:
            yield at, match[0]
        at = content.find(start, at + 1)
