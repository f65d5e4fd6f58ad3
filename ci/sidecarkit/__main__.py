"""Arguments → commands → exit code; the only place where an exception becomes text."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path

from sidecarkit import commandline, interrupts
from sidecarkit.errors import INTERRUPTED, DiskFull, ToolkitError
from sidecarkit.report import Report

_DISK_FULL = 28  # errno.ENOSPC, the same on every system


def main(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code; a failure is said with its hint and log."""
    report = Report()
    try:
        commandline.run(arguments, report)
    except ToolkitError as error:
        report.error(error)
        return error.exit_code
    except KeyboardInterrupt:
        report.say("interrupted: what was finished is kept, the same command goes on from there")
        return INTERRUPTED
    except OSError as error:
        if error.errno != _DISK_FULL:
            return _defect(report)
        report.error(DiskFull(f"no room left on the disk: {error}", hint="free some gigabytes, then run it again"))
        return DiskFull.exit_code
    except Exception:
        return _defect(report)
    return 0


def _defect(report: Report) -> int:
    report.say(traceback.format_exc())
    report.error(ToolkitError("this is a defect of the toolkit", hint="report the lines above with your command"))
    return ToolkitError.exit_code


def _remember_exit_code(code: int) -> None:
    """nox ends with 1 whatever failed, so the first failed stage's own code is left for noxfile.py to pass on."""
    name = os.environ.get("SIDECARKIT_EXIT_CODE_FILE")
    if name and code and not Path(name).exists():
        Path(name).write_text(str(code), encoding="utf-8")


if __name__ == "__main__":
    interrupts.listen()
    exit_code = main(sys.argv[1:])
    _remember_exit_code(exit_code)
    sys.exit(exit_code)
