"""Without a place to keep things in, the engine works and keeps nothing."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from sidecarkit.sidecar_client import SidecarClient

LIMIT_S = 30.0
Start = Callable[..., SidecarClient]
NOWHERE = "/proc/localai-sidecar"  # not even root can write there
MOUNT_AND_RUN = 'mount -t tmpfs -o size=48k none "$1" && shift && exec "$@"'


def talk(client: SidecarClient, model: Path) -> list[str]:
    """Three replies in two conversations, so that one gives way to the other, and an end in order."""
    client.request("model/load", {"path": str(model), "threads": 1})
    replies = []
    for conversation in ("a", "b", "a"):
        ask = {"prompt": "Once upon a time", "conversation": conversation, "temperature": 0, "maxTokens": 30}
        replies.append(client.request("generate", ask).text)
    assert client.request("shutdown").result is None
    return replies


def test_an_unwritable_cache_keeps_nothing_and_stops_nothing(start: Start, tiny_model: Path) -> None:
    client = start()
    client.initialize(cache={"folder": NOWHERE})
    replies = talk(client, tiny_model)
    assert replies[0]
    assert replies[1] == replies[0]
    assert client.wait_for_exit(LIMIT_S) == 0


def test_without_a_home_the_folder_layout_works(sidecar_command: tuple[str, ...], tiny_model: Path) -> None:
    env = {**os.environ, "HOME": NOWHERE, "XDG_CACHE_HOME": ""}
    if "-m" in sidecar_command or (Path(sidecar_command[0]).parent / "build.json").exists():
        with SidecarClient(sidecar_command, env=env) as client:
            client.initialize()
            assert talk(client, tiny_model)[0]
            assert client.wait_for_exit(LIMIT_S) == 0
    else:  # the single file has nowhere to unpack to, and says what to do
        done = subprocess.run(
            [*sidecar_command, "--version"], env=env, capture_output=True, timeout=LIMIT_S, check=False
        )
        assert done.returncode == 69
        assert b"XDG_CACHE_HOME" in done.stderr


@pytest.fixture
def small_disk(tmp_path: Path) -> Path:
    folder = tmp_path / "disk"
    folder.mkdir()
    try:
        subprocess.run(["unshare", "-rm", "sh", "-c", MOUNT_AND_RUN, "sh", folder, "true"], check=True, timeout=LIMIT_S)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"this machine lets nobody mount a small disk: {error}")
    return folder


def test_a_full_disk_costs_what_is_kept_and_never_an_answer(
    sidecar_command: tuple[str, ...], warm_cache: Path, tiny_model: Path, small_disk: Path
) -> None:
    command = ["unshare", "-rm", "sh", "-c", MOUNT_AND_RUN, "sh", str(small_disk), *sidecar_command]
    with SidecarClient(command, env={**os.environ, "XDG_CACHE_HOME": str(warm_cache)}) as client:
        client.initialize(cache={"folder": str(small_disk / "cache")})
        seen_from_inside = Path(f"/proc/{client.process.pid}/root{small_disk}")
        (seen_from_inside / "filler").write_bytes(bytes(40_000))
        replies = talk(client, tiny_model)
        assert replies[0]
        assert replies[1] == replies[0]
        assert client.wait_for_exit(LIMIT_S) == 0
