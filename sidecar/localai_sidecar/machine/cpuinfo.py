"""Which processor this is, by /proc/cpuinfo."""

import os
import platform
from pathlib import Path

# What decides which instructions there are, and whether they are right: a new microcode may change either.
_IDENTITY = ("vendor_id", "cpu family", "model", "model name", "stepping", "microcode", "flags")


def description() -> str:
    """The processor's name for a person."""
    return _first_block().get("model name", platform.machine())


def identity() -> str:
    """A text that changes with the processor."""
    block = _first_block()
    return "\n".join((platform.machine(), *(block.get(name, "") for name in _IDENTITY)))


def installed_bytes() -> int:
    """The machine's memory."""
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def _first_block() -> dict[str, str]:
    text = Path("/proc/cpuinfo").read_text(errors="replace").partition("\n\n")[0]
    return {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in text.splitlines())}
