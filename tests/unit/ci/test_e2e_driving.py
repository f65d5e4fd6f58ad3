"""The end-to-end tests' own tools: processes told apart by what /proc says, and waiting that ends."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import uuid
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from driving import processes
from driving.waiting import until
from driving.webdriver import Browser, WebDriverError, ready


@pytest.fixture
def mark() -> str:
    return f"LOCALAIAPP_RUN={uuid.uuid4()}"


@pytest.fixture
def child(mark: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process that carries the mark and ends when its stdin does."""
    name, _, value = mark.partition("=")
    command = [sys.executable, "-c", "import sys; print('up', flush=True); sys.stdin.read()"]
    with subprocess.Popen(
        command, env=os.environ | {name: value}, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"up\n"
        yield process
        process.kill()


def test_a_run_is_found_by_the_mark_in_its_environment(mark: str, child: subprocess.Popen[bytes]) -> None:
    (found,) = processes.with_environment(mark)
    assert found.pid == child.pid
    assert found.program == str(Path(sys.executable).resolve())
    assert found in processes.of_program(Path(sys.executable).resolve())


def test_a_zombie_counts_as_gone(mark: str, child: subprocess.Popen[bytes]) -> None:
    family = processes.with_environment(mark)
    (process,) = family
    process.kill()
    # Nobody has waited for it: it stays in the table as a zombie until the fixture ends.
    until("the killed child is gone", lambda: not processes.still_alive(family), timeout_s=10)
    assert Path(f"/proc/{child.pid}").exists()
    assert processes.with_environment(mark) == set()


def test_a_later_process_with_the_same_pid_is_another_one(child: subprocess.Popen[bytes]) -> None:
    (found,) = [each for each in processes.all_running() if each.pid == child.pid]
    earlier = processes.Process(found.pid, found.started - 1, found.program)
    assert found.alive()
    assert not earlier.alive()


def test_waiting_ends_with_what_was_awaited_and_seen_last() -> None:
    with pytest.raises(AssertionError, match=r"waited 0\.1 s for this: an answer; last seen: \[\]"):
        until("an answer", list[str], timeout_s=0.1)
    looks = iter([None, "", "there"])
    assert until("the third look", lambda: next(looks), timeout_s=10) == "there"


class Driver(BaseHTTPRequestHandler):
    """Answers like a WebDriver whose page throws on every script."""

    def do_GET(self) -> None:
        self._give(200, {"ready": True})

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/session":
            self._give(200, {"sessionId": "one"})
        else:
            self._give(500, {"error": "javascript error", "message": "no such thing"})

    def log_message(self, format: str, *args: object) -> None:
        pass

    def _give(self, status: int, value: object) -> None:
        body = json.dumps({"value": value}).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def address() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Driver) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_command_the_driver_fails_is_raised_with_the_drivers_words(address: str) -> None:
    assert ready(address)
    browser = Browser(address, Path("/usr/bin/app"), [])
    with pytest.raises(WebDriverError, match=r"javascript error.*no such thing"):
        browser.run("return nothing()")


def test_a_driver_that_is_not_there_is_not_ready() -> None:
    assert not ready("http://127.0.0.1:9")
