"""`--self-test`: do the libraries load, which devices are there, and does a model make text?"""

import time
from pathlib import Path
from typing import Any, NamedTuple

from localai_sidecar.engine_folder import Build, read_build
from localai_sidecar.errors import ProtocolError
from localai_sidecar.kept.cachefolder import CacheFolder, default_folder
from localai_sidecar.llama.abort import AbortFlag
from localai_sidecar.llama.decode import pieces, prefill
from localai_sidecar.llama.library import Library, load
from localai_sidecar.llama.model import Model
from localai_sidecar.llama.prompt import prompt_tokens
from localai_sidecar.llama.sampling import Sampler
from localai_sidecar.log import Log
from localai_sidecar.machine.memory import resident_bytes
from localai_sidecar.protocol.notices import Tell
from localai_sidecar.protocol.params import LoadParams, generate
from localai_sidecar.protocol.textstream import TextStream
from localai_sidecar.serving import loading
from localai_sidecar.serving.backends import Backends

_PROMPT = "Once upon a time"


EMPTY_REPORT: dict[str, Any] = {
    "ok": True,
    "buildId": None,
    "backends": [],
    "device": None,
    "text": None,
    "tokensPerSecond": None,
    "rssBytes": 0,
    "error": None,
}


class SelfTest(NamedTuple):
    """What to try."""

    model: str | None
    device: str | None
    tokens: int


def self_test(test: SelfTest, folder: Path, log: Log) -> dict[str, Any]:
    """The report; raises StartFailed if the libraries cannot be loaded."""
    build = read_build(folder)
    # Before `load` pins the working folder.
    model = None if test.model is None else str(Path(test.model).absolute())
    library = load(folder, log)
    cache = CacheFolder(default_folder())
    backends = proven_backends(library, build, cache, log)
    report = EMPTY_REPORT | {"buildId": build.build_id, "device": test.device or "CPU"}
    try:
        backends.check(test.device, _never)
        if model is not None:
            params = LoadParams(model, 0, -1, test.device, 0, "auto")
            report |= _generate(opened(params, library, backends, cache, log), test.tokens)
    except ProtocolError as problem:
        report["ok"] = False
        report["error"] = {"kind": problem.kind, "message": problem.message, "hint": problem.hint}
    return report | {"backends": backends.describe(), "rssBytes": resident_bytes()}


def proven_backends(library: Library, build: Build, cache: CacheFolder, log: Log) -> Backends:
    """The backends, after their proof if it is not kept; `check` tells which of them are there."""
    backends = Backends(library, build.build_id, log)
    backends.recall(cache)
    if not backends.is_complete:
        backends.find_out(teller(log), is_waiting=True)
    return backends


def opened(params: LoadParams, library: Library, backends: Backends, cache: CacheFolder, log: Log) -> Model:
    """The model, on the device asked for or the best one. Raises ProtocolError."""
    plan = loading.plan(params, library, cache)
    device = backends.choose(plan, teller(log), _never)
    return loading.load(plan, library, lambda _: True, backends.place(device, plan, teller(log)))


def teller(log: Log) -> Tell:
    """Notices go to the log, where there is nobody to be told."""
    return lambda notice: log.info(notice["message"])


def _never() -> bool:
    return False


def _generate(model: Model, tokens: int) -> dict[str, Any]:
    params = generate({"prompt": _PROMPT, "temperature": 0, "maxTokens": tokens})
    sampler = Sampler(model.llama, model.vocabulary_size, params.sampling, 0)
    model.begin(AbortFlag())
    prefill(model, prompt_tokens(model, params), 0, lambda _: None)
    stream, times, text = TextStream(), [], ""
    for piece in pieces(model, sampler, tokens):
        if piece is None:
            break
        times.append(time.perf_counter())
        text += stream.feed(piece)
    sampler.end()
    seconds = times[-1] - times[0] if len(times) > 1 else 0
    return {
        "device": model.place.device,
        "text": text,
        "tokensPerSecond": round((len(times) - 1) / seconds, 2) if seconds else None,
    }
