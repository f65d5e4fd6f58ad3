"""GPUs as ggml has them, after a plug-in was loaded beside the CPU's."""

import ctypes
import os
from typing import Any

from localai_sidecar.llama.library import Library


class GpuDevice:
    """A device of a loaded plug-in; `handle` is a `ggml_backend_dev_t`."""

    def __init__(self, base: Any, handle: int) -> None:
        self._base = base
        self.handle = handle

    @property
    def description(self) -> str:
        """Its name for a person, as its driver has it."""
        text: bytes = self._base.ggml_backend_dev_description(self.handle) or b""
        return text.decode("utf-8", "replace")

    def memory(self) -> tuple[int, int]:
        """Bytes of its memory that are free, and all of them."""
        free, total = ctypes.c_size_t(), ctypes.c_size_t()
        self._base.ggml_backend_dev_memory(self.handle, ctypes.byref(free), ctypes.byref(total))
        return free.value, total.value


def load_plug_in(library: Library, file_name: str) -> list[GpuDevice]:
    """The devices that the environment lets the plug-in see, in its order; none if it cannot be loaded.

    Once is for good: a plug-in cannot be unloaded, as its drivers' threads go on (see `~ggml_backend_registry`), and it
    reads the environment only once.
    """
    base = _base(library)
    # Somebody's experiments: memory that overflows into the machine's would hide that a model does not fit.
    for name in [name for name in os.environ if name.startswith("GGML_CUDA_")]:
        del os.environ[name]
    registry = library.ggml.ggml_backend_load(os.fsencode(library.native_folder / file_name))
    count = base.ggml_backend_reg_dev_count(registry) if registry else 0
    return [GpuDevice(base, base.ggml_backend_reg_dev_get(registry, index)) for index in range(count)]


def device_list(device: GpuDevice | None) -> Any:
    """`llama_model_params.devices` for a model on `device` or on the CPU alone; without it llama.cpp takes them all."""
    return (ctypes.c_void_p * 2)(device.handle if device else None, None)


def _base(library: Library) -> Any:
    base = ctypes.CDLL(str(library.native_folder / "libggml-base.so"))
    pointer = ctypes.c_void_p
    base.ggml_backend_reg_dev_count.restype, base.ggml_backend_reg_dev_count.argtypes = ctypes.c_size_t, [pointer]
    get = base.ggml_backend_reg_dev_get
    get.restype, get.argtypes = pointer, [pointer, ctypes.c_size_t]
    describe = base.ggml_backend_dev_description
    describe.restype, describe.argtypes = ctypes.c_char_p, [pointer]
    base.ggml_backend_dev_memory.restype, base.ggml_backend_dev_memory.argtypes = None, [pointer] * 3
    return base
