"""What the machine is: its target triple and the facts that make a measurement comparable."""

from __future__ import annotations

import os
import platform
import sys
from dataclasses import dataclass
from pathlib import Path

from sidecarkit.errors import ConfigError

_OPERATING_SYSTEMS = {"linux": "unknown-linux-gnu", "win32": "pc-windows-msvc", "darwin": "apple-darwin"}
_MACHINES = {"x86_64": "x86_64", "amd64": "x86_64", "aarch64": "aarch64", "arm64": "aarch64"}


@dataclass(frozen=True, kw_only=True)
class MachineFacts:
    """Facts without which two speeds must not be compared. Memory in bytes."""

    cpu: str
    logical_cores: int
    physical_cores: int
    memory_bytes: int
    system: str


def target_triple() -> str:
    """The triple of this machine, e.g. `x86_64-unknown-linux-gnu`. Raises ConfigError for an unknown one."""
    machine = _MACHINES.get(platform.machine().lower())
    system = _OPERATING_SYSTEMS.get(sys.platform)
    if machine is None or system is None:
        raise ConfigError(
            f"this machine ({platform.machine()}, {sys.platform}) has no target triple known to the toolkit",
            hint="name a target with --target; `plan` lists them",
        )
    return f"{machine}-{system}"


def facts() -> MachineFacts:
    """Facts of this machine; what the system does not tell is read as `unknown` or 0."""
    blocks = _cpuinfo_blocks()
    cores = {(block.get("physical id", "0"), block.get("core id", str(i))) for i, block in enumerate(blocks)}
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return MachineFacts(
        cpu=blocks[0].get("model name", "unknown") if blocks else platform.processor() or "unknown",
        logical_cores=usable,
        physical_cores=min(len(cores) or usable, usable),
        memory_bytes=_memory_bytes(),
        system=f"{platform.system()} {platform.release()}, {' '.join(platform.libc_ver())}".strip(", "),
    )


def _cpuinfo_blocks() -> list[dict[str, str]]:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    blocks = []
    for paragraph in text.strip().split("\n\n"):
        pairs = (line.partition(":") for line in paragraph.splitlines() if ":" in line)
        blocks.append({key.strip(): value.strip() for key, _, value in pairs})
    return blocks


def _memory_bytes() -> int:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return 0
