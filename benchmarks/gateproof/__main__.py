"""`simulate` tries the gate's rule on the recorded pairs, `record` records some here, `slow` makes a slow sidecar."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks import standin
from benchmarks.gateproof import recorded, simulate
from benchmarks.sidebyside.sides import (
    GATE_PREDICT,
    GATE_PROMPT_TOKENS,
    GATE_REPETITIONS,
    LIBRARIES,
    Placed,
    Work,
)

SLOWED = Path(__file__).with_name("slowed.c")


def main(words: Sequence[str]) -> int:
    """The exit code: 1 when the rule does not keep its promises on the recorded pairs."""
    arguments = _arguments(words)
    code: int = arguments.run(arguments)
    return code


def _simulate(arguments: argparse.Namespace) -> int:
    found = simulate.on_all(recorded.read_all())
    text = simulate.shown(found)
    print(text)
    if arguments.markdown:
        arguments.markdown.write_text(text + "\n", encoding="utf-8")
    return int(not found or not all(each.keeps_promises for each in found))


def _slow(arguments: argparse.Namespace) -> int:
    print(standin.copy(arguments.sidecar.resolve(strict=True), arguments.folder, SLOWED, arguments.zig_target))
    return 0


def _record(arguments: argparse.Namespace) -> int:
    program = arguments.sidecar.resolve(strict=True)
    placed = Placed(program=program, libraries=program.parent / LIBRARIES, llama_bench=program, target=arguments.target)
    work = Work(
        model=arguments.model.resolve(strict=True),
        threads=arguments.threads,
        prompt_tokens=GATE_PROMPT_TOKENS,
        predict=GATE_PREDICT,
        repetitions=GATE_REPETITIONS,
    )
    with TemporaryDirectory() as cache:
        os.environ["XDG_CACHE_HOME"] = cache
        document = recorded.record(
            placed, work, arguments.pairs, arguments.limit_s, lambda text: print(text, flush=True)
        )
    out = recorded.FOLDER / recorded.file_name(document)
    out.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    print(f"recorded in {out}")
    return 0


def _arguments(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks.gateproof", description=__doc__)
    commands = parser.add_subparsers(required=True)
    simulated = commands.add_parser("simulate")
    simulated.add_argument("--markdown", type=Path, help="a file that the table is written to as well")
    simulated.set_defaults(run=_simulate)
    slow = commands.add_parser("slow")
    slow.add_argument("--sidecar", type=Path, required=True, help="program in the placed folder")
    slow.add_argument("--folder", type=Path, required=True, help="where the slow copy goes; it is emptied first")
    slow.add_argument("--zig-target", required=True)
    slow.set_defaults(run=_slow)
    record = commands.add_parser("record")
    record.add_argument("--target", required=True)
    record.add_argument("--sidecar", type=Path, required=True, help="program in the placed folder")
    record.add_argument("--model", type=Path, required=True)
    record.add_argument("--threads", type=int, required=True)
    record.add_argument("--pairs", type=int, default=48)
    record.add_argument("--limit-s", type=float, default=900, help="seconds after which no pair is begun (900)")
    record.set_defaults(run=_record)
    return parser.parse_args(words)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
