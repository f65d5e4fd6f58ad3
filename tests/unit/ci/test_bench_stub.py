"""The stub library: compiled by zig, loaded beside the library it replaces, and what it notes about each token."""

from __future__ import annotations

import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from benchmarks import standin
from benchmarks.table import stub
from sidecarkit import config, host

CI = Path(__file__).resolve().parents[3] / "ci"
# Calls the stub as the engine does: by ctypes, with a batch of 56 bytes by value.
CALLER = """
import ctypes, sys, time
stub = ctypes.CDLL(sys.argv[1])
batch = type("Batch", (ctypes.Structure,), {"_fields_": [("bytes", ctypes.c_char * 56)]})()
started = time.perf_counter()
for _ in range(5):
    assert stub.llama_decode(None, batch) == 0
    print(stub.llama_sampler_sample(None, None, -1))
print(time.perf_counter() - started)
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("stub")
    targets = {target.triple: target for target in config.load_targets(CI / "targets.toml")}
    standin.compile_library(stub.SOURCE, path, path / standin.LIBRARY, targets[host.target_triple()].zig_target)
    return path


def run(folder: Path, environment: dict[str, str]) -> list[str]:
    words = [sys.executable, "-c", CALLER, str(folder / standin.LIBRARY)]
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=True, timeout=30)
    return done.stdout.split()


def test_every_token_is_noted_with_the_times_it_was_handed_out_at(folder: Path) -> None:
    with stub.stamped(folder, room=8) as (stamps, environment):
        *tokens, _ = run(folder, environment)
        noted = stamps.read()
    assert tokens == ["1000", "1001", "1002", "1003", "1004"]
    assert [stamp.at for stamp in noted] == sorted(stamp.at for stamp in noted)
    assert [stamp.cpu > 0 for stamp in noted] == [True, False, False, False, True]


def test_decoding_takes_the_time_it_was_given(folder: Path) -> None:
    with stub.stamped(folder, room=8, decode_s=0.02) as (stamps, environment):
        *_, seconds = run(folder, environment)
        noted = stamps.read()
    assert float(seconds) >= 0.1
    assert all(later.at - earlier.at >= 0.02 for earlier, later in pairwise(noted))


def test_more_tokens_than_there_is_room_for_are_an_error_and_no_damage(folder: Path) -> None:
    with stub.stamped(folder, room=3) as (stamps, environment):
        run(folder, environment)
        with pytest.raises(AssertionError, match="the stub noted 3 tokens and there was room for 3"):
            stamps.read()
