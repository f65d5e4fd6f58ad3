"""SIGKILL at any moment leaves nothing behind but whole entries of the cache, which the next start uses."""

from __future__ import annotations

import json
import random
import subprocess
from collections.abc import Callable
from pathlib import Path

from sidecarkit.sidecar_client import SidecarClient

LIMIT_S = 60.0
LONGEST_LIFE_S = 0.6
LIVES = 6
Start = Callable[..., SidecarClient]


def keep_busy(client: SidecarClient, cache: Path, model: Path) -> None:
    """Requests that prove, open, load, generate, and keep; nobody waits for them."""
    client.send(
        "initialize", {"protocolVersion": 1, "client": {"name": "t", "version": "1"}, "cache": {"folder": str(cache)}}
    )
    client.send("model/load", {"path": str(model), "threads": 1})
    for conversation in "abcabc":
        client.send("generate", {"prompt": "Once upon a time", "conversation": conversation, "maxTokens": 60})


def test_a_kill_leaves_only_whole_entries(start: Start, tmp_path: Path, tiny_model: Path) -> None:
    cache = tmp_path / "cache"
    dice = random.Random(11)
    for _ in range(LIVES):
        client = start(env={"TMPDIR": str(tmp_path)})
        keep_busy(client, cache, tiny_model)
        try:
            client.process.wait(dice.uniform(0, LONGEST_LIFE_S))
        except subprocess.TimeoutExpired:
            client.process.kill()
        client.wait_for_exit(LIMIT_S)
    assert [path.name for path in tmp_path.iterdir()] in ([], ["cache"])
    client = start()
    client.initialize(cache={"folder": str(cache)})
    client.request("model/load", {"path": str(tiny_model), "threads": 1})
    ask = {"prompt": "Once upon a time", "conversation": "a", "temperature": 0, "maxTokens": 20}
    assert client.request("generate", ask).result["completionTokens"] == 20
    files = [path for path in cache.rglob("*") if path.is_file()]
    assert files
    assert not [path.name for path in files if path.name.startswith(".")]
    for path in cache.glob("known/*.json"):
        assert isinstance(json.loads(path.read_text()), dict)
