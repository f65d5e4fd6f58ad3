"""Writing without blocking: to the driver, to the log, and as signs of life."""

import fcntl
import os
import re
import threading
from collections.abc import Iterator
from typing import NamedTuple

import pytest

from localai_sidecar.log import Log
from localai_sidecar.protocol.progress import LONGEST_SILENCE_S, Heartbeat
from localai_sidecar.protocol.stdio import Outbox

LIMIT_S = 10.0


class Pipe(NamedTuple):
    read: int
    write: int


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    read, write = os.pipe()
    fcntl.fcntl(write, fcntl.F_SETPIPE_SZ, 8192)
    yield Pipe(read, write)
    for fd in (read, write):
        try:
            os.close(fd)
        except OSError:
            continue


def read_all(pipe: Pipe, length: int) -> bytes:
    data = b""
    while len(data) < length:
        data += os.read(pipe.read, 65536)
    return data


def test_posting_never_blocks_and_keeps_the_order(pipe: Pipe) -> None:
    outbox = Outbox(pipe.write, lambda: None)
    lines = [b"%d" % number * 100 + b"\n" for number in range(200)]
    for line in lines:
        outbox.post(line)
    assert outbox.backlog > 0
    reader = threading.Thread(target=outbox.drain, args=(LIMIT_S,))
    reader.start()
    assert read_all(pipe, sum(map(len, lines))) == b"".join(lines)
    reader.join(LIMIT_S)
    assert outbox.backlog == 0


def test_sending_waits_until_the_driver_has_taken_it(pipe: Pipe) -> None:
    outbox = Outbox(pipe.write, lambda: None)
    big = b"x" * 50_000 + b"\n"
    sender = threading.Thread(target=outbox.send, args=(big,), daemon=True)
    sender.start()
    assert read_all(pipe, len(big)) == big
    sender.join(LIMIT_S)
    assert not sender.is_alive()


def test_posting_goes_on_while_another_thread_waits(pipe: Pipe) -> None:
    outbox = Outbox(pipe.write, lambda: None)
    big = b"x" * 50_000 + b"\n"
    sender = threading.Thread(target=outbox.send, args=(big,), daemon=True)
    sender.start()
    os.read(pipe.read, 1)  # the sender has begun, and waits for room
    for _ in range(100):
        outbox.post(b"ping\n")
    assert read_all(pipe, len(big) - 1 + 500) == big[1:] + b"ping\n" * 100
    sender.join(LIMIT_S)


def test_a_closed_stdout_is_told_once_written_to_and_then_swallows_everything(pipe: Pipe) -> None:
    told = threading.Event()
    outbox = Outbox(pipe.write, told.set)
    os.close(pipe.read)
    outbox.send(b"x\n")
    assert told.is_set()
    assert outbox.closed
    outbox.send(b"y" * 100_000)
    assert outbox.backlog == 0


def test_a_full_log_drops_records_and_counts_them(pipe: Pipe) -> None:
    log = Log(pipe.write)
    for number in range(500):
        log.info(f"record {number} {'x' * 50}")
    assert b"record 0 " in os.read(pipe.read, 65536)
    log.warning("room again")
    text = os.read(pipe.read, 65536).decode()
    lost, again = text.splitlines()
    assert re.match(r"WARNING \S+Z [0-9]+ log records were lost", lost)
    assert again.endswith("room again")


def test_a_record_is_one_line(pipe: Pipe) -> None:
    Log(pipe.write).error("first\nsecond")
    raw = os.read(pipe.read, 65536)
    assert re.fullmatch(rb"ERROR \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ first\\nsecond\n", raw)


def test_a_heartbeat_is_silent_until_there_is_news_and_after_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    sent: list[dict[str, int]] = []
    heartbeat = Heartbeat(sent.append)
    now[0] += LONGEST_SILENCE_S
    heartbeat.tick()
    assert sent == []
    heartbeat.update({"done": 1})
    heartbeat.update({"done": 2})
    assert sent == [{"done": 1}], "news that come fast are not all told"
    now[0] += LONGEST_SILENCE_S
    heartbeat.tick()
    assert sent[-1] == {"done": 2}
    heartbeat.stop({"done": 3})
    now[0] += LONGEST_SILENCE_S
    heartbeat.tick()
    heartbeat.stop({"done": 4})
    assert sent[-1] == {"done": 3}
