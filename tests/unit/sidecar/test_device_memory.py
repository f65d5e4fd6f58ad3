"""What is remembered of drivers and devices is believed only while nothing has changed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from localai_sidecar.devices.kinds import Device, Driver, Looked, Speed, Verdict, environment_of
from localai_sidecar.devices.memory import Known, Memory
from localai_sidecar.devices.roster import Roster
from localai_sidecar.kept.cachefolder import CacheFolder

SPEED = Speed(1e-5, 1e-11, 1e-12)


@pytest.fixture
def driver(tmp_path: Path) -> Driver:
    for name in ("driver.json", "driver.so", "libggml-vulkan.so"):
        (tmp_path / name).write_text(name)
    return Driver("Vulkan", "libggml-vulkan.so", str(tmp_path / "driver.json"), str(tmp_path / "driver.so"))


def device(driver: Driver, identity: str, *, is_software: bool = False, mark: str = "0") -> Device:
    return Device(driver, mark, identity, f"device {identity}", is_software, 8 << 30, 7 << 30)


@pytest.fixture
def known(driver: Driver) -> Known:
    devices = (device(driver, "one"), device(driver, "two", mark="1"))
    verdicts = {"one": Verdict(None, None, 1.5, SPEED), "two": Verdict("crashed", "SIGSEGV", 0.1)}
    return Known(Looked(devices), [driver.library], verdicts)


@pytest.fixture
def memory(tmp_path: Path) -> Callable[..., Memory]:
    def memory(build: str = "1") -> Memory:
        return Memory(CacheFolder(tmp_path / "cache"), build, tmp_path)

    return memory


def test_what_was_found_out_is_known_to_the_next_process(
    memory: Callable[..., Memory], driver: Driver, known: Known
) -> None:
    memory().remember(driver, known)
    assert memory().recall(driver) == known


@pytest.mark.parametrize("name", ["driver.json", "driver.so", "libggml-vulkan.so"])
def test_a_changed_file_of_driver_or_plug_in_makes_it_unknown(
    memory: Callable[..., Memory], driver: Driver, known: Known, tmp_path: Path, name: str
) -> None:
    memory().remember(driver, known)
    (tmp_path / name).write_text("another version")
    assert memory().recall(driver) is None


def test_another_build_of_the_engine_finds_out_for_itself(
    memory: Callable[..., Memory], driver: Driver, known: Known
) -> None:
    memory("1").remember(driver, known)
    assert memory("2").recall(driver) is None


def test_a_damaged_record_counts_as_none(
    memory: Callable[..., Memory], driver: Driver, known: Known, tmp_path: Path
) -> None:
    memory().remember(driver, known)
    (path,) = (tmp_path / "cache" / "known").iterdir()
    sound: dict[str, Any] = json.loads(path.read_text())
    damages: list[dict[str, Any]] = [
        {"verdicts": 1},
        {"verdicts": {"one": {}}},
        {"devices": [1]},
        {"devices": None},
        {"files": 3},
    ]
    damages += [{"verdicts": {"one": {**sound["verdicts"]["one"], "speed": [1]}}}]
    for damage in damages:
        path.write_text(json.dumps({**sound, **damage}))
        assert memory().recall(driver) is None, damage


def test_the_processors_speed_is_kept_for_its_plug_in(memory: Callable[..., Memory]) -> None:
    memory().remember_processor("libggml-cpu-zen4.so", SPEED)
    assert memory().recall_processor("libggml-cpu-zen4.so") == SPEED
    assert memory().recall_processor("libggml-cpu-haswell.so") is None


def test_news_are_told_once(memory: Callable[..., Memory]) -> None:
    assert memory().is_news("Vulkan", "nothing there")
    assert not memory().is_news("Vulkan", "nothing there")


def test_gpus_are_numbered_before_software_and_keep_their_numbers(tmp_path: Path, driver: Driver) -> None:
    roster = Roster(tmp_path, "1")
    other = driver._replace(manifest="/other.json")
    roster.learn(driver, Known(Looked((device(driver, "llvmpipe", is_software=True),)), [], {}), keep=False)
    roster.learn(other, Known(Looked((device(other, "card"),)), [], {}), keep=False)
    roster.number()
    assert {id: each.identity for id, each in roster.devices().items()} == {"Vulkan0": "card", "Vulkan1": "llvmpipe"}
    third = driver._replace(manifest="/third.json")
    roster.learn(third, Known(Looked((device(third, "second card"),)), [], {}), keep=False)
    roster.number()
    assert [each.identity for each in roster.devices().values()] == ["card", "llvmpipe", "second card"]


def test_a_process_for_one_device_sees_no_other_one(driver: Driver) -> None:
    environment = environment_of([device(driver, "two", mark="1")])
    assert environment["GGML_VK_VISIBLE_DEVICES"] == "1"
    assert environment["VK_DRIVER_FILES"] == environment["VK_ICD_FILENAMES"] == driver.manifest
    cuda = Driver("CUDA", "libggml-cuda.so", "", "libcuda.so.1")
    assert environment_of([device(cuda, "x", mark="GPU-1"), device(cuda, "y", mark="GPU-2")]) == {
        "CUDA_VISIBLE_DEVICES": "GPU-1,GPU-2",
        "CUDA_DEVICE_ORDER": "PCI_BUS_ID",
    }
