"""Other programs take every core and leave again: the threads that compute follow, and replies go on."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sidecarkit.sidecar_client import SidecarClient

LIMIT_S = 60.0
# Long enough for the kernel's ticks of 10 ms to tell who computes.
LOOK_S = 0.5
# Of what the busiest thread uses: the others read, wait and tell.
COMPUTES = 0.25
# Freed memory is filled with ones at once: a pool of threads that is used once more after its end is locked for ever.
SPOIL_FREED_MEMORY = "glibc.malloc.perturb=1:glibc.malloc.tcache_count=0"


@contextlib.contextmanager
def every_core_taken() -> Iterator[None]:
    with contextlib.ExitStack() as stack:
        for _ in os.sched_getaffinity(0):
            loop = stack.enter_context(subprocess.Popen([sys.executable, "-c", "while True: pass"]))
            stack.callback(loop.kill)
        yield


def ticks(client: SidecarClient) -> dict[str, int]:
    """CPU time of each thread so far."""
    found = {}
    for task in Path(f"/proc/{client.process.pid}/task").iterdir():
        with contextlib.suppress(FileNotFoundError):
            fields = (task / "stat").read_text().rpartition(")")[2].split()
            found[task.name] = int(fields[11]) + int(fields[12])
    return found


def computing(client: SidecarClient) -> int:
    """How many threads computed during the next half second of a reply."""
    before, until = ticks(client), time.monotonic() + LOOK_S
    while time.monotonic() < until:
        client.next_line(LIMIT_S, "a delta")
    spent = [after - before.get(task, 0) for task, after in ticks(client).items()]
    return sum(each >= COMPUTES * max(spent) for each in spent)


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="one core leaves nothing to choose")
def test_one_thread_goes_on_computing_while_others_take_every_core_however_often_that_changes(
    start: Callable[..., SidecarClient], slow_model: Path
) -> None:
    client = start(env={"GLIBC_TUNABLES": SPOIL_FREED_MEMORY})
    client.initialize()
    client.request("model/load", {"path": str(slow_model)}, LIMIT_S)
    for _ in range(3):
        answer = client.request("generate", {"prompt": "Once", "maxTokens": 16}, LIMIT_S)
        assert answer.result["completionTokens"] == 16
        with every_core_taken():
            reply = client.send("generate", {"prompt": "Once", "maxTokens": 8000})
            deadline = time.monotonic() + LIMIT_S
            while computing(client) > 1:
                assert time.monotonic() < deadline, "several threads still compute beside programs on every core"
            client.notify("cancel", {"id": reply})
            assert client.wait(reply, LIMIT_S).result["finishReason"] == "cancelled"
