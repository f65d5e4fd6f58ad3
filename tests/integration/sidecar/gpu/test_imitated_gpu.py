"""A device that calls itself a GPU, with lavapipe behind it: proven unasked, chosen by speed, filled by its memory."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from sidecarkit.sidecar_client import ErrorAnswer, SidecarClient
from tests.integration.sidecar.gpu.conftest import LOAD_LIMIT_S as LIMIT_S
from tests.integration.sidecar.gpu.conftest import Machine, load, notices, tried

# lavapipe compiles what it computes on the cores that everything else runs on.
pytestmark = pytest.mark.timeout(400)

MIB = 2**20
Start = Callable[..., SidecarClient]


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory, shaders: Path, imitation: Callable[[str], Path]) -> Machine:
    """One machine for all tests here: what one of them found out, the next one remembers."""
    machine = Machine(tmp_path_factory.mktemp("machine") / "machine", shaders)
    machine.install(imitation("COMPUTE_RIGHTLY"))
    return machine


@pytest.fixture
def client(start_on: Start, machine: Machine) -> SidecarClient:
    """A sidecar that knows what its device is good for."""
    client = start_on(machine)
    client.initialize()
    tried(client, LIMIT_S)
    return client


def remember_speed(machine: Machine, byte: float) -> None:
    """Change what the engine measured of the device: a byte of weights takes so many seconds."""
    (record,) = (machine.cache / "localai-sidecar" / "known").glob("driver-*.json")
    content = json.loads(record.read_text())
    (verdict,) = content["verdicts"].values()
    verdict["speed"] = [0.0, byte, byte]
    record.write_text(json.dumps(content))


def wait_for_the_processors_speed(machine: Machine) -> None:
    """It is measured once there is a device to compare it with."""
    deadline = time.monotonic() + LIMIT_S
    while not list((machine.cache / "localai-sidecar" / "known").glob("processor-*.json")):
        assert time.monotonic() < deadline, "the CPU's speed was not measured"
        time.sleep(0.05)  # only the file tells


def test_it_is_proven_unasked_and_not_taken_where_the_cpu_is_faster(
    start_on: Start, machine: Machine, tiny_model: Path
) -> None:
    client = start_on(machine)
    assert client.initialize().result["backends"][1]["state"] == "probing"
    backend = tried(client, LIMIT_S)
    (device,) = backend["devices"]
    assert (backend["state"], device["state"], device["kind"]) == ("ready", "proven", "gpu")
    assert (device["description"], device["memoryTotal"]) == ("Imitated GPU", 310 * MIB)
    assert [each["kind"] for each in notices(client)] == ["backend_ready", "device_ready"]
    assert notices(client)[1]["data"]["device"] == "Vulkan0"
    assert load(client, tiny_model)["device"] == "CPU"
    assert notices(client)[-1]["data"]["device"] == "CPU"


def test_the_fastest_device_is_taken_unasked_and_named(start_on: Start, machine: Machine, deep_model: Path) -> None:
    remember_speed(machine, 1e-15)
    client = start_on(machine)
    assert client.initialize().result["backends"][1]["state"] == "ready"
    wait_for_the_processors_speed(machine)
    loaded = load(client, deep_model)
    assert loaded["device"] == client.request("status").result["device"] == "Vulkan0"
    chosen = next(each for each in notices(client) if each["kind"] == "device_chosen")
    assert chosen["data"]["device"] == "Vulkan0"
    assert "times as fast as the CPU" in chosen["message"]
    remember_speed(machine, 1.0)
    client = start_on(machine)
    client.initialize()
    assert load(client, deep_model)["device"] == "CPU"


def test_as_many_layers_as_fit_are_taken_and_the_rest_is_told(client: SidecarClient, deep_model: Path) -> None:
    loaded = load(client, deep_model, device="Vulkan0")
    assert 0 < loaded["gpuLayers"] < 17
    (told,) = (each for each in notices(client) if each["kind"] == "layers_on_cpu")
    assert told["data"] == {"device": "Vulkan0", "layers": 17 - loaded["gpuLayers"], "total": 17}
    assert client.request("generate", {"prompt": "Once", "maxTokens": 2}, LIMIT_S).result["completionTokens"] == 2


def test_more_layers_than_fit_are_refused_with_what_they_need(client: SidecarClient, deep_model: Path) -> None:
    with pytest.raises(ErrorAnswer, match="of Vulkan0's memory are needed") as refused:
        load(client, deep_model, device="Vulkan0", gpuLayers=17)
    assert refused.value.code == -32023
    assert refused.value.data["device"] == "Vulkan0"
    assert refused.value.data["neededBytes"] > refused.value.data["freeBytes"] == 310 * MIB


def test_a_device_that_is_proven_late_needs_another_process_and_never_another_device(
    start_on: Start, machine: Machine, lavapipe: str, tiny_model: Path
) -> None:
    machine.install(lavapipe)
    client = start_on(machine)
    client.initialize()
    tried(client, LIMIT_S)
    assert load(client, tiny_model, device="Vulkan0")["device"] == "Vulkan0"
    with pytest.raises(ErrorAnswer, match="was proven after") as refused:
        load(client, tiny_model, device="Vulkan1")
    assert (refused.value.code, refused.value.data["restart"]) == (-32024, True)
    assert refused.value.data["available"] == ["CPU", "Vulkan0"]
    assert client.request("status").result["device"] == "Vulkan0", "the old model did not stay"
    again = start_on(machine)
    again.initialize()
    for device in ("Vulkan1", "Vulkan0"):
        assert load(again, tiny_model, device=device)["device"] == device
