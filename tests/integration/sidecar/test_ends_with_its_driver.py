"""Whatever the sidecar is doing, it ends when its driver does, and leaves nothing behind."""

import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from sidecarkit.sidecar_client import SidecarClient

# The protocol promises one second.
END_LIMIT_S = 10.0
LONG_PROMPT = "Once upon a time there was a little girl. " * 400


def load_until_it_runs(client: SidecarClient, model: Path) -> None:
    client.send("model/load", {"path": str(model)})
    assert client.request("status").result["state"] == "loading"


def prefill_until_it_runs(client: SidecarClient, model: Path) -> None:
    client.request("model/load", {"path": str(model), "threads": 1})
    request = client.send("generate", {"prompt": LONG_PROMPT})
    client.wait_for("generate/progress", request, 30)


def decode_until_it_runs(client: SidecarClient, model: Path) -> None:
    client.request("model/load", {"path": str(model), "threads": 1})
    request = client.send("generate", {"prompt": "Once", "maxTokens": 8000})
    client.wait_for("generate/delta", request, 30)


def stay_idle(client: SidecarClient, model: Path) -> None:  # noqa: ARG001  (the states are called alike)
    client.request("ping")


STATES = (stay_idle, load_until_it_runs, prefill_until_it_runs, decode_until_it_runs)
into_each_state = pytest.mark.parametrize("enter", STATES, ids=lambda state: state.__name__)
State = Callable[[SidecarClient, Path], None]


@into_each_state
def test_end_of_stdin_ends_it_with_exit_code_0(ready: SidecarClient, slow_model: Path, enter: State) -> None:
    enter(ready, slow_model)
    ready.close_stdin()
    assert ready.wait_for_exit(END_LIMIT_S) == 0


@into_each_state
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_to_end_is_obeyed_with_exit_code_0(
    ready: SidecarClient, slow_model: Path, enter: State, number: signal.Signals
) -> None:
    enter(ready, slow_model)
    ready.process.send_signal(number)
    assert ready.wait_for_exit(END_LIMIT_S) == 0


@into_each_state
def test_shutdown_is_answered_and_ends_it_with_exit_code_0(
    ready: SidecarClient, slow_model: Path, enter: State
) -> None:
    enter(ready, slow_model)
    assert ready.request("shutdown").result is None
    assert ready.wait_for_exit(END_LIMIT_S) == 0


def test_end_of_stdin_before_initialize_ends_it(sidecar_command: tuple[str, ...]) -> None:
    done = subprocess.run(sidecar_command, input=b"", capture_output=True, timeout=END_LIMIT_S, check=False)
    assert (done.returncode, done.stdout) == (0, b"")


def test_a_closed_stdout_is_noticed_while_idle(sidecar_command: tuple[str, ...]) -> None:
    read_end, write_end = os.pipe()
    process = subprocess.Popen(sidecar_command, stdin=subprocess.PIPE, stdout=write_end, stderr=subprocess.DEVNULL)
    os.close(write_end)
    assert process.stdin is not None
    with process.stdin:
        os.close(read_end)
        assert process.wait(END_LIMIT_S) == 0


def test_a_driver_that_asks_and_never_reads_still_ends_it(sidecar_command: tuple[str, ...]) -> None:
    ping = b'{"jsonrpc":"2.0","id":1,"method":"ping"}\n'
    with subprocess.Popen(
        sidecar_command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        assert process.stdin is not None
        # More answers than a pipe of 64 KiB holds, and the sidecar goes on reading meanwhile.
        process.stdin.write(ping * 5000)
        process.stdin.close()
        assert process.wait(END_LIMIT_S) == 0


PARENT = """
import os, subprocess, sys
process = subprocess.Popen(sys.argv[2:], stdin=int(sys.argv[1]), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
process.stdout.readline()  # the answer to ping: it is up and has armed itself
print(process.pid, flush=True)
sys.stdin.read()
"""


def test_it_dies_with_its_parent_even_if_someone_else_holds_its_stdin_open(sidecar_command: tuple[str, ...]) -> None:
    read_end, write_end = os.pipe()
    os.write(write_end, b'{"jsonrpc":"2.0","id":1,"method":"ping"}\n')
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(read_end), *sidecar_command],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        pass_fds=[read_end],
    )
    with parent:
        assert parent.stdout is not None
        sidecar = int(parent.stdout.readline())
        watch = os.pidfd_open(sidecar)
        parent.kill()
    assert ended(watch, END_LIMIT_S), "the sidecar outlived its parent"
    for fd in (read_end, write_end, watch):
        os.close(fd)


def ended(pidfd: int, seconds: float) -> bool:
    """Whether the process behind `pidfd` ends in time."""
    return bool(select.select([pidfd], [], [], seconds)[0])


def test_no_process_or_file_is_left(start: Callable[..., SidecarClient], slow_model: Path, tmp_path: Path) -> None:
    client = start(env={"TMPDIR": str(tmp_path)})
    client.initialize()
    decode_until_it_runs(client, slow_model)
    children = Path(f"/proc/{client.process.pid}/task/{client.process.pid}/children").read_text()
    client.close_stdin()
    client.wait_for_exit(END_LIMIT_S)
    assert children == "", "it is one process"
    assert list(tmp_path.iterdir()) == []
