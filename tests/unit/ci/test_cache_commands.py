"""`cache list|why|prune`: what people read of the cache, and which entries go first."""

from __future__ import annotations

import argparse
import io
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from sidecarkit.cache import commands, listing, prune
from sidecarkit.cache import entry as entries
from sidecarkit.cache.entry import Facts, Origin
from sidecarkit.cache.listing import Listed
from sidecarkit.cache.why import Planned
from sidecarkit.errors import ConfigError, NothingSelected
from sidecarkit.report import Report

TARGET = "cpu-x86_64-unknown-linux-gnu"


class Shelf:
    """A cache with entries of known sizes, and the commands on it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.plan: dict[str, Planned] = {}

    def add(self, layer: str, key: str, inputs: Mapping[str, str], kilobytes: int = 1, days_unused: float = 0) -> None:
        path = self.root / layer / (key * 32)
        path.mkdir(parents=True)
        (path / "content").write_bytes(bytes(kilobytes * 1000))
        entries.seal(path)
        then = time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime(time.time() - days_unused * 24 * 3600))
        origin = Origin(layer=layer, key=key * 64, target=TARGET, inputs=inputs, created=then)
        entries.write_facts(path, Facts(origin=origin, used=then, targets=(TARGET,)))

    def expect(self, layer: str, key: str, inputs: Mapping[str, str]) -> None:
        self.plan[layer] = Planned(layer=layer, target=TARGET, key=key * 64, inputs=inputs)

    def run(self, *words: str) -> str:
        parser = argparse.ArgumentParser()
        commands.add_parser(parser)
        said = io.StringIO()
        commands.run(parser.parse_args(words), self.root, lambda _: self.plan, Report(said))
        return said.getvalue()


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path)


def test_the_list_names_layer_key_target_size_age_and_last_use(shelf: Shelf) -> None:
    shelf.add("native", "a", {"flags": "-O3"}, kilobytes=30, days_unused=3)
    shelf.add("engine", "b", {"flags": "-O3"}, kilobytes=1)
    (shelf.root / "parts").mkdir()
    (shelf.root / "parts" / "sdist").write_bytes(bytes(2000))
    rows = [line for line in shelf.run("list").splitlines() if line.startswith("| ")][1:]
    assert [row.split(" | ")[0].strip("| ") for row in rows] == ["engine/bbbbbbbbbbbb", "native/aaaaaaaaaaaa"]
    assert TARGET in rows[1]
    assert "30.1 kB" in rows[1]
    assert rows[1].count("3 days") == 2
    assert "beside the entries: parts 2.0 kB" in shelf.run("list")


def test_why_names_the_inputs_that_differ_from_the_entry_that_is_there(shelf: Shelf) -> None:
    shelf.add("native", "a", {"flags": "-O3", "zig": "0.17.1", "old": "1"})
    shelf.expect("native", "b", {"flags": "-O2", "zig": "0.17.1", "new": "f" * 64})
    said = shelf.run("why", TARGET)
    assert "native: to build; against native/aaaaaaaaaaaa" in said
    rows = [[cell.strip() for cell in line.strip("| ").split("|")] for line in said.splitlines() if "| " in line]
    assert rows[1:] == [["flags", "-O3", "-O2"], ["new", "-", "ffffffffffffffff…"], ["old", "1", "-"]]


def test_why_of_what_is_cached_says_so(shelf: Shelf) -> None:
    shelf.add("native", "a", {"flags": "-O3"})
    shelf.expect("native", "a", {"flags": "-O3"})
    assert "native: cached as native/aaaaaaaaaaaa" in shelf.run("why", TARGET, "native")


def test_why_compares_with_the_entry_that_is_most_alike(shelf: Shelf) -> None:
    shelf.add("engine", "a", {"flags": "1", "sources": "1", "zig": "1"})
    shelf.add("engine", "b", {"flags": "1", "sources": "1", "zig": "2"}, days_unused=3)
    shelf.expect("engine", "c", {"flags": "1", "sources": "2", "zig": "2"})
    assert "against engine/bbbbbbbbbbbb" in shelf.run("why", TARGET)


def test_why_of_one_entry_holds_it_against_the_present_plan(shelf: Shelf) -> None:
    shelf.add("native", "a", {"flags": "-O3"})
    shelf.expect("native", "b", {"flags": "-O2"})
    assert "| flags | -O3  | -O2 |" in shelf.run("why", "native/aaaa")


@pytest.mark.parametrize("what", ["native/ffff", "native/"])
def test_an_entry_that_is_not_one_is_refused(shelf: Shelf, what: str) -> None:
    shelf.add("native", "a", {"flags": "-O3"})
    shelf.add("native", "b", {"flags": "-O3"})
    with pytest.raises(NothingSelected, match=f"entries are named `{what}`"):
        shelf.run("why", what)


def test_a_layer_that_is_not_planned_is_refused_naming_the_ones_that_are(shelf: Shelf) -> None:
    shelf.expect("native", "a", {})
    with pytest.raises(NothingSelected) as failure:
        shelf.run("why", TARGET, "nativ")
    assert "it has native" in failure.value.hint


def test_pruning_removes_the_longest_unused_first_and_says_what(shelf: Shelf) -> None:
    for key, days in (("a", 1), ("b", 9), ("c", 5)):
        shelf.add("pack", key, {"flags": key}, kilobytes=10, days_unused=days)
    said = shelf.run("prune", "--keep", "25k")
    assert "removed pack/bbbbbbbbbbbb (10.1 kB, last used 9 days ago)" in said
    assert "1 entries removed, 20.2 kB left" in said
    assert [each.key[0] for each in listing.entries_of(shelf.root)] == ["a", "c"]


def test_what_is_no_entry_counts_but_is_never_removed(shelf: Shelf) -> None:
    shelf.add("pack", "a", {}, kilobytes=10)
    (shelf.root / "zig").mkdir()
    (shelf.root / "zig" / "libc").write_bytes(bytes(50_000))
    said = shelf.run("prune", "--keep", "20k")
    assert (shelf.root / "zig" / "libc").exists()
    assert listing.entries_of(shelf.root) == []
    assert "that is more than 20.0 kB: 0 B are in use, 50.0 kB are no entries" in said


def test_nothing_is_removed_where_there_is_room(shelf: Shelf) -> None:
    shelf.add("pack", "a", {}, kilobytes=10)
    assert "0 entries removed" in shelf.run("prune", "--keep", "5G")


def listed(key: str, size: int, used: float) -> Listed:
    return Listed(
        layer="pack", key=key, path=Path(key), origin=None, targets=(), bytes=size, created=0, used=used
    )  # fmt: skip


def test_entries_in_use_stay_and_later_ones_go_instead() -> None:
    shelf = [listed("a", 10, used=1), listed("b", 10, used=2), listed("c", 10, used=3)]
    assert [each.key for each in prune.chosen(shelf, keep=20, beside=0, in_use={"pack/a"})] == ["b"]


@pytest.mark.parametrize(("text", "size"), [("5G", 5e9), ("1.5 MB", 1.5e6), ("0", 0), ("20k", 2e4), ("2TB", 2e12)])
def test_sizes_are_read_in_decimal_units(text: str, size: float) -> None:
    assert prune.bytes_of(text) == size


@pytest.mark.parametrize("text", ["", "much", "-1G", "5GiB", "5 G B"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(ConfigError):
        prune.bytes_of(text)
