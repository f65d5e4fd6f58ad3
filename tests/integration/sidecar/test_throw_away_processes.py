"""A process that opens a model for trial never outlives the sidecar, and never keeps it from answering."""

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


def trial_of(sidecar: int) -> int | None:
    """The process that opens a model for trial, once it has loaded llama.cpp."""
    for thread in Path(f"/proc/{sidecar}/task").iterdir():
        for child in (thread / "children").read_text().split():
            try:
                words = Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0")
                has_libraries = "libllama" in Path(f"/proc/{child}/maps").read_text()
            except OSError:
                continue
            if b"open" in words and has_libraries:
                return int(child)
    return None


@contextmanager
def stopped_trial(client: SidecarClient, model: Path) -> Iterator[int]:
    """Load `model` and stop its trial in the middle; a handle that is readable once that process is gone."""
    client.send("model/load", {"path": str(model)})
    deadline = time.monotonic() + LIMIT_S
    while (trial := trial_of(client.process.pid)) is None:
        assert time.monotonic() < deadline, "no process opens the model for trial"
        time.sleep(0.001)  # only a look into /proc tells
    os.kill(trial, signal.SIGSTOP)
    handle = os.pidfd_open(trial)
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


@pytest.mark.parametrize("end", [by_end_of_stdin, by_sigterm, by_sigkill], ids=lambda end: end.__name__)
def test_a_trial_that_hangs_ends_with_the_sidecar(
    ready: SidecarClient, slow_to_open: Path, end: Callable[[SidecarClient], None]
) -> None:
    with stopped_trial(ready, slow_to_open) as trial:
        end(ready)
        assert ready.wait_for_exit(LIMIT_S) == (-signal.SIGKILL if end is by_sigkill else 0)
        assert is_gone(trial, LIMIT_S), "a process was left behind"


def test_while_a_trial_hangs_the_driver_is_answered_and_sees_signs_of_life(
    ready: SidecarClient, slow_to_open: Path
) -> None:
    with stopped_trial(ready, slow_to_open) as trial:
        assert not is_gone(trial, 0)
        answer = ready.request("ping")
        assert answer.answered_at - answer.sent_at < 1.0
        assert ready.request("status").result["state"] == "loading"
        ready.wait_for("model/progress", 2, LIMIT_S)
