"""The two sides of the comparison: one sample through the sidecar's stdio, one by llama-bench.

Every sample is a fresh process that loads the model, warms up, and is gone before the other side
starts: nothing idles beside a measurement, and luck with the placement in memory averages out.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from sidecarkit.sidecar_client import Answer, SidecarClient

# A sample takes seconds; these limits only end what hangs.
LOAD_LIMIT_S = 120.0
GENERATE_LIMIT_S = 300.0
END_LIMIT_S = 10.0
LLAMA_BENCH_LIMIT_S = 600.0

SHORT_PROMPT = "Once"
_LOADED_PLUG_IN = re.compile(r"loaded CPU backend from (.+)$", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Placed:
    """What stands on either side: the sidecar with its libraries, and llama-bench with the same ones."""

    program: Path
    libraries: Path
    llama_bench: Path
    target: str


@dataclass(frozen=True, kw_only=True)
class Work:
    """What both sides do: read a prompt of `prompt_tokens`, and continue a short one by `predict` tokens.

    Each is done `repetitions` times in a process and the fastest counts: what disturbs a machine only ever slows.
    """

    model: Path
    threads: int
    prompt_tokens: int
    predict: int
    repetitions: int


@dataclass(frozen=True, kw_only=True)
class Phase:
    """Some tokens and the seconds they took."""

    tokens: int
    seconds: float

    @property
    def rate(self) -> float:
        """Tokens per second."""
        return self.tokens / self.seconds


@dataclass(frozen=True, kw_only=True)
class Sample:
    """What one process reached, and the CPU plug-in it computed with."""

    prefill: Phase
    decode: Phase
    plug_in: Path


@dataclass(frozen=True, kw_only=True)
class Measured:
    """All pairs of one session: the sidecar's sample and the anchor's."""

    placed: Placed
    work: Work
    pairs: list[tuple[Sample, Sample]]

    def phases(self, name: str) -> tuple[list[Phase], list[Phase]]:
        """The phase `name` of all samples: the sidecar's, and the anchor's."""
        return [getattr(a, name) for a, _ in self.pairs], [getattr(b, name) for _, b in self.pairs]


def sidecar_sample(placed: Placed, work: Work, prompt: str) -> Sample:
    """One sample through the sidecar, timed by this side's clock at its pipes.

    Raises SidecarClientError, or AssertionError when the reply is not the one that was asked for.
    """
    with SidecarClient([placed.program], cwd=placed.program.parent) as sidecar:
        plug_in = _start(sidecar, work)
        _generate(sidecar, prompt, 1)
        prefill = fastest(
            prefill_phase(_generate(sidecar, prompt, 1), work.prompt_tokens) for _ in range(work.repetitions)
        )
        _generate(sidecar, SHORT_PROMPT, 2)
        decode = fastest(decode_phase(_generate(sidecar, SHORT_PROMPT, work.predict)) for _ in range(work.repetitions))
        sidecar.request("shutdown", timeout_s=END_LIMIT_S)
        assert sidecar.wait_for_exit(END_LIMIT_S) == 0
    return Sample(prefill=prefill, decode=decode, plug_in=placed.libraries / plug_in)


def fastest(phases: Iterable[Phase]) -> Phase:
    """The one with the highest rate."""
    return max(phases, key=lambda phase: phase.rate)


def prefill_phase(answer: Answer, prompt_tokens: int) -> Phase:
    """From the request to the first delta: what a user waits for."""
    assert answer.result["promptTokens"] == prompt_tokens, answer.result
    first = answer.of("generate/delta")[0]
    return Phase(tokens=prompt_tokens, seconds=first.at - answer.sent_at)


def decode_phase(answer: Answer) -> Phase:
    """From the first delta to the last; the tokens of the first were there when the clock started."""
    deltas = answer.of("generate/delta")
    tokens = sum(delta.params["tokens"] for delta in deltas)
    assert tokens == answer.result["completionTokens"], (tokens, answer.result)
    return Phase(tokens=tokens - deltas[0].params["tokens"], seconds=deltas[-1].at - deltas[0].at)


def prompt_of(placed: Placed, work: Work) -> str:
    """A text that the model's tokenizer turns into exactly `work.prompt_tokens` tokens, found by asking."""
    words = work.prompt_tokens
    with SidecarClient([placed.program], cwd=placed.program.parent) as sidecar:
        _start(sidecar, work)
        for _ in range(4):
            prompt = " ".join(["the"] * words)
            found: int = _generate(sidecar, prompt, 1).result["promptTokens"]
            if found == work.prompt_tokens:
                return prompt
            words += work.prompt_tokens - found
    raise AssertionError(f"no row of words makes {work.prompt_tokens} tokens: {words} words came nearest")


def _start(sidecar: SidecarClient, work: Work) -> str:
    started = sidecar.initialize(cache={"maxBytes": 0})
    load = {"path": str(work.model), "threads": work.threads}
    loaded = sidecar.request("model/load", load, LOAD_LIMIT_S)
    assert loaded.result["threads"] == work.threads, loaded.result
    (library,) = [each["library"] for each in started.result["backends"] if each["name"] == "CPU"]
    return str(library)


def _generate(sidecar: SidecarClient, prompt: str, tokens: int) -> Answer:
    options = {"prompt": prompt, "maxTokens": tokens, "temperature": 0}
    answer = sidecar.request("generate", options, GENERATE_LIMIT_S)
    assert answer.result["cachedTokens"] == 0, answer.result
    assert answer.result["completionTokens"] == tokens, answer.result
    return answer


def llama_bench_sample(placed: Placed, work: Work) -> Sample:
    """One sample by llama-bench; its own warm-up comes first, and loading the model is not counted.

    Raises AssertionError when it fails or measured something else, TimeoutExpired when it hangs.
    """
    command = [
        str(placed.llama_bench), "--model", str(work.model), "--threads", str(work.threads),
        "--n-prompt", str(work.prompt_tokens), "--n-gen", str(work.predict),
        "--repetitions", str(work.repetitions), "--output", "json",
    ]  # fmt: skip
    # ggml takes plug-ins from this variable, from beside the program, and from the working folder.
    environment = {name: value for name, value in os.environ.items() if name != "GGML_BACKEND_PATH"}
    done = subprocess.run(
        command, capture_output=True, text=True, check=False,
        env=environment, cwd=placed.llama_bench.parent, timeout=LLAMA_BENCH_LIMIT_S,
    )  # fmt: skip
    assert done.returncode == 0, f"llama-bench ended with {done.returncode}: {done.stderr}"
    return llama_bench_result(done.stdout, done.stderr, work)


def llama_bench_result(stdout: str, stderr: str, work: Work) -> Sample:
    """The sample in llama-bench's JSON and the plug-in in its log."""
    prefill, decode = json.loads(stdout)
    assert (prefill["n_prompt"], prefill["n_gen"]) == (work.prompt_tokens, 0), prefill
    assert (decode["n_prompt"], decode["n_gen"]) == (0, work.predict), decode
    assert prefill["n_threads"] == decode["n_threads"] == work.threads, prefill
    assert len(prefill["samples_ns"]) == len(decode["samples_ns"]) == work.repetitions, prefill
    loaded = _LOADED_PLUG_IN.search(stderr)
    assert loaded is not None, f"llama-bench does not say which CPU plug-in it loaded: {stderr}"
    return Sample(
        prefill=Phase(tokens=work.prompt_tokens, seconds=min(prefill["samples_ns"]) / 1e9),
        decode=Phase(tokens=work.predict, seconds=min(decode["samples_ns"]) / 1e9),
        plug_in=Path(loaded[1]),
    )
