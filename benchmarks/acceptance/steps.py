"""The steps of the acceptance, each on one device: proof, text, speed beside llama-bench, sudden ends."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.acceptance.kit import END_LIMIT_S, THREADS, Kit
from benchmarks.acceptance.outcome import Outcome, judged, unverified
from benchmarks.sidebyside.sides import decode_time

RATIO = 0.97
BACK_LIMIT_S = 1.0
# What other programs may take meanwhile, and what the driver keeps for itself.
TOLERANCE_BYTES = 64_000_000
KILLS = 10
GRAPHS_ARE_ON = "CUDA graph warmup complete"
CPU = "CPU"
_PROOF_LIMIT_S = 120.0
_LLAMA_BENCH_LIMIT_S = 500.0
# A step takes less than ten minutes: on a slow card there are fewer pairs.
_NO_MORE_PAIRS_S = 300.0
_SELF_TEST_LIMIT_S = 120.0
_REPLY_LIMIT_S = 300.0
_LOOK_EVERY_S = 0.01

Backends = Sequence[Mapping[str, Any]]


def backends(kit: Kit) -> list[dict[str, Any]]:
    """What the engine says of its backends once none is being proven any more. Raises SidecarClientError."""
    with kit.engine() as engine:
        deadline = time.monotonic() + _PROOF_LIMIT_S
        while True:
            found: list[dict[str, Any]] = engine.request("status").result["backends"]
            if time.monotonic() > deadline or all(each["state"] != "probing" for each in found):
                return found
            time.sleep(_LOOK_EVERY_S)


def proven(found: Backends, device: str) -> Outcome:
    """Whether the engine proved the device: its logits beside the CPU's, in single tokens and in a batch."""
    step = f"{device}: proven by the engine"
    name = device.rstrip("0123456789")
    backend = next((each for each in found if each["name"] == name), None)
    if backend is None:
        return judged(step, holds=False, said=f"the engine has no backend {name}")
    described = {each["id"]: each["description"] for each in backend["devices"]}
    if backend["state"] == "ready" and device in described:
        return judged(step, holds=True, said=described[device])
    reason = f"{backend['state']}: {backend.get('reason') or 'no reason given'}"
    # Without the system's loader there is nothing that could be tried.
    no_loader = name == "Vulkan" and "libvulkan" in reason
    return unverified(step, reason) if no_loader else judged(step, holds=False, said=reason)


def text(kit: Kit, device: str) -> Outcome:
    """A hundred greedy tokens, beside the CPU's. Kernels differ in the last bits, so equal text is told, not asked."""
    ours, cpu = (_self_test(kit, each) for each in (device, CPU))
    same = ours["text"] == cpu["text"]
    shown = repr((ours["text"] or str(ours["error"]))[:60])
    return judged(
        f"{device}: writes text", holds=bool(ours["ok"] and ours["text"] and ours["device"] == device),
        said=f"{shown}, {'the same as' if same else 'other than'} the CPU's", same=same,
    )  # fmt: skip


def _self_test(kit: Kit, device: str) -> dict[str, Any]:
    words: list[str | Path] = [kit.program, "--self-test", "--model", kit.tiny, "--device", device, "--tokens", "100"]
    done = subprocess.run(
        words, capture_output=True, text=True, check=False, timeout=_SELF_TEST_LIMIT_S, cwd=kit.program.parent,
        env=os.environ | {"XDG_CACHE_HOME": str(kit.cache)},
    )  # fmt: skip
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def ratio(kit: Kit, device: str) -> Outcome:
    """Tokens per second in long replies, in turn with llama-bench on the same device."""
    ours: list[float] = []
    theirs: list[float] = []
    started = time.monotonic()
    while len(ours) < kit.pairs and (not ours or time.monotonic() - started < _NO_MORE_PAIRS_S):
        ours.append(_engine_rate(kit, device))
        theirs.append(_llama_bench_rate(kit, device))
    median = statistics.median(a / b for a, b in zip(ours, theirs, strict=True))
    return judged(
        f"{device}: decode ÷ llama-bench, {kit.tokens} tokens", holds=median >= RATIO,
        said=f"{median:.3f} (at least {RATIO}): {statistics.median(ours):.1f} and "
        f"{statistics.median(theirs):.1f} tokens/s in {len(ours)} pairs",
        ratio=median, engine=ours, llama_bench=theirs,
    )  # fmt: skip


