"""`python3 accept.py`: every step on every device, the result as JSON and as a table; offline, nothing is installed.

Ends with 0 when every step passed, 1 when one failed, 2 when some could not be tried here.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.acceptance import card as cards
from benchmarks.acceptance import steps, weights
from benchmarks.acceptance.kit import Kit
from benchmarks.acceptance.outcome import Outcome, Verdict, as_json, judged, table, unverified, worst
from sidecarkit.sidecar_client import SidecarClientError

Step = Callable[[], Outcome]

_CODES = {Verdict.PASSED: 0, Verdict.FAILED: 1, Verdict.UNVERIFIED: 2}
_CUDA = "CUDA0"
_VULKAN = "Vulkan0"


def main(words: Sequence[str]) -> int:
    """Accept what lies in the archive's folder; the exit code."""
    arguments = _parser().parse_args(words)
    root: Path = arguments.folder.resolve()
    said = print if not arguments.quiet else lambda _: None
    outcomes, facts = _accept(root, arguments, said)
    (root / "result.json").write_text(json.dumps(as_json(outcomes, facts), indent=2) + "\n", encoding="utf-8")
    (root / "result.md").write_text(table(outcomes) + "\n", encoding="utf-8")
    said(f"\n{table(outcomes)}\n\n{worst(outcomes)}: {root / 'result.json'}, {root / 'result.md'}")
    return _CODES[worst(outcomes)]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="accept.py", description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path(), help="where the archive was unpacked")
    parser.add_argument("--shape", default="1.1b", help="of the model that is measured: 1.1b or 135m")
    parser.add_argument("--tokens", type=int, default=Kit.tokens, help="length of a measured reply")
    parser.add_argument("--pairs", type=int, default=Kit.pairs, help="measurements in turn with llama-bench")
    parser.add_argument("--kills", type=int, default=steps.KILLS, help="how often the engine is killed")
    parser.add_argument("--quiet", action="store_true", help="print nothing")
    return parser


def _accept(
    root: Path, arguments: argparse.Namespace, said: Callable[[str], None]
) -> tuple[list[Outcome], dict[str, Any]]:
    facts: dict[str, Any] = {"build": json.loads((root / "engine" / "build.json").read_text(encoding="utf-8"))}
    try:
        card = cards.Card()
        facts["card"] = asdict(card.facts())
    except cards.NoCard as error:
        return [judged("a card", holds=False, said=str(error))], facts
    with tempfile.TemporaryDirectory(prefix="accept-") as cache:
        kit = kit_of(root, arguments, Path(cache), card.used)
        outcomes = [cublas(root / "engine" / "llama")]
        said(_line(outcomes[0]))
        for name, step in planned(kit, steps.backends(kit), arguments.kills):
            outcomes.append(timed(name, step))
            said(_line(outcomes[-1]))
    return outcomes, facts


def kit_of(root: Path, arguments: argparse.Namespace, cache: Path, used: Callable[[], int]) -> Kit:
    """The archive's parts, with the model's weights written."""
    large = root / "models" / f"random-{arguments.shape}.gguf"
    filled = large.with_suffix(".filled")
    if not filled.exists():
        weights.fill(large, json.loads(large.with_suffix(".json").read_text(encoding="utf-8")))
        filled.touch()
    return Kit(
        program=root / "engine" / "localai-sidecar", llama_bench=root / "tools" / "llama-bench",
        tiny=root / "models" / "stories260K.gguf", large=large, cache=cache, used=used,
        tokens=arguments.tokens, pairs=arguments.pairs,
    )  # fmt: skip


def cublas(libraries: Path) -> Outcome:
    """Link the machine's cuBLAS beside the plug-in, where it is looked for; without it those kernels stay untried."""
    step = "cuBLAS of this machine"
    folder = cards.find_cublas(cards.usual_folders())
    if folder is None:
        return unverified(step, "not found: models in F16, BF16 and F32, and experts' routers, were not computed")
    for name in cards.CUBLAS:
        (libraries / name).unlink(missing_ok=True)
        (libraries / name).symlink_to(folder / name)
    return judged(step, holds=True, said=str(folder))


def planned(kit: Kit, backends: steps.Backends, kills: int) -> list[tuple[str, Step]]:
    """Every step of every device by its name. A device that is not proven is told as such and not tried any further."""
    found: list[tuple[str, Step]] = []
    for device in (_CUDA, _VULKAN):
        proof = steps.proven(backends, device)
        found.append((proof.step, partial(_told, proof)))
        if proof.verdict is Verdict.PASSED:
            found += of_device(kit, device, kills)
    return found


def of_device(kit: Kit, device: str, kills: int) -> list[tuple[str, Step]]:
    """What is tried on a device that is proven."""
    tried: list[tuple[str, Step]] = [
        (f"{device}: {name}", partial(step, kit, device))
        for name, step in (("text", steps.text), ("speed", steps.ratio), ("stop", steps.stopped))
    ]
    tried.append((f"{device}: kills", partial(steps.killed, kit, device, kills)))
    return [*tried, (f"{device}: graphs", partial(steps.graphs, kit, device))] if device == _CUDA else tried


def _told(outcome: Outcome) -> Outcome:
    return outcome


def timed(name: str, step: Step) -> Outcome:
    """The step's outcome with its seconds. What ends it early is its finding, and the others follow."""
    started = time.monotonic()
    try:
        outcome = step()
    except (SidecarClientError, subprocess.SubprocessError, OSError, ValueError, LookupError, TypeError) as error:
        outcome = judged(name, holds=False, said=f"{type(error).__name__}: {error}")
    return replace(outcome, seconds=time.monotonic() - started)


def _line(outcome: Outcome) -> str:
    return f"{outcome.verdict:>10}  {outcome.step}: {outcome.said} ({outcome.seconds:.0f} s)"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
