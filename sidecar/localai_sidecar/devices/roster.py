"""Drivers, devices by their ids, and the verdicts on them: what is known so far, and told to clients."""

import os
import threading
from pathlib import Path
from typing import Any

from localai_sidecar.devices.drivers import PLUG_INS, drivers_of, plug_ins
from localai_sidecar.devices.kinds import VULKAN, Device, Driver, Verdict
from localai_sidecar.devices.memory import Known, Memory
from localai_sidecar.kept.cachefolder import CacheFolder

_NO_DRIVER = {VULKAN: "no Vulkan driver is installed", "CUDA": "no NVIDIA driver is installed"}
_NO_DEVICE = "no driver has a device here"


class Roster:
    """May be asked from any thread; ids stay with their devices for as long as the process lives."""

    def __init__(self, native: Path, build_id: str) -> None:
        self.backends = plug_ins(native)
        self._native = native
        self._build_id = build_id
        self._memory = Memory(CacheFolder(None), build_id, native)
        self._known: dict[Driver, Known | None] = {}
        self._devices: dict[str, Device] = {}
        self._free: dict[str, int] = {}
        self._lock = threading.RLock()

    def recall(self, cache: CacheFolder) -> None:
        """Find the drivers, and take up what was found out about them before."""
        with self._lock:
            self._memory = Memory(cache, self._build_id, self._native)
            for backend in self.backends:
                for driver in drivers_of(backend, os.environ):
                    self._known[driver] = self._memory.recall(driver)
            if all(self._known.values()):
                self.number()

    # -- what is known -------------------------------------------------------------------------------------------

    @property
    def memory(self) -> Memory:
        """What outlives the process."""
        return self._memory

    def drivers(self, backend: str | None = None) -> dict[Driver, Known | None]:
        """All drivers, or those of a backend; None is for one that nothing is known of yet."""
        with self._lock:
            return {driver: known for driver, known in self._known.items() if backend in (None, driver.backend)}

    def devices(self) -> dict[str, Device]:
        """All devices by id."""
        with self._lock:
            return dict(self._devices)

    def verdict(self, id: str) -> Verdict | None:
        """The verdict on the device of that id, or None if there is no such device or it was not tried."""
        with self._lock:
            device = self._devices.get(id)
            known = self._known.get(device.driver) if device else None
            return known.verdicts.get(device.identity) if device and known else None

    def proven(self, backend: str | None = None) -> list[str]:
        """The devices that compute rightly."""
        return [
            id
            for id, device in self.devices().items()
            if backend in (None, device.driver.backend) and is_proven(self.verdict(id))
        ]

    @property
    def is_complete(self) -> bool:
        """Whether nothing is left to be looked at or proven unasked."""
        untried = (id for id, device in self.devices().items() if not device.is_software and not self.verdict(id))
        return all(self.drivers().values()) and not any(untried)

    # -- what is found out ---------------------------------------------------------------------------------------

    def learn(self, driver: Driver, known: Known, keep: bool) -> None:
        """What looking at a driver gave; `keep` it for later processes."""
        with self._lock:
            self._known[driver] = known
        # Not under the lock: a disk may be slow, and `status` is not.
        if keep:
            self._memory.remember(driver, known)

    def judge(self, id: str, verdict: Verdict) -> None:
        """The outcome of a proof."""
        device = self.devices()[id]
        known = self.drivers()[device.driver]
        if known:
            known = known._replace(verdicts={**known.verdicts, device.identity: verdict})
            self.learn(device.driver, known, keep=True)

    def number(self) -> None:
        """Give new devices their ids: GPUs before software, then in the order of drivers and of devices in them."""
        with self._lock:
            taken = {(device.driver, device.identity) for device in self._devices.values()}
            fresh = [
                device
                for known in self._known.values()
                for device in (known.looked.devices if known else ())
                if (device.driver, device.identity) not in taken
            ]
            for device in sorted(fresh, key=lambda device: device.is_software):
                backend = device.driver.backend
                count = sum(each.driver.backend == backend for each in self._devices.values())
                self._devices[f"{backend}{count}"] = device

    def note_free(self, id: str, free: int) -> None:
        """The device's free memory was seen."""
        with self._lock:
            self._free[id] = free

    # -- what is told --------------------------------------------------------------------------------------------

    def describe(self, settled: bool) -> list[dict[str, Any]]:
        """Their part of `backends` in `initialize` and `status`; unless `settled`, proofs are still running."""
        return [self._backend(backend, settled) for backend in self.backends]

    def reason(self, backend: str) -> str:
        """Why no device of a backend may be used."""
        drivers = self.drivers(backend)
        if not drivers:
            return _NO_DRIVER[backend]
        failed = [known.looked.reason for known in drivers.values() if known and known.looked.reason]
        devices = [id for id, device in self.devices().items() if device.driver.backend == backend]
        return "; ".join([*map(self._flaw, devices), *dict.fromkeys(failed)]) or _NO_DEVICE

    def _backend(self, backend: str, settled: bool) -> dict[str, Any]:
        devices = [
            self._device(id, device) for id, device in self.devices().items() if device.driver.backend == backend
        ]
        state = "ready" if self.proven(backend) else "unavailable" if settled else "probing"
        entry = {"name": backend, "library": PLUG_INS[backend], "state": state, "devices": devices}
        return entry | {"reason": self.reason(backend)} if state == "unavailable" else entry

    def _device(self, id: str, device: Device) -> dict[str, Any]:
        verdict = self.verdict(id)
        entry = {
            "id": id,
            "kind": "software" if device.is_software else "gpu",
            "description": device.description,
            "memoryTotal": device.memory_total,
            "memoryFree": self._free.get(id, device.memory_free),
            "state": "untried" if verdict is None else "proven" if is_proven(verdict) else "failed",
        }
        return entry if is_proven(verdict) else {**entry, "reason": self._flaw(id)}

    def _flaw(self, id: str) -> str:
        verdict, device = self.verdict(id), self.devices()[id]
        if verdict is not None:
            return f"{id} ({device.description}): {verdict.reason}"
        if device.is_software:
            return f"{id} ({device.description}) computes on the processor, slower than the CPU itself"
        return f"{id} ({device.description}) was not tried yet"


def is_proven(verdict: Verdict | None) -> bool:
    """Whether a device with this verdict may be used."""
    return verdict is not None and verdict.code is None
