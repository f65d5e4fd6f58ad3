"""A driver that closes its end of stdout in the middle of a reply ends the sidecar."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

LIMIT_S = 30.0


def request(id: int, method: str, params: dict[str, Any]) -> bytes:
    return json.dumps({"jsonrpc": "2.0", "id": id, "method": method, "params": params}).encode() + b"\n"


def test_a_stdout_that_closes_in_the_middle_of_a_reply_ends_it_with_exit_code_0(
    sidecar_command: tuple[str, ...], warm_cache: Path, slow_model: Path
) -> None:
    env = {**os.environ, "XDG_CACHE_HOME": str(warm_cache)}
    with subprocess.Popen(
        sidecar_command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=env
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(
            request(1, "initialize", {"protocolVersion": 1, "client": {"name": "test", "version": "1"}})
            + request(2, "model/load", {"path": str(slow_model), "threads": 1})
            + request(3, "generate", {"prompt": "Once", "maxTokens": 8000})
        )
        process.stdin.flush()
        while json.loads(process.stdout.readline()).get("method") != "generate/delta":
            pass
        process.stdout.close()
        assert process.wait(LIMIT_S) == 0
