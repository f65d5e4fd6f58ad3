"""NVIDIA's card as its driver's own library NVML tells of it, and where the machine has cuBLAS."""

from __future__ import annotations

import ctypes
import os
import site
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

_NVML = "libnvidia-ml.so.1"
_TEXT_BYTES = 96
CUBLAS = ("libcublas.so.13", "libcublasLt.so.13")


class NoCard(Exception):
    """There is no driver or no card; the text says which."""


class _Memory(ctypes.Structure):
    _fields_ = (("total", ctypes.c_ulonglong), ("free", ctypes.c_ulonglong), ("used", ctypes.c_ulonglong))


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What makes a measurement comparable. `memory` in bytes."""

    name: str
    driver: str
    capability: str
    memory: int


class Card:
    """The first card of this machine. Raises NoCard."""

    def __init__(self) -> None:
        try:
            self._nvml = ctypes.CDLL(_NVML)
        except OSError as error:
            raise NoCard(f"there is no NVIDIA driver: {error}") from None
        self._call("nvmlInit_v2")
        self._handle = ctypes.c_void_p()
        self._call("nvmlDeviceGetHandleByIndex_v2", ctypes.c_uint(0), ctypes.byref(self._handle))

    def facts(self) -> Facts:
        """Name, driver, compute capability, memory."""
        name, driver = (ctypes.create_string_buffer(_TEXT_BYTES) for _ in range(2))
        major, minor = ctypes.c_int(), ctypes.c_int()
        self._call("nvmlDeviceGetName", self._handle, name, _TEXT_BYTES)
        self._call("nvmlSystemGetDriverVersion", driver, _TEXT_BYTES)
        self._call("nvmlDeviceGetCudaComputeCapability", self._handle, ctypes.byref(major), ctypes.byref(minor))
        return Facts(
            name=name.value.decode(), driver=driver.value.decode(), capability=f"{major.value}.{minor.value}",
            memory=self._memory().total,
        )  # fmt: skip

    def used(self) -> int:
        """Bytes of the card's memory that are in use by anybody."""
        return int(self._memory().used)

    def _memory(self) -> _Memory:
        memory = _Memory()
        self._call("nvmlDeviceGetMemoryInfo", self._handle, ctypes.byref(memory))
        return memory

    def _call(self, name: str, *arguments: object) -> None:
        result = getattr(self._nvml, name)(*arguments)
        if result:
            raise NoCard(f"{name} of {_NVML} failed with {result}")


def find_cublas(folders: Iterable[Path]) -> Path | None:
    """The first of `folders` that holds both libraries of cuBLAS."""
    return next((folder for folder in folders if all((folder / name).is_file() for name in CUBLAS)), None)


def usual_folders(environment: Mapping[str, str] = os.environ) -> Iterator[Path]:
    """Where machines have cuBLAS: what is asked for, CUDA's own folders, the system's, and wheels of every Python."""
    for name in ("CUDA_PATH", "CUDA_HOME"):
        if environment.get(name):
            yield from (Path(environment[name]) / inside for inside in ("lib64", "lib"))
    yield from map(Path, filter(None, environment.get("LD_LIBRARY_PATH", "").split(":")))
    for root in sorted(Path("/usr/local").glob("cuda*"), reverse=True):
        yield root / "lib64"
    yield from (Path("/opt/cuda/lib64"), Path("/usr/lib/x86_64-linux-gnu"), Path("/usr/lib64"), Path("/usr/lib"))
    roots = [*site.getsitepackages(), site.getusersitepackages(), *sys.path]
    for pattern in ("/opt/*/.venv", "/opt/*/venv", "/opt/venv", "/usr/local", "/opt/conda"):
        roots += map(str, Path("/").glob(f"{pattern[1:]}/lib/python3*/*-packages"))
    yield from (Path(root) / "nvidia" / "cu13" / "lib" for root in dict.fromkeys(roots))
