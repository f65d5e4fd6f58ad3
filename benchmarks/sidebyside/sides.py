"""The two sides of the comparison: one sample through the sidecar's stdio, one by llama-bench.

Every sample is a fresh process that loads the model, warms up, measures one phase, and is gone before
the other side starts: nothing idles beside a measurement, and luck with the placement in memory averages out.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.sidebyside.felt import Felt, felt, peak_bytes
from benchmarks.sidebyside.load import Load, watched
from sidecarkit.sidecar_client import Answer, SidecarClient

# A sample takes seconds; these limits only end what hangs.
LOAD_LIMIT_S = 120.0
GENERATE_LIMIT_S = 300.0
END_LIMIT_S = 10.0
LLAMA_BENCH_LIMIT_S = 600.0

PREFILL, DECODE = PHASES = ("prefill", "decode")
SHORT_PROMPT = "Once"
# The folder of llama.cpp's libraries beside the sidecar's program.
LIBRARIES = "llama"
# The gate's work: a fifth to a third of a second at a time on two cores, so often that one time is not disturbed.
GATE_PROMPT_TOKENS, GATE_PREDICT, GATE_REPETITIONS = 256, 64, 6
CPU = "CPU"


@dataclass(frozen=True, kw_only=True)
class Placed:
    """What stands on either side: the sidecar with its libraries, and llama-bench with the same ones."""

    program: Path
    libraries: Path
    llama_bench: Path
    target: str


@dataclass(frozen=True, kw_only=True)
class Work:
    """What both sides do: read a prompt of `prompt_tokens`, and continue a short one by `predict` tokens, on `device`.

    Each is done `repetitions` times in a process and the fastest counts: what disturbs a machine only ever slows.
    """

    model: Path
    threads: int
    prompt_tokens: int
    predict: int
    repetitions: int
    device: str = CPU

    @property
    def backend(self) -> str:
        """The name of the backend that the device belongs to, as ggml says it: `Vulkan` for `Vulkan0`."""
        return self.device.rstrip("0123456789")


@dataclass(frozen=True, kw_only=True)
class Timed:
    """Some tokens and the seconds they took."""

    tokens: int
    seconds: float

    @property
    def rate(self) -> float:
        """Tokens per second."""
        return self.tokens / self.seconds


@dataclass(frozen=True, kw_only=True)
class Sample:
    """The fastest repetition of one process, the plug-in it computed with, what else computed meanwhile (None
    where the system does not tell), and what a user of the sidecar would have felt while it wrote."""

    timed: Timed
    plug_in: Path
    load: Load | None = None
    felt: Felt | None = None


def sidecar_sample(placed: Placed, work: Work, phase: str, prompt: str) -> Sample:
    """One sample of a phase through the sidecar, timed by this side's clock at its pipes.

    Raises SidecarClientError, or AssertionError when the reply is not the one that was asked for.
    """
    with watched() as watch:
        sample = _sidecar_sample(placed, work, phase, prompt)
    return replace(sample, load=watch.load)


def _sidecar_sample(placed: Placed, work: Work, phase: str, prompt: str) -> Sample:
    with SidecarClient([placed.program], cwd=placed.program.parent) as sidecar:
        plug_in = placed.libraries / _start(sidecar, work)
        if phase == PREFILL:
            sample = Sample(timed=_prefill(sidecar, work, prompt), plug_in=plug_in)
        else:
            timed, felt_ = _decode(sidecar, work)
            sample = Sample(timed=timed, plug_in=plug_in, felt=felt_)
        sidecar.request("shutdown", timeout_s=END_LIMIT_S)
        assert sidecar.wait_for_exit(END_LIMIT_S) == 0
    return sample


def _prefill(sidecar: SidecarClient, work: Work, prompt: str) -> Timed:
    _generate(sidecar, prompt, 1)
    answers = [_generate(sidecar, prompt, 1) for _ in range(work.repetitions)]
    return fastest(prefill_time(answer, work.prompt_tokens) for answer in answers)


def _decode(sidecar: SidecarClient, work: Work) -> tuple[Timed, Felt]:
    _generate(sidecar, SHORT_PROMPT, 2)
    answers = [_generate(sidecar, SHORT_PROMPT, work.predict) for _ in range(work.repetitions)]
    return fastest(map(decode_time, answers)), felt(answers, peak_bytes(sidecar.process.pid))


def fastest(repetitions: Iterable[Timed]) -> Timed:
    """The one with the highest rate."""
    return max(repetitions, key=lambda timed: timed.rate)


def prefill_time(answer: Answer, prompt_tokens: int) -> Timed:
    """From the request to the first delta: what a user waits for."""
    assert answer.result["promptTokens"] == prompt_tokens, answer.result
    first = answer.of("generate/delta")[0]
    return Timed(tokens=prompt_tokens, seconds=first.at - answer.sent_at)


def decode_time(answer: Answer) -> Timed:
    """From the first delta to the last; the tokens of the first were there when the clock started."""
    deltas = answer.of("generate/delta")
    tokens = sum(delta.params["tokens"] for delta in deltas)
    assert tokens == answer.result["completionTokens"], (tokens, answer.result)
    return Timed(tokens=tokens - deltas[0].params["tokens"], seconds=deltas[-1].at - deltas[0].at)


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
    started = sidecar.initialize()
    load = {"path": str(work.model), "threads": work.threads, "device": work.device}
    loaded = sidecar.request("model/load", load, LOAD_LIMIT_S)
    assert (loaded.result["threads"], loaded.result["device"]) == (work.threads, work.device), loaded.result
    (library,) = [each["library"] for each in started.result["backends"] if each["name"] == work.backend]
    return str(library)


def _generate(sidecar: SidecarClient, prompt: str, tokens: int) -> Answer:
    options = {"prompt": prompt, "maxTokens": tokens, "temperature": 0}
    answer = sidecar.request("generate", options, GENERATE_LIMIT_S)
    assert answer.result["cachedTokens"] == 0, answer.result
    assert answer.result["completionTokens"] == tokens, answer.result
    return answer


def llama_bench_sample(placed: Placed, work: Work, phase: str) -> Sample:
    """One sample of a phase by llama-bench; its own warm-up comes first, and loading the model is not counted.

    Raises AssertionError when it fails or measured something else, TimeoutExpired when it hangs.
    """
    prompt_tokens, predict = sizes(work, phase)
    command = [
        str(placed.llama_bench), "--model", str(work.model), "--threads", str(work.threads),
        "--n-prompt", str(prompt_tokens), "--n-gen", str(predict),
        "--repetitions", str(work.repetitions), "--output", "json",
        "--device", "none" if work.device == CPU else work.device,
    ]  # fmt: skip
    # ggml takes plug-ins from this variable, from beside the program, and from the working folder.
    environment = {name: value for name, value in os.environ.items() if name != "GGML_BACKEND_PATH"}
    with watched() as watch:
        done = subprocess.run(
            command, capture_output=True, text=True, check=False,
            env=environment, cwd=placed.llama_bench.parent, timeout=LLAMA_BENCH_LIMIT_S,
        )  # fmt: skip
    assert done.returncode == 0, f"llama-bench ended with {done.returncode}: {done.stderr}"
    return replace(llama_bench_result(done.stdout, done.stderr, work, phase), load=watch.load)


def sizes(work: Work, phase: str) -> tuple[int, int]:
    """What llama-bench calls n_prompt and n_gen."""
    return (work.prompt_tokens, 0) if phase == PREFILL else (0, work.predict)


def llama_bench_result(stdout: str, stderr: str, work: Work, phase: str) -> Sample:
    """The fastest repetition in llama-bench's JSON and the plug-in in its log."""
    (test,) = json.loads(stdout)
    assert (test["n_prompt"], test["n_gen"]) == sizes(work, phase), test
    assert test["n_threads"] == work.threads, test
    assert len(test["samples_ns"]) == work.repetitions, test
    assert test["devices"] == ("none" if work.device == CPU else work.device), test
    loaded = re.search(rf"loaded {work.backend} backend from (.+)$", stderr, re.MULTILINE)
    assert loaded is not None, f"llama-bench does not say which {work.backend} plug-in it loaded: {stderr}"
    timed = Timed(tokens=sum(sizes(work, phase)), seconds=min(test["samples_ns"]) / 1e9)
    return Sample(timed=timed, plug_in=Path(loaded[1]))
