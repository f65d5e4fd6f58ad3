"""Stage smoke: every placed layout is started and driven through the project's exchange, until it ends cleanly."""

from __future__ import annotations

import json
import os
import tempfile
import time
from pathlib import Path
from typing import Any

from sidecarkit import digest, exchange, layout
from sidecarkit.errors import SmokeFailed
from sidecarkit.exchange import Exchange, Exit, From, Text, To
from sidecarkit.job import Job, Stage
from sidecarkit.sidecar_client import SidecarClient, SidecarClientError, SidecarDied

_SHOWN_BYTES = 300


def inputs(job: Job) -> dict[str, str]:
    """The exchange, and the code that judges."""
    return {
        "exchange": digest.of_file(job.root / job.target.project.smoke),
        "language": digest.of_file(Path(exchange.__file__)),
        "stage": digest.of_file(Path(__file__)),
    }


def run(job: Job) -> dict[str, Any]:
    """Try every layout. Raises SmokeFailed naming layout, expected and found."""
    placed = job.record("place").data
    folder = Path(placed["folder"])
    facts = json.loads((folder / layout.BUILD_FACTS).read_text(encoding="utf-8"))
    values = {name: facts[name] for name in ("variant", "triple", "buildId")} | {"root": str(job.root)}
    recorded = exchange.read(job.root / job.target.project.smoke, values)
    check_files(recorded, job.root)
    programs = {"folder": folder / job.target.program_name}
    if placed["single_file"]:
        programs["single file"] = Path(placed["single_file"])
    evidence = {}
    for name, program in programs.items():
        with job.report.step(f"the {name} starts, answers as recorded and ends"):
            evidence[name] = prove(program, recorded)
        job.report.say(f"   first answer after {evidence[name]['readyMs']} ms; wrote: {evidence[name]['text'][:60]!r}")
    return {"summary": f"{' and '.join(evidence)} answered as recorded", "layouts": evidence}


def check_files(recorded: Exchange, root: Path) -> None:
    """What the exchange was recorded with is still the same; raises SmokeFailed with both hashes."""
    for file in recorded.files:
        path = root / file.path
        found = digest.of_file(path) if path.is_file() else "nothing there"
        if found != file.sha256:
            raise SmokeFailed(
                f"the exchange was recorded with a `{file.path}` of hash {file.sha256}, found {found}",
                hint=f"restore it (`git checkout -- {file.path}`), or record the exchange of the new one",
            )


def prove(program: Path, recorded: Exchange) -> dict[str, Any]:
    """Drive one layout from start to end. Raises SmokeFailed; returns what it wrote and when it was ready."""
    with tempfile.TemporaryDirectory(prefix="smoke-") as cache:
        # A cache folder of its own: the single file has to unpack, and nothing is left with the user.
        environment = os.environ | {"XDG_CACHE_HOME": cache, "LOCALAPPDATA": cache}
        try:
            with SidecarClient([program], env=environment, cwd=Path(cache)) as sidecar:
                drive = _Drive(sidecar, recorded)
                for step in recorded.steps:
                    drive.step(step)
        except (SidecarClientError, OSError, _Unexpected) as error:
            raise SmokeFailed(
                f"`{program.name}`: {error}", hint=f"start it by hand and send the lines of the exchange: `{program}`"
            ) from error
    return {"readyMs": drive.ready_ms, "text": drive.text}


class _Unexpected(Exception):
    """Something else was found than expected; the text names both."""


class _Drive:
    """One process on its way through the exchange. `ready_ms`: until its first answer. `text`: the first one judged."""

    def __init__(self, sidecar: SidecarClient, recorded: Exchange) -> None:
        self._sidecar = sidecar
        self._never = recorded.never
        self._since: list[Any] = []
        self._started = time.perf_counter()
        self.ready_ms: int | None = None
        self.text = ""

    def step(self, step: exchange.Step) -> None:
        """Do one step. Raises SidecarClientError and _Unexpected."""
        if isinstance(step, To):
            self._since = []
            self._sidecar.send_raw(json.dumps(step.value, ensure_ascii=False).encode() + b"\n")
        elif isinstance(step, From):
            self._wait_for(step)
        elif isinstance(step, Text):
            self._compare(step)
        else:
            self._end(step)

    def _wait_for(self, step: From) -> None:
        deadline = time.perf_counter() + step.within_s
        while True:
            line = self._sidecar.next_line(deadline - time.perf_counter(), f"a line like {_shown(step.pattern)}")
            value = _parsed(line.raw)
            for pattern in self._never:
                if exchange.is_like(value, pattern):
                    raise _Unexpected(f"no line like {_shown(pattern)} may come, found {_shown(value)}")
            self._since.append(value)
            if exchange.is_like(value, step.pattern):
                self.ready_ms = self.ready_ms or round((line.at - self._started) * 1000)
                return
            if _same_answer(value, step.pattern):
                raise _Unexpected(f"expected a line like {_shown(step.pattern)}, found {_shown(value)}")

    def _compare(self, step: Text) -> None:
        found = "".join(exchange.at(value, step.at) for value in self._since if exchange.is_like(value, step.pattern))
        if not found.startswith(step.beginning):
            raise _Unexpected(f"the text should begin with {step.beginning!r}, found {found!r}")
        self.text = self.text or found

    def _end(self, step: Exit) -> None:
        try:
            line = self._sidecar.next_line(step.within_s, "the end of stdout")
        except SidecarDied:
            code = self._sidecar.wait_for_exit(step.within_s)
            if code != step.code:
                raise _Unexpected(f"exit code: expected {step.code}, found {code}") from None
            return
        raise _Unexpected(f"nothing should follow, found {line.raw[:_SHOWN_BYTES]!r}")


def _parsed(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except ValueError:
        raise _Unexpected(f"stdout carries lines of JSON only, found {raw[:_SHOWN_BYTES]!r}") from None


def _same_answer(value: Any, pattern: Any) -> bool:
    """Whether this is the answer that was waited for, only not as it should be: no other will come."""
    return (
        isinstance(value, dict) and isinstance(pattern, dict) and "id" in pattern and value.get("id") == pattern["id"]
    )


def _shown(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)[:_SHOWN_BYTES]


STAGE = Stage(
    name="smoke",
    summary="drive every placed layout through the recorded exchange",
    needs=("place",),
    inputs=inputs,
    run=run,
)
