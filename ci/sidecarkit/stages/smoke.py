"""Stage smoke: both placed layouts start, load the demo model, give the recorded text and end cleanly."""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sidecarkit import digest, layout
from sidecarkit.errors import SmokeFailed
from sidecarkit.job import Job, Stage
from sidecarkit.sidecar_client import (
    Answer,
    Notification,
    SidecarClient,
    SidecarClientError,
    SidecarDied,
)

MODEL = Path("tauri-app", "src-tauri", "models", "stories260K.gguf")
RECORDED = Path("ci", "smoke", "stories260K.json")

# A first start unpacks the single file; the rest takes milliseconds even on a busy machine.
START_LIMIT_S = 60.0
ANSWER_LIMIT_S = 60.0
END_LIMIT_S = 10.0


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """The beginning of the greedy text after each prompt, at one thread, the same on every CPU variant."""

    model_sha256: str
    max_tokens: int
    beginnings: dict[str, str]

    @classmethod
    def read(cls, path: Path) -> Recorded:
        """The recorded texts of `path`."""
        values = json.loads(path.read_text(encoding="utf-8"))
        return cls(model_sha256=values["modelSha256"], max_tokens=values["maxTokens"], beginnings=values["beginnings"])


@dataclass(frozen=True, kw_only=True)
class Expected:
    """What a placed layout has to say about itself, and to write."""

    variant: str
    build_id: str
    model: Path
    recorded: Recorded


def inputs(job: Job) -> dict[str, str]:
    """The recorded texts, the model they belong to, and the code that judges."""
    return {
        "recorded texts": digest.of_file(job.root / RECORDED),
        "demo model": digest.of_file(job.root / MODEL),
        "stage": digest.of_file(Path(__file__)),
    }


def run(job: Job) -> dict[str, Any]:
    """Try the folder and the single file; raises SmokeFailed naming layout, expected and found."""
    placed = job.record("place").data
    folder = Path(placed["folder"])
    expected = Expected(
        variant=job.target.variant,
        build_id=json.loads((folder / layout.BUILD_FACTS).read_text(encoding="utf-8"))["buildId"],
        model=job.root / MODEL,
        recorded=Recorded.read(job.root / RECORDED),
    )
    check_model(expected)
    programs = {"folder": folder / layout.program_name(job.target.triple), "single file": Path(placed["single_file"])}
    evidence = {}
    for name, program in programs.items():
        with job.report.step(f"the {name} starts, writes the recorded text and ends"):
            evidence[name] = prove(program, expected)
        job.report.say(f"   ready after {evidence[name]['readyMs']} ms, wrote: {evidence[name]['text'][:60]!r}")
    return {"summary": "both layouts gave the recorded text", "layouts": evidence}


def prove(program: Path, expected: Expected) -> dict[str, Any]:
    """Drive one layout from start to end. Raises SmokeFailed; returns what it said and wrote."""
    with tempfile.TemporaryDirectory(prefix="smoke-") as cache:
        # A cache folder of its own: the single file has to unpack, and nothing is left with the user.
        environment = os.environ | {"XDG_CACHE_HOME": cache, "LOCALAPPDATA": cache}
        try:
            with SidecarClient([program], env=environment, cwd=Path(cache)) as sidecar:
                return _drive(sidecar, expected)
        except (SidecarClientError, OSError, _Unexpected) as error:
            raise SmokeFailed(f"`{program.name}`: {error}", hint=_hint(program)) from error
        except KeyError as error:
            raise SmokeFailed(f"`{program.name}`: an answer lacks the field {error}", hint=_hint(program)) from error


def _drive(sidecar: SidecarClient, expected: Expected) -> dict[str, Any]:
    started = sidecar.initialize(START_LIMIT_S)
    check_identity(started.result, expected)
    load = {"path": str(expected.model), "threads": 1}
    sidecar.request("model/load", load, ANSWER_LIMIT_S)
    backends = sidecar.request("status").result["backends"]
    check_backends(backends, sidecar.loose)
    texts = []
    for prompt, beginning in expected.recorded.beginnings.items():
        options = {"prompt": prompt, "maxTokens": expected.recorded.max_tokens, "temperature": 0}
        answer = sidecar.request("generate", options, ANSWER_LIMIT_S)
        check_reply(prompt, beginning, answer)
        texts.append(prompt + answer.text)
    end_cleanly(sidecar)
    return {
        "backends": [backend["library"] for backend in backends],
        "readyMs": round((started.answered_at - started.sent_at) * 1000),
        "text": texts[0],
    }


class _Unexpected(Exception):
    """Something else was found than expected; the text names both."""


def check_identity(initialized: dict[str, Any], expected: Expected) -> None:
    """Variant and build id are the placed ones."""
    _compare("variant", initialized["variant"], expected.variant)
    _compare("buildId", initialized["server"]["buildId"], expected.build_id)


def check_backends(backends: list[dict[str, Any]], said: list[Notification]) -> None:
    """The CPU has passed its proof, and no plug-in was passed over on the way there.

    A start in a new cache folder proves while `initialize` is answered; a load waits for the proof.
    """
    for told in said:
        if told.method == "log" and told.params["kind"] == "variant_skipped":
            raise _Unexpected(told.params["message"])
    states = {backend["name"]: backend["state"] for backend in backends}
    _compare("state of the CPU backend", states.get("CPU"), "ready")


def check_reply(prompt: str, beginning: str, answer: Answer) -> None:
    """The reply begins as recorded, its deltas are numbered without gaps, and its counts agree with them."""
    if not answer.text.startswith(beginning):
        raise _Unexpected(f"after {prompt!r} the text should begin with {beginning!r}, found {answer.text!r}")
    deltas = [delta.params for delta in answer.of("generate/delta")]
    _compare("numbers of the deltas", [delta["seq"] for delta in deltas], list(range(len(deltas))))
    _compare("completionTokens", answer.result["completionTokens"], sum(delta["tokens"] for delta in deltas))
    _compare("characters", answer.result["characters"], len(answer.text))


def end_cleanly(sidecar: SidecarClient) -> None:
    """`shutdown` is answered, nothing follows it on stdout, and the process exits with 0."""
    _compare("answer to shutdown", sidecar.request("shutdown", timeout_s=END_LIMIT_S).result, None)
    _compare("exit code after shutdown", sidecar.wait_for_exit(END_LIMIT_S), 0)
    try:
        line = sidecar.next_line(END_LIMIT_S)
    except SidecarDied:
        return
    raise _Unexpected(f"nothing should follow the answer to shutdown, found {line.raw[:300]!r}")


def _compare(what: str, found: object, expected: object) -> None:
    if found != expected:
        raise _Unexpected(f"{what}: expected {expected!r}, found {found!r}")


def check_model(expected: Expected) -> None:
    """The model is the one the texts were recorded with; raises SmokeFailed with both hashes."""
    found = digest.of_file(expected.model)
    if found != expected.recorded.model_sha256:
        raise SmokeFailed(
            f"the recorded texts belong to a model with hash {expected.recorded.model_sha256}, "
            f"`{expected.model.name}` has {found}",
            hint=f"restore the model (`git checkout -- {MODEL}`), or record the texts of the new one in {RECORDED}",
        )


def _hint(program: Path) -> str:
    return f"`{program} --self-test` tells what the program itself finds wrong"


STAGE = Stage(
    name="smoke",
    summary="both placed layouts start, write the recorded text and end cleanly",
    needs=("place",),
    inputs=inputs,
    run=run,
)
