"""The plug-ins that this process has loaded, and the devices they show: only ever such that are proven."""

import contextlib
import os
from collections.abc import Iterator, Mapping

from localai_sidecar.devices.drivers import PLUG_INS
from localai_sidecar.devices.kinds import CUDA, VULKAN, Device, environment_of
from localai_sidecar.devices.roster import Roster
from localai_sidecar.llama.gpudevice import GpuDevice, load_plug_in
from localai_sidecar.llama.library import Library
from localai_sidecar.machine import vulkandrivers
from localai_sidecar.trials.look import Asked, look


class NotShown(Exception):
    """A proven device cannot be used in this process; the text says why. `restart`: but it can in another one."""

    def __init__(self, text: str, restart: bool) -> None:
        super().__init__(text)
        self.restart = restart


class InUse:
    """For the worker's thread only."""

    def __init__(self, library: Library, roster: Roster) -> None:
        self._library = library
        self._roster = roster
        self._shown: dict[str, dict[str, GpuDevice]] = {}

    def device(self, id: str) -> GpuDevice:
        """The device as ggml has it; its plug-in is loaded when first needed. Raises NotShown.

        The plug-in gets to see all devices of its backend that are proven by then, and never another one: it reads the
        environment once, and cannot be unloaded. A device that is proven later needs another process.
        """
        backend = self._roster.devices()[id].driver.backend
        if backend not in self._shown:
            self._shown[backend] = self._load(backend, id)
        gpu = self._shown[backend].get(id)
        if gpu is None:
            raise NotShown(f"{id} was proven after this process had loaded its plug-in for {backend}", restart=True)
        return gpu

    def _load(self, backend: str, wanted: str) -> dict[str, GpuDevice]:
        devices = self._roster.devices()
        ids = self._roster.proven(backend)
        environment, ids = _cut(backend, {id: devices[id] for id in ids}, wanted)
        with _added(environment):
            gpus = load_plug_in(self._library, PLUG_INS[backend])
        shown = dict(zip(ids, gpus, strict=False))
        if len(gpus) != len(ids) or any(gpu.description != devices[id].description for id, gpu in shown.items()):
            names = ", ".join(gpu.description for gpu in gpus) or "no device"
            raise NotShown(f"{PLUG_INS[backend]} shows {names} instead of {', '.join(ids)}", restart=False)
        return shown


def _cut(backend: str, devices: Mapping[str, Device], wanted: str) -> tuple[Mapping[str, str], list[str]]:
    """The environment in which a plug-in sees these devices only, and their ids in the order it sees them in."""
    drivers = {device.driver for device in devices.values()}
    if backend == CUDA or len(drivers) == 1:
        return environment_of(list(devices.values())), list(devices)
    # Several drivers: how the loader orders their devices is its own affair, so a process that is thrown away asks it.
    environment = vulkandrivers.environment_for(sorted(driver.manifest for driver in drivers))
    (found,) = look([Asked(VULKAN, PLUG_INS[VULKAN], environment)])
    marks = {each["identity"]: each["mark"] for each in found.get("devices", [])}
    if len({device.identity for device in devices.values()} & set(marks)) < len(devices):
        return environment_of([devices[wanted]]), [wanted]
    order = ",".join(marks[device.identity] for device in devices.values())
    return {**environment, "GGML_VK_VISIBLE_DEVICES": order}, list(devices)


@contextlib.contextmanager
def _added(environment: Mapping[str, str]) -> Iterator[None]:
    """The environment with these variables, for as long as a plug-in is being loaded: it reads them then."""
    before = {name: os.environ.get(name) for name in environment}
    os.environ.update(environment)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
