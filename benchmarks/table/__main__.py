"""Measures the rows that were chosen, keeps them as JSON, and shows the table of all that this build has so far."""

from __future__ import annotations

import argparse
import datetime
import json
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.table import results
from benchmarks.table.measurements import MEASUREMENTS, chosen
from benchmarks.table.setting import Setting
from sidecarkit import host, layout


def main() -> int:
    """The exit code: 1 when something could not be measured. A goal that is not met is a result, no failure."""
    arguments = _arguments()
    build_id = json.loads((arguments.sidecar.parent / layout.BUILD_FACTS).read_text(encoding="utf-8"))["buildId"]
    document = results.read(arguments.json, build_id) | {"machine": str(host.facts())}
    failed = False
    with TemporaryDirectory(dir=arguments.json.parent) as workplace:
        setting = _setting(arguments, Path(workplace))
        for name in chosen(arguments.only):
            kept = _measured(name, setting)
            failed = failed or "failed" in kept
            document["measurements"][name] = kept
            results.write(arguments.json, document)
    text = results.markdown(document, list(MEASUREMENTS))
    arguments.json.with_suffix(".md").write_text(text + "\n", encoding="utf-8")
    print(text)
    return int(failed)


def _measured(name: str, setting: Setting) -> results.Document:
    print(f"measuring {name}", flush=True)
    try:
        rows = MEASUREMENTS[name](setting)
    # An hour of other rows must not be lost with this one.
    except Exception as error:
        text = f"{type(error).__name__}: {error}"
        print(f"{name} failed: {text}", flush=True)
        return results.of_failure(text, _now())
    return results.of_rows(rows, setting.pairs, _now())


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")


def _setting(arguments: argparse.Namespace, workplace: Path) -> Setting:
    return Setting(
        target=arguments.target,
        program=arguments.sidecar.resolve(strict=True),
        single_file=arguments.single_file.resolve(strict=True),
        llama_bench=arguments.llama_bench.resolve(strict=True),
        llama_server=arguments.llama_server.resolve(strict=True),
        model=arguments.model.resolve(strict=True),
        tiny_model=arguments.tiny_model.resolve(strict=True),
        threads=arguments.threads,
        pairs=arguments.pairs,
        workplace=workplace,
        zig_target=arguments.zig_target,
        tell=lambda text: print(text, flush=True),
    )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks.table", description=__doc__)
    parser.add_argument("--target", required=True)
    parser.add_argument("--sidecar", type=Path, required=True, help="program in the placed folder")
    parser.add_argument("--single-file", type=Path, required=True, help="the same engine as one file")
    parser.add_argument("--llama-bench", type=Path, required=True)
    parser.add_argument("--llama-server", type=Path, required=True)
    parser.add_argument("--model", type=Path, required=True, help="GGUF of the 1.1B shape")
    parser.add_argument("--tiny-model", type=Path, required=True, help="GGUF that the app starts with")
    parser.add_argument("--threads", type=int, required=True, help="threads on both sides")
    parser.add_argument("--zig-target", required=True, help="what the stub library is compiled for")
    parser.add_argument("--pairs", type=int, default=12)
    parser.add_argument("--json", type=Path, required=True, help="where results are kept; a table lands beside it")
    parser.add_argument("-k", dest="only", action="append", default=[], help="part of a measurement's name")
    arguments = parser.parse_args()
    try:
        chosen(arguments.only)
    except ValueError as error:
        parser.error(str(error))
    return arguments


if __name__ == "__main__":
    sys.exit(main())
