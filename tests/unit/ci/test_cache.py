"""The content-addressed cache: hits, damage, failed builds, what entries say of themselves."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from sidecarkit.cache import Cache
from sidecarkit.cache import entry as entries
from sidecarkit.report import Report

KEY = "a" * 64


@pytest.fixture
def said() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def cache(tmp_path: Path, said: io.StringIO) -> Cache:
    return Cache(tmp_path / "cache", Report(said))


def write_greeting(folder: Path) -> None:
    (folder / "greeting").write_text("hello", encoding="utf-8")


def refuse(folder: Path) -> None:
    raise AssertionError(f"built again in {folder}")


def left_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name != ".lock")


def test_a_second_request_takes_the_entry_without_building(cache: Cache) -> None:
    first = cache.folder("native", KEY, write_greeting)
    second = cache.folder("native", KEY, refuse)
    assert (first.hit, second.hit) == (False, True)
    assert first.path == second.path


def test_another_key_is_another_entry(cache: Cache) -> None:
    cache.folder("native", KEY, write_greeting)
    assert not cache.holds("native", "b" * 64)


@pytest.mark.parametrize("damage", ["changed", "removed", "added", "made executable"])
def test_a_damaged_entry_is_noticed_and_built_again(cache: Cache, damage: str, said: io.StringIO) -> None:
    path = cache.folder("native", KEY, write_greeting).path
    match damage:
        case "changed":
            (path / "greeting").write_text("hellp", encoding="utf-8")
        case "removed":
            (path / "greeting").unlink()
        case "added":
            (path / "planted").write_text("x", encoding="utf-8")
        case _:
            (path / "greeting").chmod(0o755)
    assert cache.folder("native", KEY, write_greeting).hit is False
    assert (path / "greeting").read_text(encoding="utf-8") == "hello"
    assert not (path / "planted").exists()
    assert "the cached native entry is damaged" in said.getvalue()


def test_a_failed_build_leaves_neither_an_entry_nor_its_workplace(cache: Cache) -> None:
    def fail(folder: Path) -> None:
        write_greeting(folder)
        raise RuntimeError("compiler crashed")

    with pytest.raises(RuntimeError, match="compiler crashed"):
        cache.folder("native", KEY, fail)
    assert not cache.holds("native", KEY)
    assert left_in(cache.root / "native") == []


def test_links_inside_an_entry_are_kept_and_verified(cache: Cache) -> None:
    def build(folder: Path) -> None:
        write_greeting(folder)
        (folder / "link").symlink_to("greeting")

    path = cache.folder("native", KEY, build).path
    (path / "link").unlink()
    (path / "link").symlink_to("/etc/passwd")
    assert cache.folder("native", KEY, build).hit is False
    assert (path / "link").readlink() == Path("greeting")


def test_an_entry_remembers_what_it_was_made_from_and_who_takes_it(cache: Cache) -> None:
    inputs = {"flags": "-O3", "zig": "0.17.1"}
    path = cache.told(KEY, target="cpu-x", inputs=inputs).folder("engine", KEY, write_greeting).path
    made = entries.facts(path)
    cache.told(KEY, target="vulkan-x", inputs=inputs).folder("engine", KEY, refuse)
    taken = entries.facts(path)
    assert made.origin is not None
    assert made.origin == taken.origin
    assert (made.origin.layer, made.origin.key, made.origin.target) == ("engine", KEY, "cpu-x")
    assert made.origin.inputs == inputs
    assert taken.targets == ("cpu-x", "vulkan-x")
    assert taken.used > made.used


def test_facts_that_cannot_be_read_are_no_damage(cache: Cache) -> None:
    path = cache.folder("engine", KEY, write_greeting).path
    entries.facts_file(path).write_text('{"origin": {"unknown": 1}}', encoding="utf-8")
    assert entries.facts(path) == entries.Facts()
    assert cache.folder("engine", KEY, refuse).hit


def test_what_an_interrupted_run_left_is_swept_by_the_next_one(cache: Cache, said: io.StringIO) -> None:
    cache.folder("native", KEY, write_greeting)
    for name in (".bbbbbbbb-left", ".gone-left", ".remote-left"):
        (cache.root / "native" / name).mkdir()
        write_greeting(cache.root / "native" / name)
    cache.folder("native", KEY, refuse)
    assert left_in(cache.root / "native") == ["a" * 32, f"{'a' * 32}.json"]
    assert "removing what an interrupted run left of the native layer" in said.getvalue()
