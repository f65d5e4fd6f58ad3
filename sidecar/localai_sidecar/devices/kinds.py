"""The words of this package: a driver, a device, and what was found out about them."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from localai_sidecar.machine import vulkandrivers

VULKAN, CUDA = "Vulkan", "CUDA"
# Why a device or driver is passed over; PROTOCOL.md lists them for clients.
NO_DRIVER, CRASHED, HUNG, WRONG_NUMBERS = "no_driver", "crashed", "hung", "wrong_numbers"
SOFTWARE, PLUG_IN_BROKEN, NO_MEMORY = "software", "plug_in_broken", "no_memory"

# CUDA's own order is the fastest first, which a driver may come to see otherwise.
_CUDA_ORDER = {"CUDA_DEVICE_ORDER": "PCI_BUS_ID"}


class Driver(NamedTuple):
    """One driver of a backend, to be looked at by itself. `manifest` is Vulkan's; CUDA has one driver and none."""

    backend: str
    plug_in: str
    manifest: str
    library: str


class Device(NamedTuple):
    """A device of one driver. `mark` is how the driver's own numbering calls it, `identity` stays with the device."""

    driver: Driver
    mark: str
    identity: str
    description: str
    is_software: bool
    memory_total: int
    memory_free: int


class Looked(NamedTuple):
    """What looking at a driver gave: devices, or the code and the reason why there is nothing to be had of it."""

    devices: tuple[Device, ...] = ()
    code: str | None = None
    reason: str | None = None


class Speed(NamedTuple):
    """Seconds a token takes: for each layer, for each byte of weights, and for each byte while it reads a prompt."""

    layer: float
    byte: float
    prompt_byte: float


class Verdict(NamedTuple):
    """What the proof of a device gave: `code` None says that it computes rightly."""

    code: str | None
    reason: str | None
    seconds: float
    speed: Speed | None = None


def environment_of(devices: list[Device]) -> Mapping[str, str]:
    """What a process needs in its environment to see just these devices, all of one driver, in this order."""
    driver = devices[0].driver
    marks = ",".join(device.mark for device in devices)
    if driver.backend == CUDA:
        return {"CUDA_VISIBLE_DEVICES": marks, **_CUDA_ORDER}
    # Named, because ggml leaves out software devices, and doubles of a device, unless it is told.
    return {**vulkandrivers.environment_for([driver.manifest]), "GGML_VK_VISIBLE_DEVICES": marks}


def environment_to_look(driver: Driver) -> Mapping[str, str]:
    """What a process needs in its environment to see all that this driver has."""
    return vulkandrivers.environment_for([driver.manifest]) if driver.backend == VULKAN else _CUDA_ORDER


def device_of(driver: Driver, found: Mapping[str, Any]) -> Device:
    """A device as `lookside` describes it, or as it was kept. Raises KeyError, TypeError, ValueError."""
    return Device(
        driver,
        str(found["mark"]),
        str(found["identity"]),
        str(found["description"]),
        bool(found["software"]),
        int(found["memoryTotal"]),
        int(found["memoryFree"]),
    )


def described(device: Device) -> dict[str, Any]:
    """What `device_of` reads."""
    return {
        "mark": device.mark,
        "identity": device.identity,
        "description": device.description,
        "software": device.is_software,
        "memoryTotal": device.memory_total,
        "memoryFree": device.memory_free,
    }
