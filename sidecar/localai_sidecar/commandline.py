"""`--version`, `--self-test` and `--bench`: what the program does besides speaking the protocol."""

import argparse
import json
import os
import signal
from typing import Any, NoReturn

from localai_sidecar.engine_folder import engine_folder, read_build
from localai_sidecar.errors import EXIT_ASKED, EXIT_COMMAND_LINE, EXIT_INTERNAL, EXIT_LIBRARIES, StartFailed
from localai_sidecar.log import Log
from localai_sidecar.protocol.params import MAX_THREADS
from localai_sidecar.protocol.stdio import Channel
from localai_sidecar.selftest import EMPTY_REPORT, SelfTest, self_test


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise StartFailed(EXIT_COMMAND_LINE, message, f"{self.format_usage().strip()}")


def run(arguments: list[str], channel: Channel, log: Log) -> int:
    """Do what the command line asks; the exit code. Raises StartFailed for a wrong option."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    options = _parser().parse_args(arguments)
    if options.version:
        _print(channel, read_build(engine_folder()).version_line)
        return EXIT_ASKED
    if options.bench:
        return _bench(options, channel, log)
    if not options.self_test:
        hint = "use --self-test, --bench or --version, or no option at all"
        raise StartFailed(EXIT_COMMAND_LINE, "nothing to do", hint)
    return _self_test(options, channel, log)


def _self_test(options: argparse.Namespace, channel: Channel, log: Log) -> int:
    test = SelfTest(options.model, options.device, options.tokens)
    try:
        report = self_test(test, engine_folder(), log)
    except StartFailed as failure:
        _print(channel, json.dumps(_failed(failure)))
        return EXIT_LIBRARIES
    _print(channel, json.dumps(report, ensure_ascii=False))
    return EXIT_ASKED if report["ok"] else EXIT_INTERNAL


def _bench(options: argparse.Namespace, channel: Channel, log: Log) -> int:
    from localai_sidecar.speedtest import SpeedTest, speed_test

    if options.model is None:
        raise StartFailed(EXIT_COMMAND_LINE, "--bench measures nothing without a model", "add --model FILE")
    test = SpeedTest(
        model=options.model,
        device=options.device,
        threads=options.threads,
        prompt_tokens=options.prompt_tokens,
        predict=options.predict,
        repetitions=options.repetitions,
    )
    report = speed_test(test, engine_folder(), log)
    _print(channel, json.dumps(report))
    return EXIT_ASKED if report["error"] is None else EXIT_INTERNAL


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="localai-sidecar", add_help=False, allow_abbrev=False)
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--version", action="store_true")
    what.add_argument("--self-test", action="store_true")
    what.add_argument("--bench", action="store_true")
    parser.add_argument("--model", metavar="FILE")
    parser.add_argument("--device", metavar="ID")
    parser.add_argument("--tokens", metavar="N", type=_positive, default=8)
    # llama-bench's own defaults.
    parser.add_argument("--prompt-tokens", metavar="N", type=_positive, default=512)
    parser.add_argument("--predict", metavar="N", type=_positive, default=128)
    parser.add_argument("--repetitions", metavar="R", type=_positive, default=5)
    parser.add_argument("--threads", metavar="T", type=_threads, default=0)
    return parser


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError
    return number


def _threads(text: str) -> int:
    number = int(text)
    if not 0 <= number <= MAX_THREADS:
        raise ValueError
    return number


def _failed(failure: StartFailed) -> dict[str, Any]:
    error = {"kind": "libraries", "message": failure.message, "hint": failure.hint}
    return {**EMPTY_REPORT, "ok": False, "error": error}


def _print(channel: Channel, text: str) -> None:
    os.write(channel.output, text.encode() + b"\n")
