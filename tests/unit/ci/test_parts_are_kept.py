"""Pinned parts: fetched once, believed by their hash alone, and nothing left of a fetch that was killed."""

from __future__ import annotations

import hashlib
import multiprocessing
from pathlib import Path

import pytest

from sidecarkit import parts
from sidecarkit.errors import PartWrong

CONTENT = b"the pinned part"
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "localaiapp" / "parts"


def fetch(workplace: Path) -> Path:
    (workplace / "part").write_bytes(CONTENT)
    return workplace / "part"


def refuse(workplace: Path) -> Path:
    raise AssertionError(f"fetched again into {workplace}")


def test_a_part_is_fetched_once(cache: Path) -> None:
    assert parts.kept("part", SHA256, fetch) == cache / SHA256
    assert parts.kept("part", SHA256, refuse).read_bytes() == CONTENT


def test_a_damaged_part_is_fetched_again() -> None:
    parts.kept("part", SHA256, fetch).write_bytes(b"damaged")
    assert parts.kept("part", SHA256, fetch).read_bytes() == CONTENT


def test_a_part_with_another_hash_is_refused_and_not_kept(cache: Path) -> None:
    with pytest.raises(PartWrong, match=f"has the hash {SHA256}, pinned is {'0' * 64}"):
        parts.kept("part", "0" * 64, fetch)
    assert [path for path in cache.iterdir() if path.suffix != ".lock"] == []


def test_what_a_killed_fetch_left_is_removed_by_the_next_one(cache: Path) -> None:
    left = cache / f".{SHA256}"
    left.mkdir(parents=True)
    (left / "half").touch()
    parts.kept("part", SHA256, fetch)
    assert not left.exists()


def fetch_and_tell(told: Path) -> None:
    def fetch_slowly(workplace: Path) -> Path:
        with told.open("a", encoding="utf-8") as file:
            file.write("fetched\n")
        return fetch(workplace)

    parts.kept("part", SHA256, fetch_slowly)


def test_of_runs_at_once_one_fetches_and_the_others_wait(tmp_path: Path) -> None:
    told = tmp_path / "told"
    context = multiprocessing.get_context("spawn")
    runs = [context.Process(target=fetch_and_tell, args=(told,)) for _ in range(3)]
    for run in runs:
        run.start()
    for run in runs:
        run.join(30)
    assert [run.exitcode for run in runs] == [0, 0, 0]
    assert told.read_text(encoding="utf-8") == "fetched\n"
