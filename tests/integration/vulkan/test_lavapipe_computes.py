"""The compiled Vulkan backend computes what the processor computes, when it is asked for and only then."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sidecarkit import devices
from sidecarkit.sidecar_client import SidecarClient

from .conftest import LOAD_LIMIT_S

PROMPT = "Once upon a time"
TOKENS = 100
Loaded = Callable[..., tuple[SidecarClient, dict[str, Any]]]

# Proof, shaders and tokens, all by the processor: half a minute on two idle cores.
pytestmark = pytest.mark.timeout(600)


def written(sidecar: SidecarClient) -> str:
    answer = sidecar.request("generate", {"prompt": PROMPT, "maxTokens": TOKENS, "temperature": 0}, LOAD_LIMIT_S)
    assert answer.result["completionTokens"] == TOKENS
    return "".join(delta.params["text"] for delta in answer.of("generate/delta"))


def test_its_text_is_the_processors_to_the_letter(loaded: Loaded) -> None:
    on_card, answered = loaded(device="Vulkan0")
    assert answered["device"] == "Vulkan0"
    assert answered["gpuLayers"] > 0
    assert on_card.request("status").result["device"] == "Vulkan0"
    on_processor, answered = loaded(device="CPU")
    assert (answered["device"], answered["gpuLayers"]) == ("CPU", 0)
    assert written(on_card) == written(on_processor)


def test_a_software_rasteriser_is_not_chosen_by_itself(loaded: Loaded) -> None:
    _, answered = loaded()
    assert answered["device"] == "CPU"


def test_the_self_test_computes_on_the_device_it_is_given(
    vulkan_folder: Path, lavapipe: dict[str, str], kept: Path, tiny_model: Path
) -> None:
    words: list[str | Path] = [
        vulkan_folder / "localai-sidecar",
        "--self-test",
        "--device",
        "Vulkan0",
        "--model",
        tiny_model,
    ]
    done = subprocess.run(
        words, env={**os.environ, **lavapipe, "XDG_CACHE_HOME": str(kept)},
        capture_output=True, text=True, timeout=LOAD_LIMIT_S, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads(done.stdout)
    assert (report["ok"], report["device"]) == (True, "Vulkan0")
    assert report["text"].strip()


def test_the_toolkit_hears_of_it_and_measures_it_only_when_asked(
    vulkan_folder: Path, lavapipe: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in lavapipe.items():
        monkeypatch.setenv(name, value)
    found = devices.ask(vulkan_folder / "localai-sidecar")
    assert [each.id for each in found.to_measure(software=False)] == ["CPU"]
    assert {each.id: each.kind for each in found.to_measure(software=True)} == {"CPU": "cpu", "Vulkan0": "software"}
