"""The other side of `child.Child`: answers questions of one kind until stdin ends."""

import json
import os
import select
from collections.abc import Callable
from typing import Any

from localai_sidecar.errors import EXIT_ASKED
from localai_sidecar.log import Log
from localai_sidecar.protocol.lines import LineSplitter
from localai_sidecar.protocol.stdio import Channel

Answerer = Callable[[dict[str, Any]], dict[str, Any]]

_CHUNK = 65_536
_LONGEST_QUESTION = 1 << 25


def run(words: list[str], channel: Channel, log: Log) -> int:
    """Answer until stdin ends; `words` are the task's name and the limit of its address space in bytes (0: none)."""
    task, memory_bytes = words
    _leave_if_orphaned(channel.input)
    _limit(int(memory_bytes))
    answer = TASKS[task](log)
    # Here only one thread writes, and whoever asked reads.
    os.set_blocking(channel.output, True)
    lines = LineSplitter(_LONGEST_QUESTION)
    while chunk := os.read(channel.input, _CHUNK):
        for line in lines.feed(chunk):
            _write(channel.output, json.dumps(answer(json.loads(line or b"{}"))).encode() + b"\n")
    return 0


def _leave_if_orphaned(fd: int) -> None:
    """The parent may have ended before this process could ask who it was; what it asked is nobody's question then.

    Whoever dies from here on takes this process along: that was arranged before.
    """
    poll = select.poll()
    poll.register(fd, 0)
    if poll.poll(0):
        os._exit(EXIT_ASKED)


def _limit(memory_bytes: int) -> None:
    import resource

    if memory_bytes:
        inherited = resource.getrlimit(resource.RLIMIT_AS)[1]
        limit = memory_bytes if inherited == resource.RLIM_INFINITY else min(memory_bytes, inherited)
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    # A crash is expected here, and nobody reads its core.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _write(fd: int, data: bytes) -> None:
    while data:
        data = data[os.write(fd, data) :]


def _open(log: Log) -> Answerer:
    from localai_sidecar.llama.openside import opener

    return opener(log)


def _prove(log: Log) -> Answerer:
    from localai_sidecar.llama.proofside import prover

    return prover(log)


def _look(_: Log) -> Answerer:
    from localai_sidecar.llama.lookside import looker

    return looker()


def _template(_: Log) -> Answerer:
    from localai_sidecar.chat.templateside import limited, renderer

    return limited(renderer())


TASKS: dict[str, Callable[[Log], Answerer]] = {
    "template": _template, "open": _open, "prove": _prove, "look": _look,
}  # fmt: skip
