"""The process trusts nothing around it: not its environment, its working folder, nor who reads its output."""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from sidecarkit.sidecar_client import ErrorAnswer, SidecarClient

LIMIT_S = 30.0
Start = Callable[..., SidecarClient]


def mapped_files(client: SidecarClient) -> set[str]:
    maps = Path(f"/proc/{client.process.pid}/maps").read_text().splitlines()
    return {line.split(maxsplit=5)[5] for line in maps if len(line.split(maxsplit=5)) == 6}


@pytest.fixture
def planted(tmp_path: Path) -> Path:
    """A folder with files by the names of llama.cpp's libraries, which no loader could load."""
    for name in ("libllama.so", "libggml.so", "libggml-base.so", "libggml-base.so.0", "libggml.so.0", "libggml-cpu.so"):
        (tmp_path / name).write_bytes(b"\x7fELF planted")
    return tmp_path


def test_planted_libraries_and_a_hostile_environment_change_nothing(
    start: Start, planted: Path, tiny_model: Path
) -> None:
    client = start(
        cwd=planted,
        env={
            "LD_LIBRARY_PATH": str(planted),
            "GGML_BACKEND_PATH": str(planted / "libggml-cpu.so"),
            "LLAMA_CPP_LIB_PATH": str(planted),
            "LLAMA_CPP_LIB": str(planted / "libllama.so"),
        },
    )
    assert client.initialize().result["backends"][0]["state"] == "ready"
    client.request("model/load", {"path": str(tiny_model)})
    assert client.request("generate", {"prompt": "Once", "maxTokens": 3}).result["completionTokens"] == 3
    assert not [name for name in mapped_files(client) if name.startswith(str(planted))]


def test_it_has_no_socket(engine: SidecarClient) -> None:
    engine.request("generate", {"prompt": "Once", "maxTokens": 3})
    folder = Path(f"/proc/{engine.process.pid}/fd")
    kinds = [str(entry.readlink()) for entry in folder.iterdir()]
    assert kinds
    assert not [kind for kind in kinds if kind.startswith("socket:")]


def test_its_backend_says_which_library_was_chosen(ready: SidecarClient) -> None:
    backend = ready.request("status").result["backends"][0]
    assert backend["library"].startswith("libggml-cpu-")
    (device,) = backend["devices"]
    assert device["kind"] == "cpu"
    assert 0 < device["memoryFree"] <= device["memoryTotal"]


def test_a_stderr_that_nobody_reads_never_blocks_an_answer(sidecar_command: tuple[str, ...], tiny_model: Path) -> None:
    load = {"jsonrpc": "2.0", "method": "model/load", "params": {"path": "/etc/passwd"}}
    with subprocess.Popen(
        sidecar_command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        fill(process.stderr)
        initialize = {"protocolVersion": 1, "client": {"name": "test", "version": "1"}}
        lines = [{"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": initialize}]
        lines += [{**load, "id": 2}, {**load, "id": 3, "params": {"path": str(tiny_model)}}]
        for line in lines:
            process.stdin.write(json.dumps(line).encode() + b"\n")
            process.stdin.flush()
            while "method" in (answer := json.loads(process.stdout.readline())):
                pass
            assert answer["id"] == line["id"]
        process.stdin.close()
        assert process.wait(LIMIT_S) == 0


def fill(pipe: object) -> None:
    """Leave no room in a pipe, by its reading end."""
    fd = os.open(f"/proc/self/fd/{pipe.fileno()}", os.O_WRONLY | os.O_NONBLOCK)  # type: ignore[attr-defined]
    try:
        while True:
            os.write(fd, b"x" * 4096)
    except BlockingIOError:
        os.close(fd)


def test_no_prompt_and_no_answer_is_logged(engine: SidecarClient) -> None:
    answer = engine.request("generate", {"prompt": "Once upon a secret", "temperature": 0, "maxTokens": 30})
    with pytest.raises(ErrorAnswer):
        engine.request("generate", {"prompt": "another secret", "topK": -1})
    log = "\n".join(engine.stderr_tail())
    assert "secret" not in log
    assert answer.text[:12] not in log


def test_closed_standard_descriptors_end_it_or_do_no_harm(sidecar_command: tuple[str, ...]) -> None:
    shell = 'exec "$@" <&-'
    done = subprocess.run(
        ["/bin/sh", "-c", shell, "sh", *sidecar_command], capture_output=True, timeout=LIMIT_S, check=False
    )
    assert done.returncode == 0
    done = subprocess.run(
        ["/bin/sh", "-c", 'exec "$@" 2>&-', "sh", *sidecar_command, "--version"],
        capture_output=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert done.stdout.startswith(b"localai-sidecar ")


def test_a_line_of_every_wrong_kind_is_answered_and_the_next_is_read(ready: SidecarClient) -> None:
    wrong = [b"{", b"[]", b"\xff\xfe", b"1", b'{"jsonrpc":"2.0","id":1.5,"method":"ping"}', b"[" * 100_000]
    for line in wrong:
        ready.send_raw(line + b"\n")
        error = ready.next_line(LIMIT_S).message()
        assert error["error"]["code"] in (-32700, -32600)
        assert error["id"] is None
    assert ready.request("ping").result == {}


def test_the_longest_line_is_read_and_a_longer_one_refused(ready: SidecarClient) -> None:
    def line(length: int) -> bytes:
        head = b'{"jsonrpc":"2.0","id":"x","method":"ping","params":{"pad":"'
        return head + b"p" * (length - len(head) - 3) + b'"}}\n'

    ready.send_raw(line(1_048_576))
    assert ready.next_line(LIMIT_S).message()["result"] == {}
    ready.send_raw(line(1_048_577))
    refusal = ready.next_line(LIMIT_S).message()
    assert (refusal["id"], refusal["error"]["code"]) == (None, -32600)
    assert ready.request("ping").result == {}
