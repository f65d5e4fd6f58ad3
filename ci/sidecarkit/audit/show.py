"""The audit's findings as a table, one row for each file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict

from sidecarkit.audit.files import FileFacts
from sidecarkit.audit.libraries import of_system
from sidecarkit.config import Budget
from sidecarkit.report import size

HEADER = ("file", "size", "kind", "GLIBC", "beyond the baseline", "GPU architectures", "needs beside the system's")


def rows(files: Iterable[FileFacts]) -> list[list[str]]:
    """Cells for `HEADER`, with paths as they are in the sidecar's folder; a dash where nothing was looked at."""
    return [
        [
            file.path.partition("/")[2] or file.path,
            size(file.bytes),
            f"{file.format} {file.machine}" if file.format else "data",
            file.glibc or "",
            _instruction_sets(file),
            " ".join(file.architectures),
            ", ".join(name for name in file.needed if not of_system(name, file.format or "")),
        ]
        for file in files
    ]


def sizes(layers: Mapping[str, int], budget: Budget) -> str:
    """What each layer takes of its budget, e.g. `native 25.8 MB of 32.0 MB`."""
    allowed = asdict(budget)
    return ", ".join(f"{layer} {size(count)} of {size(allowed[layer])}" for layer, count in layers.items())


def _instruction_sets(file: FileFacts) -> str:
    return "–" if file.isa is None and file.format else " ".join(file.isa or ())
