"""The `log` notifications about devices; PROTOCOL.md lists them, so that clients can translate them."""

from localai_sidecar.devices.kinds import (
    CRASHED,
    HUNG,
    NO_DRIVER,
    NO_MEMORY,
    PLUG_IN_BROKEN,
    SOFTWARE,
    WRONG_NUMBERS,
    Device,
    Driver,
    Looked,
    Verdict,
)
from localai_sidecar.devices.layers import Fit
from localai_sidecar.protocol.notices import Notice, notice

_WHAT = {
    CRASHED: "crashed when it was tried",
    HUNG: "did not answer when it was tried",
    WRONG_NUMBERS: "computes wrongly",
    NO_MEMORY: "has too little memory",
    PLUG_IN_BROKEN: "cannot be used by this program",
    NO_DRIVER: "has no driver",
}


def driver_skipped(driver: Driver, looked: Looked) -> Notice:
    """A driver failed before it told which devices it has."""
    code = looked.code or CRASHED
    text = f"the {driver.backend} driver {driver.library} {_WHAT[code]} and is passed over: {looked.reason}"
    return _skipped(text, driver.backend, code, looked.reason or "")


def nothing_there(backend: str, reason: str) -> Notice:
    """A backend has no device to offer on this machine."""
    text = f"{backend} is not used: {reason}"
    return notice("info", "device_skipped", text, backend=backend, reason=reason, code=NO_DRIVER)


def software(id: str, device: Device) -> Notice:
    """A software rasteriser is not used unless it is asked for."""
    reason = f"{device.description} computes on the processor, slower than the CPU itself"
    text = f"{id} is passed over: {reason}; it is used only if it is asked for by this name"
    return notice(
        "info", "device_skipped", text, device=id, backend=device.driver.backend, reason=reason, code=SOFTWARE
    )


def verdict(id: str, device: Device, verdict: Verdict) -> Notice:
    """What the proof of a device gave."""
    if verdict.code is None:
        text = f"{id} ({device.description}) computes rightly and may be used from now on"
        return notice("info", "device_ready", text, device=id, seconds=round(verdict.seconds, 3))
    text = f"{id} ({device.description}) {_WHAT[verdict.code]} and is passed over: {verdict.reason}"
    return _skipped(text, device.driver.backend, verdict.code, verdict.reason or "", device=id)


def no_memory(id: str, backend: str, needed: int, free: int) -> Notice:
    """The best device holds too little of the model to be worth it."""
    reason = f"about {needed / 2**20:.0f} MiB are needed and {free / 2**20:.0f} MiB are free"
    text = f"{id} has too little free memory for this model and is passed over: {reason}"
    return _skipped(text, backend, NO_MEMORY, reason, device=id)


def not_shown(id: str, backend: str, reason: str) -> Notice:
    """A device was proven, and is not there when it is wanted."""
    return _skipped(f"{id} is passed over: {reason}", backend, PLUG_IN_BROKEN, reason, device=id)


def chosen(device: str, reason: str) -> Notice:
    """What computes, where nobody asked for a device and there was more than one."""
    return notice("info", "device_chosen", f"{device} computes: {reason}", device=device, reason=reason)


def layers_on_cpu(device: str, fit: Fit) -> Notice:
    """A part of the model stays on the CPU."""
    layers = fit.total - fit.layers
    text = f"{layers} of the model's {fit.total} layers stay on the CPU: {device} has no memory for more"
    return notice("warning", "layers_on_cpu", text, device=device, layers=layers, total=fit.total)


def _skipped(text: str, backend: str, code: str, reason: str, **more: str) -> Notice:
    return notice("warning", "device_skipped", text, backend=backend, reason=reason, code=code, **more)
