"""What a failed stage leaves behind for the report: `<stage>.failed.json`, which its next success removes."""

from __future__ import annotations

import contextlib
import datetime
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sidecarkit import records
from sidecarkit.errors import ToolkitError
from sidecarkit.job import Job

_KEPT_LOG_LINES = 20


@dataclass(frozen=True, kw_only=True)
class Failure:
    """How a stage ended. `finished` is UTC in ISO 8601, `log` the log's path or "", `last_lines` its end.

    `data` is what its record would have held, as far as it got.
    """

    stage: str
    target: str
    message: str
    hint: str
    exit_code: int
    log: str
    last_lines: list[str]
    seconds: float
    finished: str
    commit: str
    data: dict[str, Any]
    schema: int = records.SCHEMA


@contextlib.contextmanager
def kept(job: Job, commit: str) -> Iterator[None]:
    """Leave the stage's failure beside its record, and raise it again; interrupting is no failure."""
    started = time.time()
    try:
        yield
    except Exception as error:
        # A full disk must still be said as such, also where it has no room for this.
        with contextlib.suppress(OSError):
            _write(job.build, _of(error, job, commit, started))
        raise
    remove(job.build, job.stage)


def read(folder: Path, stage: str) -> Failure | None:
    """How the stage failed; None when it did not, or what it left is damaged or of another schema."""
    return records.parsed(Failure, _path(folder, stage))


def remove(folder: Path, stage: str) -> None:
    """Forget that the stage failed; it need not have."""
    _path(folder, stage).unlink(missing_ok=True)


def _path(folder: Path, stage: str) -> Path:
    return folder / f"{stage}.failed.json"


def _write(folder: Path, failure: Failure) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    records.write_json(_path(folder, failure.stage), asdict(failure))


def _of(error: Exception, job: Job, commit: str, started: float) -> Failure:
    known = error if isinstance(error, ToolkitError) else _unforeseen(error)
    log = known.log or _written_since(job.log, started)
    return Failure(
        stage=job.stage, target=job.target.name, message=known.message, hint=known.hint, exit_code=known.exit_code,
        log=str(log or ""), last_lines=_last_lines(log), seconds=time.time() - started, commit=commit,
        data=known.data,
        finished=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    )  # fmt: skip


def _unforeseen(error: Exception) -> ToolkitError:
    return ToolkitError(
        f"this is a defect of the toolkit: {type(error).__name__}: {error}", hint="report it with your command"
    )


def _written_since(log: Path, started: float) -> Path | None:
    """The stage's own log, unless it tells of an earlier run."""
    with contextlib.suppress(OSError):
        # Some file systems keep times in steps of two seconds.
        return log if log.stat().st_mtime >= started - 2 else None
    return None


def _last_lines(log: Path | None) -> list[str]:
    if log is None:
        return []
    with contextlib.suppress(OSError):
        return log.read_text(encoding="utf-8", errors="replace").splitlines()[-_KEPT_LOG_LINES:]
    return []
