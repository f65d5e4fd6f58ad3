"""The few calls that list a Vulkan loader's devices, through a library that is linked with the loader."""

import ctypes
from typing import Any

_SUCCESS = 0
# What the loader answers where no driver has a device.
_NOTHING_HERE = (-3, -9)  # VK_ERROR_INITIALIZATION_FAILED, VK_ERROR_INCOMPATIBLE_DRIVER
_INSTANCE_CREATE_INFO, _APPLICATION_INFO = 1, 0
_PROPERTIES_2, _ID_PROPERTIES = 1000059001, 1000071004
_VERSION_1_1 = 1 << 22 | 1 << 12
_CPU = 4  # VK_PHYSICAL_DEVICE_TYPE_CPU
_DEVICE_LOCAL = 1
_KIND_ORDER = {2: 0, 3: 1, 1: 2}  # discrete, virtual, integrated, then whatever else


class VulkanFailed(Exception):
    """The loader or a driver answered with an error."""


class _Application(ctypes.Structure):
    _fields_ = [
        ("type", ctypes.c_uint32), ("next", ctypes.c_void_p), ("name", ctypes.c_char_p), ("version", ctypes.c_uint32),
        ("engine", ctypes.c_char_p), ("engine_version", ctypes.c_uint32), ("api_version", ctypes.c_uint32),
    ]  # fmt: skip


class _InstanceInfo(ctypes.Structure):
    _fields_ = [
        ("type", ctypes.c_uint32), ("next", ctypes.c_void_p), ("flags", ctypes.c_uint32),
        ("application", ctypes.POINTER(_Application)), ("layer_count", ctypes.c_uint32), ("layers", ctypes.c_void_p),
        ("extension_count", ctypes.c_uint32), ("extensions", ctypes.c_void_p),
    ]  # fmt: skip


class _Id(ctypes.Structure):
    _fields_ = [
        ("type", ctypes.c_uint32), ("next", ctypes.c_void_p), ("device", ctypes.c_uint8 * 16),
        ("driver", ctypes.c_uint8 * 16), ("luid", ctypes.c_uint8 * 8), ("mask", ctypes.c_uint32),
        ("luid_valid", ctypes.c_uint32),
    ]  # fmt: skip


class _Properties(ctypes.Structure):
    # The limits and sparse properties behind these fields take 544 bytes; there is room for more.
    _fields_ = [
        ("type", ctypes.c_uint32), ("next", ctypes.POINTER(_Id)), ("api_version", ctypes.c_uint32),
        ("driver_version", ctypes.c_uint32), ("vendor", ctypes.c_uint32), ("device", ctypes.c_uint32),
        ("kind", ctypes.c_uint32), ("name", ctypes.c_char * 256), ("cache", ctypes.c_uint8 * 16),
        ("rest", ctypes.c_uint64 * 128),
    ]  # fmt: skip


class _Heap(ctypes.Structure):
    _fields_ = [("size", ctypes.c_uint64), ("flags", ctypes.c_uint32)]


class _Memory(ctypes.Structure):
    _fields_ = [
        ("type_count", ctypes.c_uint32), ("types", ctypes.c_uint32 * 2 * 32),
        ("heap_count", ctypes.c_uint32), ("heaps", _Heap * 16),
    ]  # fmt: skip


def physical_devices(loader: Any) -> list[dict[str, Any]]:
    """The devices of all drivers that the environment allows, in the loader's order. Raises VulkanFailed."""
    instance = _instance(loader)
    if instance is None:
        return []
    enumerate_devices = loader.vkEnumeratePhysicalDevices
    enumerate_devices.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p]
    count = ctypes.c_uint32()
    result = enumerate_devices(instance, ctypes.byref(count), None)
    if result in _NOTHING_HERE:
        return []
    _check("vkEnumeratePhysicalDevices", result)
    handles = (ctypes.c_void_p * count.value)()
    _check("vkEnumeratePhysicalDevices", enumerate_devices(instance, ctypes.byref(count), handles))
    found = [(*_describe(loader, handle), index) for index, handle in enumerate(handles[: count.value])]
    # The best kind first; `mark` keeps the loader's own order, which is ggml's.
    found.sort(key=lambda each: (_KIND_ORDER.get(each[0], len(_KIND_ORDER)), each[2]))
    return [{**description, "mark": str(index)} for _, description, index in found]


def _instance(loader: Any) -> Any:
    """An instance, or None where no driver serves this machine."""
    application = _Application(type=_APPLICATION_INFO, api_version=_VERSION_1_1)
    info = _InstanceInfo(type=_INSTANCE_CREATE_INFO, application=ctypes.pointer(application))
    instance = ctypes.c_void_p()
    result = loader.vkCreateInstance(ctypes.byref(info), None, ctypes.byref(instance))
    if result in _NOTHING_HERE:
        return None
    _check("vkCreateInstance", result)
    return instance


def _describe(loader: Any, handle: Any) -> tuple[int, dict[str, Any]]:
    id = _Id(type=_ID_PROPERTIES)
    properties = _Properties(type=_PROPERTIES_2, next=ctypes.pointer(id))
    loader.vkGetPhysicalDeviceProperties2.argtypes = [ctypes.c_void_p, ctypes.c_void_p]
    loader.vkGetPhysicalDeviceProperties2(handle, ctypes.byref(properties))
    memory = _memory_bytes(loader, handle, properties.kind)
    return properties.kind, {
        "identity": f"{bytes(id.device).hex()}-{bytes(id.driver).hex()}-{properties.driver_version}",
        "description": properties.name.decode("utf-8", "replace"),
        "software": properties.kind == _CPU,
        "memoryTotal": memory,
        "memoryFree": memory,
    }


def _memory_bytes(loader: Any, handle: Any, kind: int) -> int:
    """What ggml counts: the device's own memory, and for one in the processor all it can reach."""
    memory = _Memory()
    loader.vkGetPhysicalDeviceMemoryProperties.argtypes = [ctypes.c_void_p, ctypes.c_void_p]
    loader.vkGetPhysicalDeviceMemoryProperties(handle, ctypes.byref(memory))
    heaps = memory.heaps[: memory.heap_count]
    return sum(heap.size for heap in heaps if kind == 1 or heap.flags & _DEVICE_LOCAL)


def _check(function: str, result: int) -> None:
    if result != _SUCCESS:
        raise VulkanFailed(f"{function} failed with {result}")
