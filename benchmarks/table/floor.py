"""What the machine itself costs: starting a trivial process, and the way of a line that no engine stands behind."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path

from benchmarks.table.lines import Lines
from sidecarkit.tools import zig

_SOURCE = Path(__file__).with_name("bare_writer.c")
_LIMIT_S = 60.0


def start_ms() -> float:
    """Milliseconds to start any process, write a line to it and read one."""
    cat = shutil.which("cat")
    assert cat is not None, "there is no `cat`"
    started = time.perf_counter()
    with subprocess.Popen([cat], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(b"{}\n")
        process.stdout.readline()
        elapsed = time.perf_counter() - started
        process.stdin.close()
    return elapsed * 1000


def bare_writer(folder: Path, zig_target: str) -> Path:
    """The program that writes when it looked at the clock, compiled into `folder`."""
    program = folder / "bare-writer"
    subprocess.run(
        [zig.binary(), "cc", *zig.compile_flags(zig_target), "-O2", "-s", "-Wall", "-Werror", _SOURCE, "-o", program],
        check=True, env=os.environ | {"ZIG_GLOBAL_CACHE_DIR": str(zig.shared_cache())}, timeout=_LIMIT_S,
    )  # fmt: skip
    return program


def transport_ms(program: Path, count: int, sleep_s: float) -> list[float]:
    """Milliseconds from the writer's look at the clock to the line at this driver, `count` times."""
    words = [str(program), str(count), str(round(sleep_s * 1e6))]
    delays: list[float] = []
    with subprocess.Popen(words, stdout=subprocess.PIPE, bufsize=0) as process:
        assert process.stdout is not None
        lines = Lines(process.stdout)
        while len(delays) < count:
            delays += [(at - int(line) / 1e9) * 1000 for at, line in lines.read(_LIMIT_S)]
    return delays
