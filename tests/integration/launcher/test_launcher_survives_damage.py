"""A cache that was cut, edited, half written, locked or closed: the launcher mends it, or says what to do."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from .conftest import LIMIT_S, SingleFile, link

EXIT_LIBRARIES = 69
# An engine large enough that its unpacking can be interrupted.
LARGE_BYTES = 200_000_000


def cut(folder: Path) -> None:
    os.truncate(folder / "llama" / "libllama.so", 10)


def edit(folder: Path) -> None:
    with (folder / "llama" / "libllama.so").open("r+b") as file:
        file.write(b"planted")


def remove(folder: Path) -> None:
    (folder / "build.json").unlink()


def forbid(folder: Path) -> None:
    (folder / "localai-sidecar").chmod(0o600)


def link_elsewhere(folder: Path) -> None:
    (folder / "localai-sidecar").unlink()
    (folder / "localai-sidecar").symlink_to("/bin/false")


def replace_by_a_file(folder: Path) -> None:
    folder.rename(folder.with_name("moved"))
    folder.write_text("not a folder")


@pytest.mark.parametrize("damage", [cut, edit, remove, forbid, link_elsewhere, replace_by_a_file])
def test_a_damaged_cache_is_noticed_and_unpacked_again(
    single_file: SingleFile, engine_folder: Path, damage: Callable[[Path], None]
) -> None:
    single_file.run()
    damage(single_file.unpacked)
    code, output, log = single_file.run("mended")
    assert (code, output.splitlines()[-1:], log) == (0, ["argument mended"], "")
    for original in engine_folder.rglob("*"):
        if original.is_file():
            unpacked = single_file.unpacked / original.relative_to(engine_folder)
            assert unpacked.read_bytes() == original.read_bytes()


def test_a_start_killed_while_unpacking_leaves_nothing_the_next_one_trips_over(
    single_file: SingleFile, engine_folder: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "large"
    (tmp_path / "out").mkdir()
    subprocess.run(["cp", "-r", engine_folder, folder], check=True, timeout=LIMIT_S)
    with (folder / "zz-large").open("wb") as file:
        file.truncate(LARGE_BYTES)
    path = tmp_path / "out" / "single"
    large = SingleFile(path, link(folder, path), single_file.cache)
    half = large.cache / "localai-sidecar" / f".new-{large.payload_hash}"

    with large.start() as process:
        deadline = time.monotonic() + LIMIT_S
        while not (half / "llama").exists():
            assert time.monotonic() < deadline
            assert process.poll() is None
        process.kill()
        process.wait(timeout=LIMIT_S)
    assert half.is_dir()
    assert not large.unpacked.exists()

    assert large.run()[0] == 0
    assert (large.unpacked / "zz-large").stat().st_size == LARGE_BYTES
    assert not half.exists()


def test_a_cache_that_cannot_be_written_ends_with_69_and_a_hint(single_file: SingleFile, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    code, output, log = single_file.run(XDG_CACHE_HOME=str(tmp_path / "file" / "cache"))
    assert (code, output) == (EXIT_LIBRARIES, "")
    assert re.fullmatch(r"ERROR \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ .*Not a directory; hint: set XDG_CACHE_HOME .*\n", log)


def test_a_path_too_long_for_the_system_ends_with_69(single_file: SingleFile) -> None:
    code, output, log = single_file.run(XDG_CACHE_HOME="/" + "a" * 5000)
    assert (code, output) == (EXIT_LIBRARIES, "")
    assert "File name too long; hint: set XDG_CACHE_HOME" in log


def test_a_disk_without_room_ends_with_69_and_the_next_start_mends_it(single_file: SingleFile) -> None:
    environment = {"XDG_CACHE_HOME": str(single_file.cache), "PATH": os.environ["PATH"]}
    # Files may grow to 50 kB only; the signal that tells so is ignored, so writing fails as on a full disk.
    limited = "import os, resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN); " \
        "resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000)); os.execv(sys.argv[1], sys.argv[1:])"  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", limited, single_file.path],
        env=environment, capture_output=True, text=True, timeout=LIMIT_S, check=False,
    )  # fmt: skip
    assert done.returncode == EXIT_LIBRARIES
    assert "cannot be unpacked: File too large; hint: " in done.stderr
    assert not single_file.unpacked.exists()
    assert single_file.run()[0] == 0


def test_a_cache_that_others_can_write_to_is_refused(single_file: SingleFile) -> None:
    folder = single_file.cache / "localai-sidecar"
    folder.mkdir()
    folder.chmod(0o777)
    code, _, log = single_file.run()
    assert code == EXIT_LIBRARIES
    assert "is open to other users" in log


def test_the_engine_dies_with_the_driver_that_started_the_single_file(single_file: SingleFile) -> None:
    # The driver starts the single file, passes on what it printed, and waits to be killed.
    driver = "import os, subprocess, sys; p = subprocess.Popen(sys.argv[1:], stdout=subprocess.PIPE); " \
        "os.write(1, p.stdout.readline()); p.wait()"  # fmt: skip
    environment = {"XDG_CACHE_HOME": str(single_file.cache), "PATH": os.environ["PATH"]}
    with subprocess.Popen(
        [sys.executable, "-c", driver, single_file.path, "--stay"],
        env=environment, stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        engine = int(process.stdout.readline().removeprefix("pid "))
        assert is_alive(engine)
        process.send_signal(signal.SIGKILL)
        process.wait(timeout=LIMIT_S)
    deadline = time.monotonic() + LIMIT_S
    while is_alive(engine):
        assert time.monotonic() < deadline, f"the engine {engine} outlived its driver"


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that only waits to be collected counts as gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False
