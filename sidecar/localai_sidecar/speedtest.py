"""`--bench`: llama-bench's `pp` and `tg` on the sidecar's own loops, without the protocol around them."""

import time
from pathlib import Path
from typing import Any, NamedTuple

from localai_sidecar.engine_folder import read_build
from localai_sidecar.errors import ProtocolError, invalid_params
from localai_sidecar.kept.cachefolder import CacheFolder, default_folder
from localai_sidecar.llama.abort import AbortFlag
from localai_sidecar.llama.decode import pieces, prefill
from localai_sidecar.llama.library import load
from localai_sidecar.llama.model import Model
from localai_sidecar.llama.sampling import Sampler
from localai_sidecar.log import Log
from localai_sidecar.protocol.params import LoadParams, Sampling
from localai_sidecar.selftest import opened, proven_backends

_GREEDY = Sampling(temperature=0, top_k=0, top_p=1, min_p=0, repeat_penalty=1)


class SpeedTest(NamedTuple):
    """What to measure; 0 threads: chosen by the sidecar."""

    model: str
    device: str | None
    threads: int
    prompt_tokens: int
    predict: int
    repetitions: int


def speed_test(test: SpeedTest, folder: Path, log: Log) -> dict[str, Any]:
    """The report, with all samples; `error` in it is None unless the model or device failed. Raises StartFailed."""
    build = read_build(folder)
    path = str(Path(test.model).absolute())
    library = load(folder, log)
    report: dict[str, Any] = {
        "buildId": build.build_id,
        "device": test.device or "CPU",
        "threads": test.threads,
        "promptTokens": test.prompt_tokens,
        "predict": test.predict,
        "promptTokensPerSecond": [],
        "decodeTokensPerSecond": [],
        "error": None,
    }
    cache = CacheFolder(default_folder())
    try:
        backends = proven_backends(library, build, cache, log)
        backends.check(test.device, lambda: False)
        model = opened(LoadParams(path, 0, -1, test.device, test.threads, "auto"), library, backends, cache, log)
        _check_fits(test, model)
        report |= {"device": model.place.device, "threads": model.threads} | _measure(test, model)
    except ProtocolError as problem:
        report["error"] = {"kind": problem.kind, "message": problem.message, "hint": problem.hint}
    return report


def _check_fits(test: SpeedTest, model: Model) -> None:
    most = max(test.prompt_tokens, test.predict)
    if most > model.context_length:
        raise invalid_params("prompt-tokens or predict", most, f"at most the context's {model.context_length} tokens")


def _measure(test: SpeedTest, model: Model) -> dict[str, list[float]]:
    model.begin(AbortFlag())
    _prefill_rate(model, min(test.prompt_tokens, 8))
    _decode_rate(model, 2)
    repetitions = range(test.repetitions)
    return {
        "promptTokensPerSecond": [_prefill_rate(model, test.prompt_tokens) for _ in repetitions],
        "decodeTokensPerSecond": [_decode_rate(model, test.predict) for _ in repetitions],
    }


def _prefill_rate(model: Model, count: int) -> float:
    model.kept.forget()
    tokens = [(31 * at + 5) % model.vocabulary_size for at in range(count)]
    started = time.perf_counter()
    prefill(model, tokens, 0, lambda _: None)
    return round(count / (time.perf_counter() - started), 3)


def _decode_rate(model: Model, count: int) -> float:
    """`count` steps of decoding and sampling, each from what the one before it chose."""
    model.kept.forget()
    prefill(model, [model.first_token], 0, lambda _: None)
    sampler = Sampler(model.llama, model.vocabulary_size, _GREEDY, 0)
    started = time.perf_counter()
    # One more than asked for: the first was computed with the prompt, and the last decodes nothing.
    for _ in pieces(model, sampler, count + 1, end_at_end_token=False):
        pass
    seconds = time.perf_counter() - started
    sampler.end()
    return round(count / seconds, 3)
