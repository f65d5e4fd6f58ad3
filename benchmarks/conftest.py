"""Options and fixtures of the benchmarks: what is measured, and the pairs, measured once for all tests."""

from __future__ import annotations

import logging
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.sidebyside import series
from benchmarks.sidebyside.pairing import pair
from benchmarks.sidebyside.series import Measured, Pair, Series
from benchmarks.sidebyside.sides import (
    CPU,
    GATE_PREDICT,
    GATE_PROMPT_TOKENS,
    GATE_REPETITIONS,
    LIBRARIES,
    PHASES,
    Placed,
    Work,
    llama_bench_sample,
    prompt_of,
    sidecar_sample,
)
from sidecarkit.gate import Rule

log = logging.getLogger(__name__)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Everything the stage knows and a person may choose; paths have no default."""
    group = parser.getgroup("localaiapp")
    group.addoption("--target", required=True, help="name of the measured target, shown in groups")
    group.addoption("--sidecar", type=Path, required=True, help="program in the placed folder")
    group.addoption("--llama-bench", type=Path, required=True, help="llama.cpp's own tool")
    group.addoption("--model", type=Path, required=True, help="GGUF to measure with")
    group.addoption("--demo-model", type=Path, required=True, help="GGUF that the app starts with")
    group.addoption("--threads", type=int, required=True, help="threads on both sides")
    group.addoption("--device", action="append", help="id of a device to measure; repeatable (default: CPU)")
    group.addoption("--pairs", type=int, default=Rule().most, help="most pairs that are measured in turn")
    group.addoption("--prompt-tokens", type=int, default=GATE_PROMPT_TOKENS, help="length of the prompt that is read")
    group.addoption("--predict", type=int, default=GATE_PREDICT, help="tokens that are written")
    group.addoption(
        "--repetitions", type=int, default=GATE_REPETITIONS, help="times in each process; the fastest counts"
    )


@pytest.fixture(scope="session", autouse=True)
def _warm_cache(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Every start is a later one: the first has proven its plug-in, and nothing is kept with the user."""
    program: Path = pytestconfig.getoption("sidecar")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        subprocess.run([program, "--self-test"], check=True, capture_output=True, timeout=60)
        yield


@pytest.fixture(scope="session")
def placed(pytestconfig: pytest.Config) -> Placed:
    """The program, its libraries beside it, and the tool it is compared with."""
    program = pytestconfig.getoption("sidecar").resolve(strict=True)
    return Placed(
        program=program,
        libraries=(program.parent / LIBRARIES).resolve(strict=True),
        llama_bench=pytestconfig.getoption("llama_bench").resolve(strict=True),
        target=pytestconfig.getoption("target"),
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """What is measured in turn is measured on each device."""
    if "device" in metafunc.fixturenames:
        metafunc.parametrize("device", metafunc.config.getoption("device") or [CPU], scope="session")


@pytest.fixture(scope="session")
def work(pytestconfig: pytest.Config) -> Work:
    """The same work for both sides, on the CPU."""
    return Work(
        model=pytestconfig.getoption("model").resolve(strict=True),
        threads=pytestconfig.getoption("threads"),
        prompt_tokens=pytestconfig.getoption("prompt_tokens"),
        predict=pytestconfig.getoption("predict"),
        repetitions=pytestconfig.getoption("repetitions"),
    )


@pytest.fixture(scope="session")
def demo_model(pytestconfig: pytest.Config) -> Path:
    """The tiny model that the app ships with."""
    path: Path = pytestconfig.getoption("demo_model")
    return path.resolve(strict=True)


@pytest.fixture(scope="session")
def measured(pytestconfig: pytest.Config, placed: Placed, work: Work, device: str) -> Measured:
    """Pairs in turn until the gate needs no more: first those of prefill, then those of decode."""
    work = replace(work, device=device)
    rule = Rule().up_to(pytestconfig.getoption("pairs"))
    prompt = prompt_of(placed, work)

    def series_of(phase: str) -> Series:
        def pair_of(index: int) -> Pair:
            sidecar, anchor = pair(
                index,
                lambda: sidecar_sample(placed, work, phase, prompt),
                lambda: llama_bench_sample(placed, work, phase),
            )
            return Pair(sidecar=sidecar, anchor=anchor)

        return series.measure(rule, pair_of, lambda text: log.info("%s, %s, %s", device, phase, text))

    return Measured(placed=placed, work=work, series={phase: series_of(phase) for phase in PHASES})
