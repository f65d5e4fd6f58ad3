"""Vulkan's drivers are found where its loader finds them, and nowhere else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from localai_sidecar.machine.vulkandrivers import environment_for, vulkan_drivers


def install(folder: Path, name: str, library: str, **more: str) -> Path:
    manifest = folder / "vulkan" / "icd.d" / f"{name}.json"
    manifest.parent.mkdir(parents=True, exist_ok=True)
    manifest.write_text(json.dumps({"file_format_version": "1.0.1", "ICD": {"library_path": library, **more}}))
    return manifest


@pytest.fixture
def nothing(tmp_path: Path) -> dict[str, str]:
    """An environment in which no driver is found, but in /etc."""
    return {
        "HOME": str(tmp_path / "home"),
        "XDG_CONFIG_DIRS": str(tmp_path / "xdg"),
        "XDG_DATA_DIRS": f"{tmp_path / 'first'}:{tmp_path / 'second'}",
    }


def libraries(environment: dict[str, str]) -> list[str]:
    return [driver.library for driver in vulkan_drivers(environment) if driver.library.startswith("test-")]


def test_the_folders_are_searched_in_the_loaders_order(nothing: dict[str, str], tmp_path: Path) -> None:
    install(tmp_path / "second", "a", "test-second.so")
    install(tmp_path / "first", "b", "test-first.so")
    install(tmp_path / "home" / ".local" / "share", "c", "test-data.so")
    install(tmp_path / "xdg", "d", "test-xdg.so")
    install(tmp_path / "home" / ".config", "e", "test-config.so")
    assert libraries(nothing) == [f"test-{name}.so" for name in ("config", "xdg", "data", "first", "second")]


def test_folders_of_the_users_own_take_the_place_of_those_below_home(nothing: dict[str, str], tmp_path: Path) -> None:
    install(tmp_path / "home" / ".local" / "share", "a", "test-home.so")
    install(tmp_path / "own", "b", "test-own.so")
    assert libraries({**nothing, "XDG_DATA_HOME": str(tmp_path / "own")}) == ["test-own.so"]


def test_a_library_that_two_manifests_name_is_one_driver(nothing: dict[str, str], tmp_path: Path) -> None:
    install(tmp_path / "first", "a", "test-same.so")
    install(tmp_path / "second", "b", "test-same.so")
    assert libraries(nothing) == ["test-same.so"]


def test_what_the_loader_would_step_over_is_stepped_over(nothing: dict[str, str], tmp_path: Path) -> None:
    install(tmp_path / "first", "a", "test-32.so", library_arch="32")
    install(tmp_path / "first", "b", "test-64.so", library_arch="64")
    install(tmp_path / "first", "c", "").write_text("{")
    install(tmp_path / "first", "d", "").write_text('{"ICD": []}')
    (tmp_path / "first" / "vulkan" / "icd.d" / "e.txt").write_text("no manifest")
    assert libraries(nothing) == ["test-64.so"]


def test_a_relative_path_is_one_from_the_manifest(nothing: dict[str, str], tmp_path: Path) -> None:
    manifest = install(tmp_path / "first", "a", "./test.so")
    found = [driver for driver in vulkan_drivers(nothing) if driver.manifest == manifest]
    assert [driver.library for driver in found] == [str(manifest.parent / "test.so")]


@pytest.mark.parametrize("variable", ["VK_DRIVER_FILES", "VK_ICD_FILENAMES"])
def test_a_list_of_the_users_own_is_all_there_is(nothing: dict[str, str], tmp_path: Path, variable: str) -> None:
    install(tmp_path / "first", "a", "test-hidden.so")
    one = install(tmp_path / "one", "b", "test-one.so")
    install(tmp_path / "two", "c", "test-two.so")
    listed = f"{one}:{tmp_path / 'two' / 'vulkan' / 'icd.d'}:relative.json"
    drivers = vulkan_drivers({**nothing, variable: listed})
    assert [driver.library for driver in drivers] == ["test-one.so", "test-two.so"]


def test_added_drivers_come_first(nothing: dict[str, str], tmp_path: Path) -> None:
    install(tmp_path / "first", "a", "test-a.so")
    added = install(tmp_path / "added", "b", "test-b.so")
    assert libraries({**nothing, "VK_ADD_DRIVER_FILES": str(added)}) == ["test-b.so", "test-a.so"]


def test_a_process_for_some_drivers_gets_them_for_old_and_new_loaders_and_no_layers() -> None:
    environment = environment_for(["/a.json", "/b.json"])
    assert environment["VK_DRIVER_FILES"] == environment["VK_ICD_FILENAMES"] == "/a.json:/b.json"
    assert environment["VK_LOADER_LAYERS_DISABLE"] == "~implicit~"
