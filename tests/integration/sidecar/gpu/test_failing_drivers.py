"""Whatever a Vulkan driver does, the engine starts, says what is wrong with it, and computes on the CPU."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from localai_sidecar.trials.look import LIMIT_S as LOOK_LIMIT_S
from sidecarkit.sidecar_client import ErrorAnswer, SidecarClient
from tests.integration.sidecar.gpu.conftest import PLUG_IN, Machine, gpu_backend, notices, tried

# lavapipe compiles what it computes on the cores that everything else runs on.
pytestmark = pytest.mark.timeout(400)

# Ten times what is promised: 3 s for a load that waits for proofs, 15 s for a look or a proof.
PATIENCE_S = 30.0
PROBE_LIMIT_S = 150.0
Start = Callable[..., SidecarClient]
Imitation = Callable[[str], Path]

# fault → code, what the person reads of the cause, and whether the device itself could be seen
FAULTS = {
    "CRASH_AT_LOADING": ("crashed", "SIGABRT", False),
    "CRASH_AT_CREATION": ("crashed", "SIGABRT", False),
    "HANG_AT_CREATION": ("hung", "took longer than 15 s", False),
    "COMPUTE_NOTHING": ("wrong_numbers", "its numbers are wrong: NMSE", True),
    "LOSE_DEVICE": ("crashed", "SIGABRT", True),
    "HANG_AT_WORK": ("hung", "took longer than 15 s", True),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_driver_that_fails_is_passed_over_with_its_cause_and_not_tried_again(
    start_on: Start, machine: Machine, imitation: Imitation, tiny_model: Path, fault: str
) -> None:
    code, words, is_seen = FAULTS[fault]
    machine.install(imitation(fault))
    client = start_on(machine)
    answer = client.initialize()
    assert answer.answered_at - answer.sent_at < PATIENCE_S
    vulkan = answer.result["backends"][1]
    assert (vulkan["name"], vulkan["state"], vulkan["library"]) == ("Vulkan", "probing", PLUG_IN)
    loaded = client.request("model/load", {"path": str(tiny_model), "threads": 1}, PATIENCE_S)
    assert (loaded.result["device"], loaded.result["gpuLayers"]) == ("CPU", 0)
    assert client.request("generate", {"prompt": "Once", "maxTokens": 4}).result["completionTokens"] == 4
    backend = tried(client, PROBE_LIMIT_S)
    assert backend["state"] == "unavailable"
    assert words in backend["reason"]
    assert client.request("status").result["device"] == "CPU"
    (skipped,) = (each for each in notices(client) if each["kind"] == "device_skipped")
    assert (skipped["level"], skipped["data"]["code"], skipped["data"]["backend"]) == ("warning", code, "Vulkan")
    assert words in skipped["data"]["reason"]
    assert skipped["data"].get("device") == ("Vulkan0" if is_seen else None)
    if not is_seen:
        assert imitation(fault).name in skipped["message"]
    again = start_on(machine)
    began = time.monotonic()
    remembered = again.initialize().result["backends"][1]
    assert time.monotonic() - began < LOOK_LIMIT_S
    assert (remembered["state"], remembered["reason"]) == ("unavailable", backend["reason"])
    again.request("model/load", {"path": str(tiny_model), "threads": 1}, PATIENCE_S)
    assert {each["kind"] for each in notices(again)} == {"device_chosen"}


def test_a_driver_that_answers_with_errors_has_no_device(
    start_on: Start, machine: Machine, imitation: Imitation, tiny_model: Path
) -> None:
    machine.install(imitation("ERROR_AT_CREATION"))
    client = start_on(machine)
    client.initialize()
    client.request("model/load", {"path": str(tiny_model)}, PATIENCE_S)
    backend = tried(client, PROBE_LIMIT_S)
    assert (backend["state"], backend["reason"]) == ("unavailable", "no driver has a device here")
    (skipped,) = (each for each in notices(client) if each["kind"] == "device_skipped")
    assert (skipped["level"], skipped["data"]["code"]) == ("info", "no_driver")


def test_without_any_driver_it_is_said_once(start_on: Start, machine: Machine, tiny_model: Path) -> None:
    for told in (["device_skipped"], []):
        client = start_on(machine)
        vulkan = client.initialize().result["backends"][1]
        client.request("model/load", {"path": str(tiny_model)}, PATIENCE_S)
        assert (vulkan["state"], vulkan["reason"]) == ("unavailable", "no Vulkan driver is installed")
        gpu_backend(client)
        assert [each["kind"] for each in notices(client) if each["kind"] == "device_skipped"] == told


def test_without_a_vulkan_loader_it_is_said_and_the_cpu_computes(
    start_on: Start, machine: Machine, own_engine: Path, lavapipe: str, tiny_model: Path
) -> None:
    link_with_another_loader(own_engine / "llama" / PLUG_IN)
    machine.install(lavapipe)
    client = start_on(machine, own_engine)
    client.initialize()
    loaded = client.request("model/load", {"path": str(tiny_model)}, PATIENCE_S)
    assert loaded.result["device"] == "CPU"
    backend = tried(client, PROBE_LIMIT_S)
    assert (backend["state"], backend["devices"]) == ("unavailable", [])
    assert "no Vulkan loader (libvulkan.so" in backend["reason"]
    (skipped,) = (each for each in notices(client) if each["kind"] == "device_skipped")
    assert skipped["data"]["code"] == "no_driver"
    with pytest.raises(ErrorAnswer, match="no Vulkan loader") as refused:
        client.request("model/load", {"path": str(tiny_model), "device": "Vulkan0"}, PROBE_LIMIT_S)
    assert (refused.value.code, refused.value.data["available"]) == (-32024, ["CPU"])


def link_with_another_loader(plug_in: Path) -> None:
    """Link it with one that no machine has."""
    content = plug_in.read_bytes()
    assert content.count(b"libvulkan.so.1\0") == 1
    plug_in.write_bytes(content.replace(b"libvulkan.so.1\0", b"libvulkan.so.0\0"))


def test_a_plug_in_that_is_damaged_never_keeps_the_cpu_from_computing(
    start_on: Start, machine: Machine, own_engine: Path, lavapipe: str, tiny_model: Path
) -> None:
    (own_engine / "llama" / PLUG_IN).write_bytes(b"\x7fELF damaged")
    machine.install(lavapipe)
    client = start_on(machine, own_engine)
    client.initialize()
    assert client.request("model/load", {"path": str(tiny_model)}, PATIENCE_S).result["device"] == "CPU"
    assert "cannot be loaded" in tried(client, PROBE_LIMIT_S)["reason"]
    (skipped,) = (each for each in notices(client) if each["kind"] == "device_skipped")
    assert skipped["data"]["code"] == "plug_in_broken"


def test_a_driver_that_hangs_ends_with_the_engine(start_on: Start, machine: Machine, imitation: Imitation) -> None:
    machine.install(imitation("HANG_AT_CREATION"))
    client = start_on(machine)
    client.initialize()
    child = looking_child(client.process.pid)
    handle = os.pidfd_open(child)
    try:
        client.close_stdin()
        assert client.wait_for_exit(10.0) == 0
        assert is_gone(handle)
    finally:
        os.close(handle)


def looking_child(sidecar: int) -> int:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        for thread in Path(f"/proc/{sidecar}/task").iterdir():
            for child in (thread / "children").read_text().split():
                if b"look" in Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0"):
                    return int(child)
        time.sleep(0.001)  # only a look into /proc tells
    pytest.fail("there is no process that looks at the driver")


def is_gone(handle: int) -> bool:
    import select

    return bool(select.select([handle], [], [], 10.0)[0])


def test_the_self_test_of_a_failed_device_says_why(
    command: Callable[..., tuple[list[str], dict[str, str]]], machine: Machine, imitation: Imitation
) -> None:
    machine.install(imitation("LOSE_DEVICE"))
    words, env = command(machine)
    done = subprocess.run(
        [*words, "--self-test", "--device", "Vulkan0"], env=env, capture_output=True, timeout=PROBE_LIMIT_S, check=False
    )
    report = json.loads(done.stdout)
    assert done.returncode == 70
    assert report["error"]["kind"] == "device_unavailable"
    assert "SIGABRT" in report["error"]["message"]
    assert report["error"]["hint"] == "use one of: CPU"
