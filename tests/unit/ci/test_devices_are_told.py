"""What a sidecar says of its backends becomes the devices that are measured, and reasons for those that are not."""

from __future__ import annotations

from typing import Any

from sidecarkit.devices import of_backends


def backend(name: str, state: str, *devices: dict[str, str], **more: str) -> dict[str, Any]:
    return {"name": name, "library": f"libggml-{name}.so", "state": state, "devices": list(devices), **more}


def device(id: str, kind: str, **more: str) -> dict[str, str]:
    return {"id": id, "kind": kind, "description": f"the {id}", **more}


CPU = backend("CPU", "ready", device("CPU", "cpu"))
SLOWER = "computes on the processor, slower than the CPU itself"


def test_every_proven_device_is_measured() -> None:
    cards = (device("Vulkan0", "gpu", state="proven"), device("Vulkan1", "gpu", state="failed", reason="it hangs"))
    found = of_backends([CPU, backend("Vulkan", "ready", *cards)])
    assert [each.id for each in found.to_measure(software=False)] == ["CPU", "Vulkan0"]
    assert [each.backend for each in found.usable] == ["CPU", "Vulkan"]
    assert found.without(found.usable) == {}


def test_a_software_rasteriser_is_measured_only_when_it_is_asked_for() -> None:
    llvmpipe = device("Vulkan0", "software", state="untried", reason=SLOWER)
    found = of_backends([CPU, backend("Vulkan", "unavailable", llvmpipe, reason=SLOWER)])
    unasked, asked = found.to_measure(software=False), found.to_measure(software=True)
    assert [each.id for each in unasked] == ["CPU"]
    assert found.without(unasked) == {"Vulkan": SLOWER}
    assert [each.id for each in asked] == ["CPU", "Vulkan0"]
    assert found.without(asked) == {}


def test_a_backend_without_a_device_is_told_with_its_reason() -> None:
    found = of_backends([CPU, backend("CUDA", "unavailable", reason="no NVIDIA driver")])
    assert [each.id for each in found.usable] == ["CPU"]
    assert found.without(found.usable) == {"CUDA": "no NVIDIA driver"}


def test_a_backend_that_is_never_settled_is_told_as_being_proven() -> None:
    found = of_backends([CPU, backend("Vulkan", "probing", device("Vulkan0", "gpu", state="untried"))])
    assert found.without(found.usable) == {"Vulkan": "probing"}
