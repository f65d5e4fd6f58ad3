"""The single file unpacks its engine once, then becomes it: same process, same arguments, nothing left over."""

from __future__ import annotations

import os
import statistics
import time
from pathlib import Path

import pytest

from .conftest import SingleFile, link

# What the launcher adds to a later start is promised to stay under this; tests allow ten times as much.
PROMISED_OVERHEAD_S = 0.015


def states(folder: Path) -> dict[str, tuple[int, int, int]]:
    """Inode, size and time of change of every file: what a start that writes nothing leaves alone."""
    return {
        path.relative_to(folder).as_posix(): (path.stat().st_ino, path.stat().st_size, path.stat().st_ctime_ns)
        for path in folder.rglob("*")
    }


def test_the_first_start_becomes_the_engine_in_the_same_process(single_file: SingleFile) -> None:
    with single_file.start("--version", "two words", "") as process:
        output, log = process.communicate(timeout=60)
    assert log == ""
    assert output.splitlines() == [
        f"pid {process.pid}",
        f"program {single_file.unpacked}/localai-sidecar",
        "argument --version",
        "argument two words",
        "argument ",
    ]


def test_the_engine_s_exit_code_is_the_single_file_s(single_file: SingleFile) -> None:
    assert single_file.run("--fail")[0] == 70


def test_every_file_is_unpacked_as_it_was_and_for_its_user_alone(single_file: SingleFile, engine_folder: Path) -> None:
    single_file.run()
    originals = sorted(path for path in engine_folder.rglob("*") if path.is_file())
    for original in originals:
        unpacked = single_file.unpacked / original.relative_to(engine_folder)
        assert unpacked.read_bytes() == original.read_bytes()
        assert unpacked.stat().st_mode & 0o777 == (0o700 if original.name == "localai-sidecar" else 0o600)
    folders = [single_file.unpacked, *(path for path in single_file.unpacked.rglob("*") if path.is_dir())]
    assert {folder.stat().st_mode & 0o777 for folder in folders} == {0o700}
    assert len(list(single_file.unpacked.rglob("*"))) == len(originals) + 1


def test_a_later_start_writes_nothing(single_file: SingleFile) -> None:
    single_file.run()
    before = states(single_file.cache)
    code, output, _ = single_file.run("again")
    assert (code, output.splitlines()[-1]) == (0, "argument again")
    assert states(single_file.cache) == before


def test_a_later_start_costs_next_to_nothing(single_file: SingleFile) -> None:
    single_file.run()

    def median_s(program: Path) -> float:
        times = []
        for _ in range(9):
            began = time.perf_counter()
            os.waitpid(os.posix_spawn(program, [str(program), "x"], environment, file_actions=[silence]), 0)
            times.append(time.perf_counter() - began)
        return statistics.median(times)

    environment = os.environ | {"XDG_CACHE_HOME": str(single_file.cache)}
    silence = (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)
    overhead = median_s(single_file.path) - median_s(single_file.unpacked / "localai-sidecar")
    assert overhead < 10 * PROMISED_OVERHEAD_S


def test_starts_at_the_same_moment_unpack_once_and_all_succeed(single_file: SingleFile) -> None:
    running = [single_file.start(str(number)) for number in range(8)]
    try:
        results = [process.communicate(timeout=60) for process in running]
    finally:
        for process in running:
            process.kill()
            process.wait()
    assert [process.returncode for process in running] == [0] * len(running), results
    assert [output.splitlines()[-1] for output, _ in results] == [f"argument {n}" for n in range(len(running))]
    assert left_behind(single_file) == []


def test_another_payload_gets_a_folder_of_its_own(single_file: SingleFile, engine_folder: Path, tmp_path: Path) -> None:
    changed = tmp_path / "changed"
    changed.mkdir()
    (changed / "localai-sidecar").write_bytes((engine_folder / "localai-sidecar").read_bytes())
    (changed / "localai-sidecar").chmod(0o755)
    (tmp_path / "out").mkdir()
    path = tmp_path / "out" / "single"
    other = SingleFile(path, link(changed, path), single_file.cache)
    assert single_file.run()[0] == 0
    assert other.run()[0] == 0
    assert single_file.unpacked.is_dir()
    assert other.unpacked.is_dir()
    assert other.unpacked != single_file.unpacked


@pytest.mark.parametrize("variable", ["", "relative/cache"])
def test_without_a_usable_cache_variable_the_home_folder_is_used(single_file: SingleFile, variable: str) -> None:
    code, output, _ = single_file.run(XDG_CACHE_HOME=variable)
    expected = single_file.cache / ".cache" / "localai-sidecar" / single_file.payload_hash / "localai-sidecar"
    assert (code, output.splitlines()[1]) == (0, f"program {expected}")


def left_behind(single_file: SingleFile) -> list[str]:
    """Everything beside the unpacked folder and the lock."""
    names = {path.name for path in (single_file.cache / "localai-sidecar").iterdir()}
    return sorted(names - {single_file.payload_hash, ".unpacking"})
