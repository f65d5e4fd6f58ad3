"""The command line of `python -m sidecarkit`: what all commands share, and where each is."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from sidecarkit.commands import building, releasing
from sidecarkit.job import Options
from sidecarkit.report import Report
from sidecarkit.stages import BY_NAME
from sidecarkit.workspace import Workspace

ROOT = Path(__file__).resolve().parents[2]


def run(arguments: Sequence[str], report: Report) -> None:
    """Parse and do. Raises ToolkitError, SystemExit for words that are no command."""
    parsed = _parser().parse_args(arguments)
    workspace = Workspace.read(parsed.root.resolve(), report)
    parsed.run(workspace.for_architectures(parsed.architectures), parsed)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="sidecarkit", description="Build, prove, measure and package sidecars.")
    parser.add_argument("--root", type=Path, default=ROOT, help="folder of the project (that of the toolkit)")
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--again", action="append", default=[], choices=sorted(BY_NAME), help="repeat this stage")
    common.add_argument("--pairs", type=int, help="pairs to measure; the gate ends earlier when it can tell")
    common.add_argument("--strict", action="store_true", help="end with 11 when the gate cannot tell")
    common.add_argument("--compare", type=Path, metavar="OLD.json", help="an earlier bench.json to be no slower than")
    common.add_argument("--model", default=Options.model, help="shape that is measured")
    common.add_argument("--software", action="store_true", help="measure software rasterisers (lavapipe) too")
    common.add_argument(
        "-k", dest="rows", action="append", default=[],
        help="part of the name of a scenario, or of a row of the full benchmarks",
    )  # fmt: skip
    common.add_argument(
        "--architectures", type=lambda words: words.split(","), default=[], metavar="86-real,…",
        help="build and expect plug-ins for these graphics processors alone",
    )  # fmt: skip
    commands = parser.add_subparsers(dest="command", required=True)

    def command(name: str, help: str, run: object) -> argparse.ArgumentParser:
        added = commands.add_parser(name, parents=[common], help=help)
        added.set_defaults(run=run)
        return added

    building.add(command)
    releasing.add(command)
    return parser
