"""`--version` and `--self-test`: what the program does besides speaking the protocol."""

import argparse
import json
import os
import signal
from typing import Any, NoReturn

from localai_sidecar.engine_folder import engine_folder, read_build
from localai_sidecar.errors import EXIT_ASKED, EXIT_COMMAND_LINE, EXIT_INTERNAL, EXIT_LIBRARIES, StartFailed
from localai_sidecar.log import Log
from localai_sidecar.selftest import EMPTY_REPORT, SelfTest, self_test
from localai_sidecar.stdio import Channel


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
    if not options.self_test:
        raise StartFailed(EXIT_COMMAND_LINE, "nothing to do", "use --self-test or --version, or no option at all")
    test = SelfTest(options.model, options.device, options.tokens)
    try:
        report = self_test(test, engine_folder(), log)
    except StartFailed as failure:
        _print(channel, json.dumps(_failed(failure)))
        return EXIT_LIBRARIES
    _print(channel, json.dumps(report, ensure_ascii=False))
    return EXIT_ASKED if report["ok"] else EXIT_INTERNAL


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="localai-sidecar", add_help=False, allow_abbrev=False)
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--version", action="store_true")
    what.add_argument("--self-test", action="store_true")
    parser.add_argument("--model", metavar="FILE")
    parser.add_argument("--device", metavar="ID")
    parser.add_argument("--tokens", metavar="N", type=_positive, default=8)
    return parser


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError
    return number


def _failed(failure: StartFailed) -> dict[str, Any]:
    error = {"kind": "libraries", "message": failure.message, "hint": failure.hint}
    return {**EMPTY_REPORT, "ok": False, "error": error}


def _print(channel: Channel, text: str) -> None:
    os.write(channel.output, text.encode() + b"\n")
