"""Processes that share the cache: they wait for each other, survive each other's deaths, and keep what they use."""

from __future__ import annotations

import io
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from sidecarkit.cache import Cache, prune
from sidecarkit.report import Report

CI = Path(__file__).resolve().parents[3] / "ci"
KEY = "a" * 64
LIMIT_S = 30.0
# Builds the layer, or takes it, and stays alive until its stdin ends; in mid-build it waits for the file `go`.
PROCESS = """
import sys, time
from pathlib import Path
from sidecarkit.cache import Cache
from sidecarkit.report import Report
root, go = Path(sys.argv[1]), Path(sys.argv[2])

def build(folder):
    (folder / "first half").write_text("x" * 1000)
    print("building", flush=True)
    while not go.exists():
        time.sleep(0.01)
    (folder / "second half").write_text("y" * 1000)

cache = Cache(root, Report()).told("a" * 64, target="cpu-x", inputs={"flags": "-O3"})
entry = cache.folder("native", "a" * 64, build)
print("hit" if entry.hit else "built", flush=True)
sys.stdin.read()
"""


class Process:
    """A real process at the cache; what it says can be waited for."""

    def __init__(self, root: Path, go: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", PROCESS, str(root), str(go)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            text=True, env={"PYTHONPATH": str(CI), "PATH": "/usr/bin:/bin"},
        )  # fmt: skip

    def says(self, wanted: str) -> None:
        assert self.process.stdout
        heard = []
        deadline = time.monotonic() + LIMIT_S
        for line in self.process.stdout:
            heard.append(line)
            if wanted in line:
                return
            assert time.monotonic() < deadline, heard
        raise AssertionError(f"ended without `{wanted}`: {heard}")

    def end(self) -> None:
        assert self.process.stdin
        self.process.stdin.close()
        assert self.process.wait(LIMIT_S) == 0


@pytest.fixture
def go(tmp_path: Path) -> Path:
    return tmp_path / "go"


@pytest.fixture
def start(tmp_path: Path, go: Path) -> Iterator[Callable[[], Process]]:
    with ExitStack() as stack:

        def start() -> Process:
            process = Process(tmp_path / "cache", go)
            stack.enter_context(process.process)
            stack.callback(process.process.kill)
            return process

        yield start


@pytest.fixture
def said() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def cache(tmp_path: Path, said: io.StringIO) -> Cache:
    return Cache(tmp_path / "cache", Report(said))


def refuse(folder: Path) -> None:
    raise AssertionError(f"built again in {folder}")


def test_the_second_of_two_runs_waits_for_the_first_saying_so_and_takes_its_entry(
    start: Callable[[], Process], go: Path
) -> None:
    first = start()
    first.says("building")
    second = start()
    second.says("another run is building the native layer: waiting for it")
    go.touch()
    first.says("built")
    second.says("hit")
    first.end()
    second.end()


def test_a_run_killed_in_mid_build_leaves_no_entry_and_no_lock(
    start: Callable[[], Process], go: Path, cache: Cache
) -> None:
    killed = start()
    killed.says("building")
    killed.process.kill()
    killed.process.wait(LIMIT_S)
    assert not cache.holds("native", KEY)
    assert [path.name[:9] for path in (cache.root / "native").glob(".a*")] == [".aaaaaaaa"]
    go.touch()
    later = start()
    later.says("removing what an interrupted run left of the native layer")
    later.says("built")
    later.end()
    assert cache.folder("native", KEY, refuse).hit
    assert list((cache.root / "native").glob(".a*")) == []


def test_a_run_that_waits_takes_over_from_one_that_is_killed(start: Callable[[], Process], go: Path) -> None:
    first = start()
    first.says("building")
    second = start()
    second.says("waiting for it")
    first.process.kill()
    second.says("building")
    go.touch()
    second.says("built")
    second.end()


def test_pruning_leaves_what_a_living_process_uses_and_takes_it_when_that_is_gone(
    start: Callable[[], Process], go: Path, cache: Cache, said: io.StringIO
) -> None:
    go.touch()
    user = start()
    user.says("built")
    assert prune.prune(cache.root, 0, Report(said)) == []
    assert cache.holds("native", KEY)
    assert "0 B: 2.2 kB are in use" in said.getvalue()
    user.process.kill()
    user.process.wait(LIMIT_S)
    assert [each.name for each in prune.prune(cache.root, 0, Report(said))] == [f"native/{'a' * 32}"]
    assert not cache.holds("native", KEY)
    assert [path.name for path in (cache.root / "native").iterdir()] == [".lock"]


def test_pruning_beside_a_build_leaves_its_workplace(start: Callable[[], Process], go: Path, cache: Cache) -> None:
    builder = start()
    builder.says("building")
    prune.prune(cache.root, 0, Report(io.StringIO()))
    go.touch()
    builder.says("built")
    builder.end()
    assert cache.folder("native", KEY, refuse).hit
