"""The only module that prints: plain lines for CI, one live line with elapsed time on a terminal."""

from __future__ import annotations

import os
import re
import shutil
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TextIO

from sidecarkit.errors import ToolkitError

_SIZE = re.compile(r"(?P<count>\d+(?:\.\d+)?) ?(?P<unit>[kMGT]?)B?")
_LIVE_INTERVAL_S = 0.5
# CI systems end jobs that stay silent, and a person loses trust after about a minute.
_HEARTBEAT_INTERVAL_S = 30.0


def duration(seconds: float) -> str:
    """`0.4 s`, `12 s`, `3 min 05 s`: as precise as a reader can use."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s"


def size(count: float) -> str:
    """Bytes in the decimal units that package managers show, e.g. `31.4 MB`."""
    for unit in ("B", "kB", "MB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.2f} GB"


def bytes_of(text: str) -> int:
    """The inverse of `size`, as people write it: `31.4 MB`, `5G` or `0` in bytes. Raises ValueError."""
    found = _SIZE.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"`{text}` is no size")
    factor: int = 1000 ** ("", "k", "M", "G", "T").index(found["unit"])
    return round(float(found["count"]) * factor)


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table, padded so that it reads well in a terminal too."""
    widths = [max(len(row[i]) for row in [header, *rows]) for i in range(len(header))]

    def line(cells: Sequence[str]) -> str:
        return "| " + " | ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)) + " |"

    rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    return "\n".join([line(header), rule, *(line(row) for row in rows)])


class Step:
    """One thing being done; `progress` is what the live line shows behind the elapsed time."""

    def __init__(self, title: str) -> None:
        self.title = title
        self.progress = ""
        self.started = time.monotonic()

    @property
    def seconds(self) -> float:
        """Seconds since the step began."""
        return time.monotonic() - self.started


class Report:
    """Where people and CI logs learn what happens; nothing else in the toolkit writes to stdout."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stdout
        self._live = self._stream.isatty() and os.environ.get("TERM") != "dumb" and "CI" not in os.environ
        self._foldable = "GITHUB_ACTIONS" in os.environ

    def say(self, text: str = "") -> None:
        """Print `text` as it is."""
        self._clear()
        print(text, file=self._stream, flush=True)

    def error(self, error: ToolkitError) -> None:
        """Print a failure the way every failure is shown: what, hint, log."""
        self.say(f"error: {error.message}")
        if error.hint:
            self.say(f"hint: {error.hint}")
        if error.log:
            self.say(f"log: {error.log}")

    @contextmanager
    def section(self, title: str) -> Iterator[None]:
        """A heading over what follows, folded where the CI system can fold."""
        self.say(f"::group::{title}" if self._foldable else f"\n── {title}")
        try:
            yield
        finally:
            if self._foldable:
                self.say("::endgroup::")

    @contextmanager
    def step(self, title: str) -> Iterator[Step]:
        """Show `title` with its elapsed time until the block ends."""
        step = Step(title)
        ended = threading.Event()
        if not self._live:
            self.say(f"   {title} …")
        watcher = threading.Thread(target=self._watch, args=(step, ended), daemon=True)
        watcher.start()
        outcome = "✗"
        try:
            yield step
            outcome = "✓"
        finally:
            ended.set()
            watcher.join()
            self.say(f" {outcome} {title} ({duration(step.seconds)})")

    def _watch(self, step: Step, ended: threading.Event) -> None:
        while not ended.wait(_LIVE_INTERVAL_S if self._live else _HEARTBEAT_INTERVAL_S):
            text = f"   {step.title} … {duration(step.seconds)}  {step.progress}".rstrip()
            if self._live:
                width = shutil.get_terminal_size().columns - 1
                print(f"\r\x1b[2K{text[:width]}", end="", file=self._stream, flush=True)
            else:
                print(text[:160], file=self._stream, flush=True)

    def _clear(self) -> None:
        if self._live:
            print("\r\x1b[2K", end="", file=self._stream, flush=True)
