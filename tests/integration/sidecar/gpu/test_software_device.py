"""Mesa's lavapipe, a software device: never taken unasked, and all of a GPU's way where it is asked for."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from sidecarkit.sidecar_client import ErrorAnswer, SidecarClient
from tests.integration.sidecar.gpu.conftest import LOAD_LIMIT_S as LIMIT_S
from tests.integration.sidecar.gpu.conftest import Machine, gpu_backend, load, notices, tried

# lavapipe compiles what it computes on the cores that everything else runs on.
pytestmark = pytest.mark.timeout(400)

PATIENCE_S = 30.0
Start = Callable[..., SidecarClient]
GREEDY = {"prompt": "Once upon a time", "temperature": 0, "maxTokens": 60}


@pytest.fixture
def here(machine: Machine, lavapipe: str) -> Machine:
    """A machine with lavapipe, and no other driver."""
    machine.install(lavapipe)
    return machine


def mapped(client: SidecarClient) -> str:
    return Path(f"/proc/{client.process.pid}/maps").read_text()


def test_it_is_listed_and_passed_over_with_its_cause(start_on: Start, here: Machine, tiny_model: Path) -> None:
    client = start_on(here)
    client.initialize()
    assert load(client, tiny_model)["device"] == "CPU"
    backend = tried(client, PATIENCE_S)
    (device,) = backend["devices"]
    assert (backend["state"], device["id"], device["kind"], device["state"]) == (
        "unavailable", "Vulkan0", "software", "untried",
    )  # fmt: skip
    assert "llvmpipe" in device["description"]
    assert 0 < device["memoryFree"] <= device["memoryTotal"]
    kinds = {each["kind"]: each for each in notices(client)}
    assert kinds["device_skipped"]["data"] | {"reason": ""} == {
        "device": "Vulkan0", "backend": "Vulkan", "code": "software", "reason": "",
    }  # fmt: skip
    assert kinds["device_chosen"]["data"]["device"] == "CPU"
    assert "libvulkan" not in mapped(client), "a driver was loaded that nobody asked for"


def test_asked_for_it_is_proven_computes_all_layers_and_writes_what_the_cpu_writes(
    start_on: Start, here: Machine, tiny_model: Path
) -> None:
    client = start_on(here)
    client.initialize()
    loaded = load(client, tiny_model, device="Vulkan0")
    assert (loaded["device"], loaded["gpuLayers"]) == ("Vulkan0", 6)
    assert client.request("status").result["device"] == "Vulkan0"
    assert gpu_backend(client)["state"] == "ready"
    (ready,) = (each for each in notices(client) if each["kind"] == "device_ready")
    assert ready["data"]["device"] == "Vulkan0"
    assert ready["data"]["seconds"] > 0
    here_text = client.request("generate", GREEDY, LIMIT_S)
    assert load(client, tiny_model, device="CPU")["gpuLayers"] == 0
    assert client.request("status").result["device"] == "CPU"
    assert client.request("generate", GREEDY, LIMIT_S).text == here_text.text != ""


def test_what_was_proven_is_remembered_until_the_driver_changes(
    start_on: Start, machine: Machine, lavapipe: str, tiny_model: Path, tmp_path: Path
) -> None:
    library = tmp_path / Path(lavapipe).name
    shutil.copy(lavapipe, library)
    machine.install(library)
    first = start_on(machine)
    first.initialize()
    load(first, tiny_model, device="Vulkan0")
    assert "device_ready" in {each["kind"] for each in notices(first)}
    second = start_on(machine)
    assert second.initialize().result["backends"][1]["state"] == "ready"
    load(second, tiny_model, device="Vulkan0")
    assert notices(second) == []
    os.utime(library, ns=(1, 1))
    third = start_on(machine)
    assert third.initialize().result["backends"][1]["state"] == "probing"
    load(third, tiny_model, device="Vulkan0")
    assert {each["kind"] for each in notices(third)} == {"device_skipped", "device_ready"}


def test_a_driver_that_crashes_spoils_no_other_one(
    start_on: Start, machine: Machine, imitation: Callable[[str], Path], lavapipe: str, tiny_model: Path
) -> None:
    machine.install(imitation("CRASH_AT_LOADING"))
    machine.install(lavapipe)
    client = start_on(machine)
    client.initialize()
    assert load(client, tiny_model, device="Vulkan0")["device"] == "Vulkan0"
    assert imitation("CRASH_AT_LOADING").name not in mapped(client)
    codes = [each["data"]["code"] for each in notices(client) if each["kind"] == "device_skipped"]
    assert sorted(codes) == ["crashed", "software"]


def test_fewer_layers_may_be_asked_for_and_none_is_the_cpu(start_on: Start, here: Machine, tiny_model: Path) -> None:
    client = start_on(here)
    client.initialize()
    assert load(client, tiny_model, device="Vulkan0", gpuLayers=2)["gpuLayers"] == 2
    some = client.request("generate", GREEDY, LIMIT_S).text
    assert load(client, tiny_model, device="Vulkan0", gpuLayers=999)["gpuLayers"] == 6
    assert client.request("generate", GREEDY, LIMIT_S).text == some
    assert load(client, tiny_model, gpuLayers=0)["device"] == "CPU"
    with pytest.raises(ErrorAnswer, match="gpuLayers"):
        load(client, tiny_model, device="Vulkan0", gpuLayers=0)


def test_a_device_that_is_not_there_leaves_the_old_model(start_on: Start, here: Machine, tiny_model: Path) -> None:
    client = start_on(here)
    client.initialize()
    load(client, tiny_model, device="CPU")
    with pytest.raises(ErrorAnswer, match="there is no device `Vulkan7`") as refused:
        load(client, tiny_model, device="Vulkan7")
    assert (refused.value.code, refused.value.data["available"]) == (-32024, ["CPU"])
    assert client.request("status").result["device"] == "CPU"
    assert client.request("generate", GREEDY).result["completionTokens"] == 60


def test_a_load_that_waits_for_a_proof_can_be_cancelled(start_on: Start, here: Machine, tiny_model: Path) -> None:
    client = start_on(here)
    client.initialize()
    tried(client, PATIENCE_S)
    request = client.send("model/load", {"path": str(tiny_model), "device": "Vulkan0"})
    client.wait_for("model/progress", request, PATIENCE_S)
    client.notify("cancel", {"id": request})
    with pytest.raises(ErrorAnswer, match="cancelled"):
        client.wait(request, 10.0)


def test_a_context_that_was_kept_on_one_device_is_not_taken_up_on_another(
    start_on: Start, here: Machine, tiny_model: Path
) -> None:
    client = start_on(here)
    client.initialize()
    told = {**GREEDY, "conversation": "one"}
    load(client, tiny_model, device="Vulkan0")
    assert client.request("generate", told, LIMIT_S).result["cachedTokens"] == 0
    load(client, tiny_model, device="CPU")
    assert client.request("generate", told, LIMIT_S).result["cachedTokens"] == 0
    load(client, tiny_model, device="Vulkan0")
    assert client.request("generate", told, LIMIT_S).result["cachedTokens"] > 0


def test_a_prompt_is_cancelled_between_two_pieces(start_on: Start, here: Machine, long_model: Path) -> None:
    client = start_on(here)
    client.initialize()
    load(client, long_model, device="Vulkan0", contextLength=2048)
    request = client.send("generate", {"prompt": "a b c " * 400, "maxTokens": 1})
    client.wait_for("generate/progress", request, PATIENCE_S)
    client.notify("cancel", {"id": request})
    answer = client.wait(request, LIMIT_S).result
    assert (answer["finishReason"], answer["completionTokens"]) == ("cancelled", 0)


@pytest.mark.parametrize("what", ["--self-test", "--bench"])
def test_the_command_line_names_the_device_that_computes(
    command: Callable[..., tuple[list[str], dict[str, str]]], here: Machine, tiny_model: Path, what: str
) -> None:
    words, env = command(here)
    sizes = (
        ("--prompt-tokens", "16", "--predict", "4", "--repetitions", "1") if what == "--bench" else ("--tokens", "8")
    )
    done = subprocess.run(
        [*words, what, "--device", "Vulkan0", "--model", str(tiny_model), *sizes],
        env=env, capture_output=True, timeout=LIMIT_S, check=True,
    )  # fmt: skip
    report = json.loads(done.stdout)
    assert (report["device"], report["error"]) == ("Vulkan0", None)
    if what == "--self-test":
        assert report["text"].startswith(", there was a little")
        assert [each["state"] for each in report["backends"]] == ["ready", "ready"]
    else:
        assert min(report["promptTokensPerSecond"] + report["decodeTokensPerSecond"]) > 0
