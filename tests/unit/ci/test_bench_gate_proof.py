"""The whole sequential rule on the recorded pairs keeps what README and issue promise, and would be seen not to."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import standin
from benchmarks.gateproof import __main__ as gateproof
from benchmarks.gateproof import recorded, simulate
from benchmarks.gateproof.recorded import Recording
from sidecarkit import config, host
from sidecarkit.gate import Rule, Verdict
from sidecarkit.tools import zig

README = Path(__file__).resolve().parents[3] / "benchmarks" / "README.md"


def noisy(spread: float) -> Recording:
    source = random.Random(4)
    return Recording(name="made", machine={}, model="", ratios={"x": [1 + source.gauss(0, spread) for _ in range(48)]})


def test_on_every_recorded_machine_a_like_sidecar_passes_and_a_slower_one_fails() -> None:
    trials = simulate.on_all(recorded.read_all())
    assert {trial.phase for trial in trials} == {"prefill", "decode"}
    assert all(trial.recorded >= 40 for trial in trials)
    assert [trial for trial in trials if not trial.keeps_promises] == []
    # The README shows this very table.
    assert simulate.shown(trials) in README.read_text(encoding="utf-8")


@pytest.mark.parametrize("rule", [Rule(looks=(1,)), Rule(threshold=0.93), Rule(threshold=1.0)])
def test_a_rule_that_breaks_a_promise_is_seen(rule: Rule) -> None:
    (trial,) = simulate.on_all([noisy(0.04)], rule)
    assert not trial.keeps_promises


def test_a_machine_too_noisy_for_the_rule_is_seen_and_mostly_inconclusive() -> None:
    (trial,) = simulate.on_all([noisy(0.15)])
    assert not trial.keeps_promises
    assert trial.alike.share(Verdict.INCONCLUSIVE) > 0.5


def test_the_same_recording_gives_the_same_shares() -> None:
    assert simulate.on_all([noisy(0.04)]) == simulate.on_all([noisy(0.04)])


def test_the_simulation_is_one_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert gateproof.main(["simulate", "--markdown", str(tmp_path / "found.md")]) == 0
    assert (tmp_path / "found.md").read_text(encoding="utf-8") == capsys.readouterr().out


def test_a_recording_is_named_by_target_and_machine() -> None:
    machine = {"cpu": "AMD EPYC (2nd Gen)", "physical_cores": 2}
    assert recorded.file_name({"target": "cpu-x", "machine": machine}) == "cpu-x-amd-epyc-2nd-gen-2.json"


# Decodes in 20 ms; the batch comes through unharmed when its first and last members do.
REAL = """
#include <stdint.h>
#include <time.h>
struct batch { int32_t n_tokens; void *token, *embd, *pos, *n_seq_id, *seq_id, *logits; };
int32_t llama_decode(void *context, struct batch batch) {
    struct timespec time = {.tv_nsec = 20000000};
    clock_nanosleep(CLOCK_MONOTONIC, 0, &time, 0);
    return batch.n_tokens + (int32_t)(intptr_t)batch.logits + (context != 0);
}
"""
CALLER = """
import ctypes, sys, time
class Batch(ctypes.Structure):
    _fields_ = [("n_tokens", ctypes.c_int32), ("others", ctypes.c_void_p * 5), ("logits", ctypes.c_void_p)]
decode = ctypes.CDLL(sys.argv[1]).llama_decode
started, cpu = time.perf_counter(), time.process_time()
assert decode(None, Batch(n_tokens=30, logits=12)) == 42
print(time.perf_counter() - started, time.process_time() - cpu)
"""


def test_the_slow_library_calls_the_real_one_and_computes_away_a_part_of_its_time(tmp_path: Path) -> None:
    targets = {each.triple: each for each in config.load_targets(README.parents[1] / "ci" / "targets.toml")}
    zig_target = targets[host.target_triple()].zig_target
    slow = tmp_path / standin.LIBRARY
    standin.compile_library(gateproof.SLOWED, tmp_path, slow, zig_target)
    (tmp_path / "real.c").write_text(REAL, encoding="utf-8")
    words: list[str | Path] = [
        zig.binary(),
        "cc",
        *zig.compile_flags(zig_target),
        "-shared",
        "-fPIC",
        "real.c",
        "-o",
        standin.REAL,
    ]
    subprocess.run(words, check=True, cwd=tmp_path, timeout=60)
    caller: list[str | Path] = [sys.executable, "-c", CALLER, slow]
    done = subprocess.run(
        caller, env={"SLOWED_BY_PERCENT": "50"}, check=True, capture_output=True, text=True, timeout=30
    )
    seconds, cpu_seconds = map(float, done.stdout.split())
    assert seconds >= 0.03
    # Only the real one slept.
    assert 0.0 < cpu_seconds < seconds - 0.02 + 0.005
