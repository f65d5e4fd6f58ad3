"""What a user feels beside speed: the wait for the first token, uneven deltas, and memory."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from sidecarkit.sidecar_client import Answer


@dataclass(frozen=True, kw_only=True)
class Felt:
    """Of one process: seconds to the first token of a short prompt, p99 ÷ median of the gaps between deltas, and
    the most bytes of memory that it had (None where the system does not tell)."""

    first_token_s: float
    gaps: float
    peak_bytes: int | None


def felt(answers: Sequence[Answer], peak_bytes: int | None) -> Felt:
    """The quickest first token, since what disturbs only ever slows, and the gaps of all `answers` together."""
    return Felt(
        first_token_s=min(answer.of("generate/delta")[0].at - answer.sent_at for answer in answers),
        gaps=unevenness([gap for answer in answers for gap in _gaps(answer)]),
        peak_bytes=peak_bytes,
    )


def unevenness(gaps: Sequence[float]) -> float:
    """The 99th percentile of the gaps by nearest rank, divided by their median."""
    ordered = sorted(gaps)
    rank = -(-99 * len(ordered) // 100)
    return ordered[rank - 1] / statistics.median(ordered)


def _gaps(answer: Answer) -> list[float]:
    return [later.at - earlier.at for earlier, later in pairwise(answer.of("generate/delta"))]


def peak_bytes(pid: int) -> int | None:
    """The most memory that a process has had so far: VmHWM of proc(5)."""
    status = Path(f"/proc/{pid}/status")
    if not status.exists():
        return None
    lines = status.read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))
