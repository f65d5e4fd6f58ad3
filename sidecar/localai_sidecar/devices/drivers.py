"""Which drivers there are for the plug-ins beside the engine, and what tells that one of them has changed."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from localai_sidecar.devices.kinds import CUDA, VULKAN, Driver
from localai_sidecar.kept.cachefolder import digest
from localai_sidecar.machine.vulkandrivers import vulkan_drivers

# Backend → its plug-in, the one that is faster where both serve a device first.
PLUG_INS = {CUDA: "libggml-cuda.so", VULKAN: "libggml-vulkan.so"}
_RENDER_NODES = Path("/sys/class/drm")
# Installing a library changes it: for drivers that could not be loaded, so that nobody knows their files.
_LINKERS_CACHE = "/etc/ld.so.cache"


def plug_ins(native: Path) -> list[str]:
    """The backends whose plug-in lies beside the engine's libraries."""
    return [backend for backend, name in PLUG_INS.items() if (native / name).exists()]


def drivers_of(backend: str, environment: Mapping[str, str]) -> list[Driver]:
    """The drivers to look at, each by itself."""
    plug_in = PLUG_INS[backend]
    if backend == CUDA:
        return [Driver(CUDA, plug_in, "", "libcuda.so.1")]
    return [Driver(VULKAN, plug_in, str(driver.manifest), driver.library) for driver in vulkan_drivers(environment)]


def fingerprint(driver: Driver, native: Path, files: Iterable[str]) -> str:
    """What changes with the driver, its `files`, the plug-in, the kernel, or the devices that can be reached."""
    known = list(files) or [driver.library, _LINKERS_CACHE]
    stated = [_state(path) for path in (str(native / driver.plug_in), driver.manifest, *known)]
    return digest(*stated, os.uname().release, *_reachable_devices())


def _state(path: str) -> str:
    try:
        status = Path(path).stat()
    except OSError:
        return f"{path}: none"
    return f"{path}: {status.st_size} {status.st_mtime_ns}"


def _reachable_devices() -> list[str]:
    """The devices' places and makers, and whether this user may use them."""
    nodes = [path for path in _entries(_RENDER_NODES) if path.name.startswith("renderD")]
    reachable = [f"{node.name} {_place(node)} {_usable(f'/dev/dri/{node.name}')}" for node in nodes]
    nvidia = [path for path in _entries(Path("/dev")) if path.name.startswith("nvidia")]
    return reachable + [f"{path.name} {_usable(str(path))}" for path in nvidia]


def _place(node: Path) -> str:
    try:
        device = (node / "device").resolve()
        return f"{device} {(device / 'vendor').read_text()} {(device / 'device').read_text()}"
    except OSError:
        return ""


def _usable(path: str) -> bool:
    return os.access(path, os.R_OK | os.W_OK)


def _entries(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []
