"""The few calls of NVIDIA's driver that list its devices; none of them takes memory on a device."""

import ctypes
from collections.abc import Sequence
from typing import Any

_SUCCESS, _NO_DEVICE = 0, 100
_OTHER_VERSIONS = (803, 804)
_DRIVER = "libcuda.so.1"
_MAJOR, _MINOR = 75, 76  # CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_*
# What the plug-in is built with: its minor versions go with every driver of the same major one.
_CUDA = 13000


class CudaFailed(Exception):
    """There is no driver, or none that serves this build; the text says why."""


def cuda_devices(architectures: Sequence[str]) -> list[dict[str, Any]]:
    """The devices that the environment allows; `unfit` says why a plug-in with these architectures has no code for one.

    Raises CudaFailed.
    """
    try:
        driver = ctypes.CDLL(_DRIVER)
    except OSError:
        raise CudaFailed(f"there is no NVIDIA driver ({_DRIVER})") from None
    result = driver.cuInit(0)
    if result == _NO_DEVICE:
        raise CudaFailed("the NVIDIA driver finds no device")
    if result in _OTHER_VERSIONS:
        raise CudaFailed("the NVIDIA driver and its kernel module differ in version: restart the computer")
    _check("cuInit", result)
    version = ctypes.c_int()
    _check("cuDriverGetVersion", driver.cuDriverGetVersion(ctypes.byref(version)))
    if version.value < _CUDA:
        raise CudaFailed(
            f"the NVIDIA driver serves CUDA {_cuda(version.value)}, this build needs {_cuda(_CUDA)}: "
            "update it to 580 or newer, or use the Vulkan build"
        )
    count = ctypes.c_int()
    _check("cuDeviceGetCount", driver.cuDeviceGetCount(ctypes.byref(count)))
    return [_describe(driver, ordinal, version.value, architectures) for ordinal in range(count.value)]


def unfit(major: int, minor: int, architectures: Sequence[str]) -> str | None:
    """Why code for these architectures (as nvcc names them) does not run on a compute capability, or None if it does.

    Code for one runs on later minor versions of its major one; without `-real` there is more that a driver can compile
    for any later one. The letters `a` and `f` bind it to just that one.
    """
    if not architectures or any(_serves(architecture, major, minor) for architecture in architectures):
        return None
    here = f"{major}.{minor}"
    if (major, minor) < (7, 5):
        return f"compute capability {here} is older than 7.5, the oldest that CUDA 13 serves: use the Vulkan build"
    built = ", ".join(dict.fromkeys(".".join(map(str, _capability(each))) for each in architectures))
    return f"this build has code for {built}; none of it runs on compute capability {here}: use the Vulkan build"


def _serves(architecture: str, major: int, minor: int) -> bool:
    built = _capability(architecture)
    name, _, kind = architecture.partition("-")
    if not name.isdigit():
        return built == (major, minor)
    if kind != "virtual" and built[0] == major and built[1] <= minor:
        return True
    return kind != "real" and built <= (major, minor)


def _capability(architecture: str) -> tuple[int, int]:
    digits = architecture.partition("-")[0].rstrip("af")
    return int(digits[:-1]), int(digits[-1])


def _cuda(version: int) -> str:
    return f"{version // 1000}.{version % 1000 // 10}"


def _describe(driver: Any, ordinal: int, version: int, architectures: Sequence[str]) -> dict[str, Any]:
    device = ctypes.c_int()
    _check("cuDeviceGet", driver.cuDeviceGet(ctypes.byref(device), ordinal))
    name = ctypes.create_string_buffer(256)
    _check("cuDeviceGetName", driver.cuDeviceGetName(name, len(name), device))
    memory = ctypes.c_size_t()
    _check("cuDeviceTotalMem", driver.cuDeviceTotalMem_v2(ctypes.byref(memory), device))
    uuid = (ctypes.c_uint8 * 16)()
    _check("cuDeviceGetUuid", driver.cuDeviceGetUuid_v2(ctypes.byref(uuid), device))
    digits = bytes(uuid).hex()
    # As CUDA_VISIBLE_DEVICES wants it: numbers depend on what else is visible, and on their order.
    mark = f"GPU-{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
    return {
        "mark": mark,
        "identity": f"{mark}-{version}",
        "description": name.value.decode("utf-8", "replace"),
        "software": False,
        "memoryTotal": memory.value,
        "memoryFree": memory.value,
        "unfit": unfit(_attribute(driver, device, _MAJOR), _attribute(driver, device, _MINOR), architectures),
    }


def _attribute(driver: Any, device: Any, attribute: int) -> int:
    value = ctypes.c_int()
    _check("cuDeviceGetAttribute", driver.cuDeviceGetAttribute(ctypes.byref(value), attribute, device))
    return value.value


def _check(function: str, result: int) -> None:
    if result != _SUCCESS:
        raise CudaFailed(f"{function} failed with {result}")
