"""Pairs of the sidecar beside itself (A/A), recorded on real machines: what the gate's rule is tried on."""

from __future__ import annotations

import datetime
import json
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.sidebyside.pairing import pair
from benchmarks.sidebyside.series import Pair
from benchmarks.sidebyside.sides import PHASES, Placed, Work, prompt_of, sidecar_sample
from sidecarkit import host

FOLDER = Path(__file__).parents[1] / "recorded"
SCHEMA = 1


@dataclass(frozen=True, kw_only=True)
class Recording:
    """One file: the machine and model it was made with, and by phase the ratios in the order they were measured."""

    name: str
    machine: Mapping[str, Any]
    model: str
    ratios: Mapping[str, Sequence[float]]


def read_all(folder: Path = FOLDER) -> list[Recording]:
    """Every recording that is kept. Raises OSError, ValueError or KeyError for a file that is none."""
    return [_read(path) for path in sorted(folder.glob("*.json"))]


def _read(path: Path) -> Recording:
    document = json.loads(path.read_text(encoding="utf-8"))
    if document["schema"] != SCHEMA:
        raise ValueError(f"{path} has schema {document['schema']}, not {SCHEMA}: record it anew")
    ratios = {phase: [each["ratio"] for each in pairs] for phase, pairs in document["pairs"].items()}
    return Recording(name=path.stem, machine=document["machine"], model=document["work"]["model"], ratios=ratios)


def record(placed: Placed, work: Work, pairs: int, limit_s: float, tell: Callable[[str], None]) -> dict[str, Any]:
    """Measure `pairs` pairs of each phase, both sides the sidecar; nothing new is begun after `limit_s` seconds.

    Disturbed pairs are kept like the others, with what other programs had of the cores: the gate counts them too on a
    machine that is never quiet.
    """
    prompt = prompt_of(placed, work)
    kept: dict[str, list[dict[str, Any]]] = {phase: [] for phase in PHASES}
    started = time.monotonic()
    for index in range(pairs):
        if time.monotonic() > started + limit_s:
            break
        for phase in PHASES:
            found = _pair(placed, work, phase, prompt, index)
            kept[phase].append(_as_json(found))
            tell(f"{phase}, pair {index + 1} of {pairs}: {found.ratio:.3f}{', disturbed' * found.is_disturbed}")
    return {
        "schema": SCHEMA,
        "what": "the sidecar beside itself, in turn, a fresh process for each sample",
        "target": placed.target,
        "recorded": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "machine": asdict(host.facts()),
        "work": asdict(work) | {"model": work.model.name},
        "pairs": kept,
    }


def file_name(document: Mapping[str, Any]) -> str:
    """A name that tells target and machine, e.g. `cpu-x86_64-unknown-linux-gnu-amd-epyc-2.json`."""
    machine = document["machine"]
    cpu = re.sub(r"[^a-z0-9]+", "-", machine["cpu"].lower()).strip("-")
    return f"{document['target']}-{cpu}-{machine['physical_cores']}.json"


def _pair(placed: Placed, work: Work, phase: str, prompt: str, index: int) -> Pair:
    def side() -> Any:
        return sidecar_sample(placed, work, phase, prompt)

    first, second = pair(index, side, side)
    return Pair(sidecar=first, anchor=second)


def _as_json(found: Pair) -> dict[str, Any]:
    sides = {"a": found.sidecar, "b": found.anchor}
    return {
        "ratio": found.ratio,
        "tokens_per_second": {name: side.timed.rate for name, side in sides.items()},
        "others": {name: None if side.load is None else round(side.load.others, 4) for name, side in sides.items()},
    }
