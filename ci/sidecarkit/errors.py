"""Every failure of the toolkit: what happened, what to do next, and the exit code it ends with."""

from __future__ import annotations

from pathlib import Path
from typing import Any


class ToolkitError(Exception):
    """A failure a person can act on.

    `message` names what happened with the value in it, `hint` says what to do next,
    and `log` is where the whole output of a failed program lies. `data` is what a record would
    have held of what was found out before: the report shows the figures that stopped a line.
    """

    exit_code = 1

    def __init__(self, message: str, *, hint: str = "", log: Path | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.log = log
        self.data: dict[str, Any] = {}


class ConfigError(ToolkitError):
    """A file or option that the user writes says something unusable."""

    exit_code = 2


class NothingSelected(ToolkitError):
    """The options leave no target to work on."""

    exit_code = 3


class MissingTool(ToolkitError):
    """A program or library that must come from the system is not there."""

    exit_code = 4


class NotReproducible(ToolkitError):
    """Two builds of the same commit gave different bytes."""

    exit_code = 5


class SlowerThanGate(ToolkitError):
    """The sidecar is slower than what it is measured beside by more than the gate allows."""

    exit_code = 6


class WrongBinary(ToolkitError):
    """A file is not what its name says: triple, format, machine, libraries or hash."""

    exit_code = 7


class SmokeFailed(ToolkitError):
    """The placed sidecar did not start, answer, produce the recorded text, or end cleanly."""

    exit_code = 8


class AssembleFailed(ToolkitError):
    """The app could not be built or bundled."""

    exit_code = 9


class E2eFailed(ToolkitError):
    """The packaged app did not behave in front of a user."""

    exit_code = 10


class GateInconclusive(ToolkitError):
    """The gate could not tell within the pairs it may measure, and `--strict` asks for an answer."""

    exit_code = 11


class StepFailed(ToolkitError):
    """A program that a step runs ended with an error or ran out of time."""

    exit_code = 12


class PartWrong(ToolkitError):
    """A pinned part could not be had, or its bytes are not the pinned ones."""

    exit_code = 13


class DiskFull(ToolkitError):
    """No room left where the build writes."""

    exit_code = 14


INTERRUPTED = 130