def _engine_rate(kit: Kit, device: str) -> float:
    with kit.engine() as engine:
        kit.load(engine, device)
        options = {"prompt": "Once", "temperature": 0}
        engine.request("generate", options | {"maxTokens": 2}, _REPLY_LIMIT_S)
        answer = engine.request("generate", options | {"maxTokens": kit.tokens}, _REPLY_LIMIT_S)
        engine.request("shutdown", timeout_s=END_LIMIT_S)
    return decode_time(answer).rate


def _llama_bench_rate(kit: Kit, device: str) -> float:
    words = ["--n-prompt", "0", "--n-gen", str(kit.tokens), "--repetitions", "1", "--output", "json"]
    (test,) = json.loads(_llama_bench(kit, device, *words).stdout)
    return float(test["avg_ts"])


def _llama_bench(kit: Kit, device: str, *words: str) -> subprocess.CompletedProcess[str]:
    on = "none" if device == CPU else device
    command = [str(kit.llama_bench), "--model", str(kit.large), "--device", on, "--threads", str(THREADS), *words]
    return subprocess.run(
        command, capture_output=True, text=True, check=True, timeout=_LLAMA_BENCH_LIMIT_S, cwd=kit.llama_bench.parent
    )


def graphs(kit: Kit, device: str) -> Outcome:
    """Whether single tokens are computed by CUDA graphs: ggml says so in its log, where llama-bench shows it."""
    said = _llama_bench(kit, device, "--n-prompt", "0", "--n-gen", "32", "--repetitions", "1", "--verbose").stderr
    lines = [line for line in said.splitlines() if "CUDA graph" in line]
    return judged(
        f"{device}: CUDA graphs are on", holds=any(GRAPHS_ARE_ON in line for line in lines),
        said=lines[0] if lines else "ggml's log does not speak of them",
    )  # fmt: skip


def killed(kit: Kit, device: str, kills: int = KILLS) -> Outcome:
    """kill -9 in the middle of an answer, again and again: memory comes back, and the next engine answers."""
    step = f"{device}: memory back within {BACK_LIMIT_S:g} s of kill -9"
    before, taken, back = kit.used(), [], []
    for _ in range(kills):
        with kit.engine() as engine:
            kit.load(engine, device)
            request = engine.send("generate", {"prompt": "Once", "temperature": 0, "maxTokens": kit.tokens})
            engine.wait_for("generate/delta", request, _REPLY_LIMIT_S)
            taken.append(kit.used() - before)
            engine.process.kill()
            back.append(_seconds_until(lambda: kit.used() <= before + TOLERANCE_BYTES))
    held = [seconds for seconds in back if seconds is not None]
    if min(taken) < TOLERANCE_BYTES:
        return judged(step, holds=False, said=f"a loaded model took only {min(taken) / 1e6:.0f} MB: nothing was seen")
    slowest = f"{max(held):.2f} s at most" if len(held) == kills else f"{kills - len(held)} times not"
    return judged(
        step, holds=len(held) == kills and max(held) <= BACK_LIMIT_S,
        said=f"{slowest} in {kills} kills in mid-answer; {max(taken) / 1e6:.0f} MB were taken", seconds_until_back=back,
    )  # fmt: skip


def _seconds_until(condition: Callable[[], bool]) -> float | None:
    """The seconds until it holds; None when it does not within ten times the limit."""
    started = time.monotonic()
    while not condition():
        if time.monotonic() - started > 10 * BACK_LIMIT_S:
            return None
        time.sleep(_LOOK_EVERY_S)
    return time.monotonic() - started


def stopped(kit: Kit, device: str) -> Outcome:
    """An answer that is cancelled in the middle, and the next one by the same engine."""
    with kit.engine() as engine:
        kit.load(engine, device)
        options = {"prompt": "Once", "temperature": 0}
        request = engine.send("generate", options | {"maxTokens": kit.tokens})
        engine.wait_for("generate/delta", request, _REPLY_LIMIT_S)
        asked = time.monotonic()
        engine.notify("cancel", {"id": request})
        reason = engine.wait(request, _REPLY_LIMIT_S).result["finishReason"]
        seconds = time.monotonic() - asked
        after = engine.request("generate", options | {"maxTokens": 8}, _REPLY_LIMIT_S).result["completionTokens"]
    return judged(
        f"{device}: an answer is stopped", holds=reason == "cancelled" and after == 8,
        said=f"{reason} after {seconds * 1000:.0f} ms; the next answer had {after} of 8 tokens",
    )  # fmt: skip
