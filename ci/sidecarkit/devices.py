"""What a sidecar can compute with on this machine, and with what it cannot and why: by its own word."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sidecarkit.errors import SmokeFailed
from sidecarkit.sidecar_client import SidecarClient, SidecarClientError

SOFTWARE = "software"
# A device has 15 seconds to prove itself, and several may have to.
_PROOF_LIMIT_S = 120.0
_LOOK_EVERY_S = 0.1
_END_LIMIT_S = 10.0


@dataclass(frozen=True, kw_only=True)
class Device:
    """One device that computes; `kind` is `cpu`, `gpu`, or `software` for a graphics card that a program pretends."""

    id: str
    kind: str
    description: str
    backend: str


@dataclass(frozen=True, kw_only=True)
class Devices:
    """Those that may be measured, and by the name of each backend why it has none that is used unasked."""

    usable: tuple[Device, ...]
    reasons: Mapping[str, str]

    def to_measure(self, *, software: bool) -> tuple[Device, ...]:
        """All that are usable; one that a program pretends only where it is asked for."""
        return tuple(device for device in self.usable if software or device.kind != SOFTWARE)

    def without(self, measured: Sequence[Device]) -> dict[str, str]:
        """The backends that none of `measured` belongs to, with their reasons."""
        there = {device.backend for device in measured}
        return {backend: reason for backend, reason in self.reasons.items() if backend not in there}


def ask(program: Path) -> Devices:
    """Start the sidecar and wait until it knows its devices. Raises SmokeFailed when it does not tell."""
    with tempfile.TemporaryDirectory(prefix="devices-") as cache:
        environment = os.environ | {"XDG_CACHE_HOME": cache, "LOCALAPPDATA": cache}
        try:
            with SidecarClient([program], env=environment, cwd=Path(cache)) as sidecar:
                backends = _settled(sidecar)
                sidecar.request("shutdown", timeout_s=_END_LIMIT_S)
        except (SidecarClientError, OSError) as error:
            raise SmokeFailed(
                f"`{program.name}` does not tell its devices: {error}", hint=f"ask it yourself: `{program} --self-test`"
            ) from error
    return of_backends(backends)


def of_backends(backends: Sequence[Mapping[str, Any]]) -> Devices:
    """The devices in the `backends` of `initialize` and `status`."""
    usable = [
        Device(id=each["id"], kind=each["kind"], description=each["description"], backend=backend["name"])
        for backend in backends
        for each in backend["devices"]
        if _is_usable(backend, each)
    ]
    reasons = {each["name"]: each.get("reason", each["state"]) for each in backends if each["state"] != "ready"}
    return Devices(usable=tuple(usable), reasons=reasons)


def _is_usable(backend: Mapping[str, Any], device: Mapping[str, Any]) -> bool:
    """A software rasteriser is proven when it is asked for, and not before."""
    proven = "untried" if device["kind"] == SOFTWARE else "proven"
    return device["state"] in (proven, "proven") if "state" in device else backend["state"] == "ready"


def _settled(sidecar: SidecarClient) -> list[dict[str, Any]]:
    """The backends once none is being proven any more; those that still are after the limit are told as such."""
    backends: list[dict[str, Any]] = sidecar.initialize().result["backends"]
    deadline = time.monotonic() + _PROOF_LIMIT_S
    while any(each["state"] == "probing" for each in backends) and time.monotonic() < deadline:
        time.sleep(_LOOK_EVERY_S)
        backends = sidecar.request("status").result["backends"]
    return backends
