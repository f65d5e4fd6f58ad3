"""Ctrl-C and kills at any moment: exit code 130, nobody left behind, caches whole, and the next run goes on."""

from __future__ import annotations

import io
import os
import random
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sidecarkit import command
from sidecarkit.cache import entry as entries
from sidecarkit.errors import INTERRUPTED, StepFailed
from sidecarkit.report import Report

ROOT = Path(__file__).resolve().parents[3]
LIMIT_S = 30.0
MARK = "SIDECARKIT_TEST_MARK"
# `python -m sidecarkit` with a line of one stage, whose compiler is a shell script.
TOOLKIT = """
import runpy, sys
from dataclasses import replace
from pathlib import Path
from sidecarkit import command, commandline, interrupts, runner
from sidecarkit.cache import Cache
from sidecarkit.job import Options, Stage
from sidecarkit.workspace import Workspace

checkout, root, script = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]

def stage(job):
    def build(folder):
        (folder / "objects").write_text("half of it")
        command.run(["sh", "-c", script], log=job.log, report=job.report, title="compiling", cwd=root)
        (folder / "library").write_text("all of it")
    return {"folder": str(job.cache.folder("native", job.key, build).path)}

def run(_, report):
    workspace = Workspace.read(checkout, report)
    job = workspace.job(workspace.targets[0], Options())
    job = replace(job, root=root, cache=Cache(root / "cache", report))
    native = Stage(name="native", summary="", needs=(), layer="native", inputs=lambda _: {"flags": "-O3"}, run=stage)
    runner.run((native,), job, asked={"native"})

commandline.run = run
sys.argv = ["sidecarkit"]
runpy.run_module("sidecarkit.__main__", run_name="__main__")
"""
# Jobs in groups of their own, as ninja starts them; one in a session of its own; one whose parent is gone.
TREE = """
set -m
sh -c 'sleep 600; true' &
setsid sh -c 'sleep 600; true' &
(sh -c 'sleep 600; true' &)
touch compiling
wait
sleep 600
"""


class Toolkit:
    """The toolkit as a process, and every process that stems from it, known by a word in their environment."""

    def __init__(self, root: Path, script: str) -> None:
        self.root = root
        self.mark = uuid.uuid4().hex
        self._said = ""
        self.process = subprocess.Popen(
            [sys.executable, "-c", TOOLKIT, str(ROOT), str(root), script], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT / "ci"), "HOME": str(root), MARK: self.mark},
        )  # fmt: skip

    def wait_for(self, name: str) -> None:
        deadline = time.monotonic() + LIMIT_S
        while not (self.root / name).exists():
            assert self.process.poll() is None, self.said()
            assert time.monotonic() < deadline
            time.sleep(0.01)

    def wait_for_tree(self) -> None:
        """Until everything that TREE starts is there: the toolkit, the script, three shells and their sleeps."""
        deadline = time.monotonic() + LIMIT_S
        while len(self.living()) < 8:
            assert time.monotonic() < deadline, self.living()
            time.sleep(0.01)

    def said(self) -> str:
        """All it said; waits for its end."""
        if self.process.stdout and not self.process.stdout.closed:
            self._said, _ = self.process.communicate(timeout=LIMIT_S)
        return self._said

    def succeeds(self) -> None:
        said = self.said()
        assert self.process.returncode == 0, said

    def living(self) -> list[int]:
        """What lives of it and all it started. What has ended and was not waited for has no environment any more."""
        found = []
        for path in Path("/proc").glob("[0-9]*/environ"):
            try:
                if f"{MARK}={self.mark}".encode() in path.read_bytes().split(b"\0"):
                    found.append(int(path.parent.name))
            except OSError:
                continue
        return found


Start = Callable[[str], Toolkit]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    started: list[Toolkit] = []

    def start(script: str) -> Toolkit:
        started.append(Toolkit(tmp_path, script))
        return started[-1]

    yield start
    for toolkit in started:
        toolkit.process.kill()
        for pid in toolkit.living():
            os.kill(pid, signal.SIGKILL)
        toolkit.said()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_request_to_end_ends_all_children_leaves_no_half_entry_and_the_next_run_succeeds(
    tmp_path: Path, start: Start, number: signal.Signals
) -> None:
    toolkit = start(TREE)
    toolkit.wait_for("compiling")
    toolkit.wait_for_tree()
    toolkit.process.send_signal(number)
    said = toolkit.said()
    assert toolkit.process.returncode == INTERRUPTED, said
    assert "interrupted: what was finished is kept" in said
    assert "Traceback" not in said
    assert toolkit.living() == []
    assert [path.name for path in (tmp_path / "cache" / "native").iterdir()] == [".lock"]
    start("true").succeeds()
    assert [path.read_text(encoding="utf-8") for path in tmp_path.rglob("library")] == ["all of it"]


def test_a_run_that_waits_for_another_is_interrupted_at_once(start: Start) -> None:
    first = start(TREE)
    first.wait_for("compiling")
    second = start("true")
    assert second.process.stdout
    heard = next(line for line in second.process.stdout if "waiting for it" in line)
    second.process.send_signal(signal.SIGINT)
    said = heard + second.said()
    assert second.process.returncode == INTERRUPTED, said
    assert first.process.poll() is None
    first.process.send_signal(signal.SIGINT)
    first.said()
    assert first.living() == []


def test_the_cache_is_whole_whenever_a_run_is_interrupted_or_killed(tmp_path: Path, start: Start) -> None:
    moments = random.Random(20_261_123)
    for attempt in range(10):
        toolkit = start(f"sleep 0.1; echo {attempt}")
        time.sleep(moments.uniform(0.05, 0.6))
        toolkit.process.send_signal(moments.choice([signal.SIGINT, signal.SIGKILL]))
        toolkit.said()
        whole = [path.parent for path in tmp_path.rglob(".manifest.json") if not path.parent.name.startswith(".")]
        assert [entries.damage(path) for path in whole] == [None] * len(whole)
    start("true").succeeds()
    assert [path.name for path in (tmp_path / "cache" / "native").glob(".*")] == [".lock"]
    (entry,) = (path for path in (tmp_path / "cache" / "native").iterdir() if path.is_dir())
    assert entries.damage(entry) is None


def test_what_ignores_the_request_to_end_is_killed_after_its_grace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "_STOP_GRACE_S", 0.3)
    stubborn = "trap '' TERM; sh -c 'trap \"\" TERM; echo $$ > stubborn; while :; do sleep 600; done'"
    with pytest.raises(StepFailed, match="stopped after its limit"):
        command.run(
            ["sh", "-c", stubborn], log=tmp_path / "log", report=Report(io.StringIO()), title="working",
            cwd=tmp_path, timeout_s=0.5,
        )  # fmt: skip
    state = Path("/proc", (tmp_path / "stubborn").read_text(encoding="utf-8").strip(), "stat")
    assert not state.exists() or ") Z " in state.read_text(encoding="utf-8")
