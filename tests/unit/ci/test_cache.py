"""The content-addressed cache: hits, damage, failed builds."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from sidecarkit.cache import Cache
from sidecarkit.report import Report


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache", Report(io.StringIO()))


def write_greeting(folder: Path) -> None:
    (folder / "greeting").write_text("hello", encoding="utf-8")


def refuse(folder: Path) -> None:
    raise AssertionError(f"built again in {folder}")


def test_a_second_request_takes_the_entry_without_building(cache: Cache) -> None:
    first = cache.folder("native", "a" * 64, write_greeting)
    second = cache.folder("native", "a" * 64, refuse)
    assert (first.hit, second.hit) == (False, True)
    assert first.path == second.path


def test_another_key_is_another_entry(cache: Cache) -> None:
    cache.folder("native", "a" * 64, write_greeting)
    assert not cache.holds("native", "b" * 64)


@pytest.mark.parametrize("damage", ["changed", "removed", "added", "made executable"])
def test_a_damaged_entry_is_noticed_and_built_again(cache: Cache, damage: str) -> None:
    path = cache.folder("native", "a" * 64, write_greeting).path
    match damage:
        case "changed":
            (path / "greeting").write_text("hellp", encoding="utf-8")
        case "removed":
            (path / "greeting").unlink()
        case "added":
            (path / "planted").write_text("x", encoding="utf-8")
        case _:
            (path / "greeting").chmod(0o755)
    assert cache.folder("native", "a" * 64, write_greeting).hit is False
    assert (path / "greeting").read_text(encoding="utf-8") == "hello"
    assert not (path / "planted").exists()


def test_a_failed_build_leaves_neither_an_entry_nor_its_workplace(cache: Cache) -> None:
    def fail(folder: Path) -> None:
        write_greeting(folder)
        raise RuntimeError("compiler crashed")

    with pytest.raises(RuntimeError, match="compiler crashed"):
        cache.folder("native", "a" * 64, fail)
    assert not cache.holds("native", "a" * 64)
    assert [path.name for path in (cache.root / "native").iterdir() if path.name != ".lock"] == []


def test_links_inside_an_entry_are_kept_and_verified(cache: Cache) -> None:
    def build(folder: Path) -> None:
        write_greeting(folder)
        (folder / "link").symlink_to("greeting")

    path = cache.folder("native", "a" * 64, build).path
    (path / "link").unlink()
    (path / "link").symlink_to("/etc/passwd")
    assert cache.folder("native", "a" * 64, build).hit is False
    assert (path / "link").readlink() == Path("greeting")
