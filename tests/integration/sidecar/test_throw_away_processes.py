"""Processes that open a model for trial or prove a plug-in never outlive the sidecar, nor keep it from answering."""

from __future__ import annotations

import os
import select
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from sidecarkit.sidecar_client import SidecarClient
from tests.fuzz.gguf_parts import ARRAY, SOUND, strings

LIMIT_S = 15.0


@pytest.fixture(scope="session")
def slow_to_open(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sound header with a vocabulary that takes llama.cpp a while."""
    tokens = strings(*(b"token %d" % number for number in range(400_000)))
    file = SOUND.without(b"tokenizer.ggml.scores").with_pair(b"tokenizer.ggml.tokens", ARRAY, tokens)
    path = tmp_path_factory.mktemp("models") / "vocabulary.gguf"
    path.write_bytes(replace(file, data=512).bytes())
    return path


def child_of(sidecar: int, task: bytes) -> int | None:
    """A process with that task, once it has loaded llama.cpp."""
    for thread in Path(f"/proc/{sidecar}/task").iterdir():
        for child in (thread / "children").read_text().split():
            try:
                words = Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0")
                has_libraries = "libllama" in Path(f"/proc/{child}/maps").read_text()
            except OSError:
                continue
            if task in words and has_libraries:
                return int(child)
    return None


@contextmanager
def stopped(client: SidecarClient, task: bytes) -> Iterator[int]:
    """Stop the process with that task in the middle; a handle that is readable once the process is gone."""
    deadline = time.monotonic() + LIMIT_S
    while (child := child_of(client.process.pid, task)) is None:
        assert time.monotonic() < deadline, f"there is no process for {task!r}"
        time.sleep(0.001)  # only a look into /proc tells
    os.kill(child, signal.SIGSTOP)
    handle = os.pidfd_open(child)
    try:
        yield handle
    finally:
        os.close(handle)


def is_gone(handle: int, seconds: float) -> bool:
    return bool(select.select([handle], [], [], seconds)[0])


def by_end_of_stdin(client: SidecarClient) -> None:
    client.close_stdin()


def by_sigterm(client: SidecarClient) -> None:
    client.process.terminate()


def by_sigkill(client: SidecarClient) -> None:
    client.process.kill()


each_end = pytest.mark.parametrize("end", [by_end_of_stdin, by_sigterm, by_sigkill], ids=lambda end: end.__name__)
End = Callable[[SidecarClient], None]


def check_that_nothing_is_left(client: SidecarClient, child: int, end: End) -> None:
    end(client)
    assert client.wait_for_exit(LIMIT_S) == (-signal.SIGKILL if end is by_sigkill else 0)
    assert is_gone(child, LIMIT_S), "a process was left behind"


@each_end
def test_a_trial_that_hangs_ends_with_the_sidecar(ready: SidecarClient, slow_to_open: Path, end: End) -> None:
    ready.send("model/load", {"path": str(slow_to_open)})
    with stopped(ready, b"open") as trial:
        check_that_nothing_is_left(ready, trial, end)


@each_end
def test_a_proof_that_hangs_ends_with_the_sidecar(start: Callable[[], SidecarClient], tmp_path: Path, end: End) -> None:
    client = start()
    client.initialize(cache={"folder": str(tmp_path / "cold")})
    with stopped(client, b"prove") as proof:
        check_that_nothing_is_left(client, proof, end)


def test_while_a_trial_hangs_the_driver_is_answered_and_sees_signs_of_life(
    ready: SidecarClient, slow_to_open: Path
) -> None:
    load = ready.send("model/load", {"path": str(slow_to_open)})
    with stopped(ready, b"open") as trial:
        assert not is_gone(trial, 0)
        answer = ready.request("ping")
        assert answer.answered_at - answer.sent_at < 1.0
        assert ready.request("status").result["state"] == "loading"
        ready.wait_for("model/progress", load, LIMIT_S)
