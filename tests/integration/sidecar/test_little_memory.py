"""A process with too little memory says so, lives, and loads the model when there is more."""

from __future__ import annotations

import resource
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from localai_sidecar.gguf.header import check_header
from localai_sidecar.serving.loading import context_bytes_per_token
from sidecarkit.sidecar_client import ErrorAnswer, SidecarClient

MIB = 1 << 20


@contextmanager
def limited(client: SidecarClient, more_bytes: int) -> Iterator[None]:
    """Leave the process room for `more_bytes` more than it has."""
    pid = client.process.pid
    before = resource.prlimit(pid, resource.RLIMIT_AS)
    has = int(Path(f"/proc/{pid}/statm").read_text().split()[0]) * resource.getpagesize()
    resource.prlimit(pid, resource.RLIMIT_AS, (has + more_bytes, before[1]))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_AS, before)


def outcome(client: SidecarClient, model: Path, room: int) -> str:
    """What became of loading the model and writing a word with it."""
    with limited(client, room * MIB):
        try:
            client.request("model/load", {"path": str(model), "threads": 2})
            client.request("generate", {"prompt": "Once", "maxTokens": 2})
        except ErrorAnswer as error:
            return str(error.data["kind"])
    client.request("model/unload")
    return "loaded"


@pytest.mark.parametrize(
    ("name", "rooms"),
    [("tiny_model", range(0, 300, 50)), ("slow_model", (0, 100, 180, 260, 400, 1000))],
    ids=["tiny", "slow"],
)
def test_out_of_memory_is_an_error_and_the_process_lives(
    ready: SidecarClient, request: pytest.FixtureRequest, name: str, rooms: tuple[int, ...]
) -> None:
    model: Path = request.getfixturevalue(name)
    outcomes = {outcome(ready, model, room) for room in rooms}
    assert outcomes == {"loaded", "out_of_memory"}
    assert ready.request("model/load", {"path": str(model), "contextLength": 64}).result["model"]


def test_a_longer_context_takes_the_memory_that_was_reckoned_for_it(
    start: Callable[[], SidecarClient], tiny_model: Path, tmp_path: Path
) -> None:
    key = b"llama.context_length" + struct.pack("<I", 4)
    raw = tiny_model.read_bytes()
    at = raw.index(key) + len(key)
    path = tmp_path / "long.gguf"
    path.write_bytes(raw[:at] + struct.pack("<I", 2**18) + raw[at + 4 :])

    def address_space_with(context_length: int) -> int:
        client = start()
        client.initialize()
        client.request("model/load", {"path": str(path), "contextLength": context_length, "threads": 1})
        return int(Path(f"/proc/{client.process.pid}/statm").read_text().split()[0]) * resource.getpagesize()

    short, long = 2**14, 2**17
    grown = address_space_with(long) - address_space_with(short)
    reckoned = (long - short) * context_bytes_per_token(check_header(bytes(path)))
    assert 0.9 < grown / reckoned < 1.1
