"""Finds, loads and proves llama.cpp's libraries, from the engine's own folder and nowhere else."""

import ctypes
import os
import sys
import typing
from pathlib import Path
from typing import Any, NamedTuple

from localai_sidecar.errors import EXIT_LIBRARIES, StartFailed
from localai_sidecar.llama.nativelog import NativeLog
from localai_sidecar.log import Log
from localai_sidecar.memory import available_bytes

_HINT = "the installation is incomplete or damaged: install it again, or run the build's `native` and `pack` stages"
# In the order of their dependencies: what is loaded already is not searched for, so LD_LIBRARY_PATH cannot plant it.
_LIBRARIES = ("libggml-base.so", "libggml.so", "libllama.so")
_CPU = 0
_KINDS = {0: "cpu", 1: "gpu", 2: "igpu", 3: "accelerator"}


class Device(NamedTuple):
    """Something that computes; memory in bytes."""

    id: str
    kind: str
    description: str
    memory_total: int
    memory_free: int


class Library(NamedTuple):
    """llama.cpp, loaded. `llama` is the module of its low-level bindings, `ggml` the library below it."""

    llama: Any
    ggml: ctypes.CDLL
    native_folder: Path
    native_log: NativeLog
    cpu_library: str

    def devices(self) -> list[Device]:
        """Every device there is, with its memory as it is now."""
        return [_device(self.ggml, self.ggml.ggml_backend_dev_get(i)) for i in range(_device_count(self.ggml))]

    def backends(self) -> list[dict[str, Any]]:
        """The `backends` of `initialize` and `status`."""
        devices = [
            {
                "id": device.id,
                "kind": device.kind,
                "description": device.description,
                "memoryTotal": device.memory_total,
                "memoryFree": device.memory_free,
            }
            for device in self.devices()
            if device.kind == "cpu"
        ]
        return [{"name": "CPU", "library": self.cpu_library, "state": "ready", "devices": devices}]

    def attach_threadpool(self, context: Any, pool: int) -> None:
        """`llama_attach_threadpool`, which the bindings lack."""
        attach = ctypes.CDLL(str(self.native_folder / "libllama.so")).llama_attach_threadpool
        attach.restype, attach.argtypes = None, [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p]
        attach(context, pool, None)

    def cpu_function(self, name: bytes, restype: Any, *argtypes: Any) -> Any:
        """A function that only the CPU's plug-in has, by name."""
        device = self.ggml.ggml_backend_dev_by_type(_CPU)
        address = self.ggml.ggml_backend_reg_get_proc_address(self.ggml.ggml_backend_dev_backend_reg(device), name)
        return ctypes.CFUNCTYPE(restype, *argtypes)(address)


def load(folder: Path, log: Log) -> Library:
    """llama.cpp out of `folder`/llama, with the CPU's plug-in that suits this machine best.

    Pins the working folder, since ggml would look for plug-ins there as well. Raises StartFailed.
    """
    native = folder / "llama"
    os.environ.pop("GGML_BACKEND_PATH", None)
    # On a failed assertion ggml would start a debugger, if there is one, and keep the driver waiting for the end.
    os.environ["GGML_NO_BACKTRACE"] = "1"
    os.environ["LLAMA_CPP_LIB_PATH"] = str(native)
    try:
        os.chdir(folder)
        for name in _LIBRARIES[:-1]:
            ctypes.CDLL(str(native / name), mode=ctypes.RTLD_GLOBAL)
        ggml = ctypes.CDLL(str(native / "libggml.so"))
        llama = _bindings()
    except (OSError, RuntimeError, ImportError) as error:
        raise StartFailed(EXIT_LIBRARIES, f"llama.cpp's libraries cannot be loaded: {error}", _HINT) from None
    _declare(ggml)
    native_log = NativeLog(llama, log)
    llama.llama_log_set(native_log.callback, None)
    ggml.ggml_backend_load_all_from_path(os.fsencode(native))
    llama.llama_backend_init()
    if not ggml.ggml_backend_dev_by_type(_CPU):
        raise StartFailed(EXIT_LIBRARIES, f"no CPU plug-in (libggml-cpu-*.so) in {native} can be used here", _HINT)
    return Library(llama, ggml, native, native_log, _loaded_cpu_library())


def _bindings() -> Any:
    # The bindings want one name of typing_extensions, which typing has as well: 10 ms less, and a package less.
    sys.modules.setdefault("typing_extensions", typing)
    from llama_cpp import llama_cpp

    return llama_cpp


def _declare(ggml: ctypes.CDLL) -> None:
    pointer, text, size = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t
    sizes = ctypes.POINTER(size)
    for name, restype, argtypes in (
        ("ggml_backend_load_all_from_path", None, [text]),
        ("ggml_backend_dev_count", size, []),
        ("ggml_backend_dev_get", pointer, [size]),
        ("ggml_backend_dev_by_type", pointer, [ctypes.c_int]),
        ("ggml_backend_dev_type", ctypes.c_int, [pointer]),
        ("ggml_backend_dev_name", text, [pointer]),
        ("ggml_backend_dev_description", text, [pointer]),
        ("ggml_backend_dev_memory", None, [pointer, sizes, sizes]),
        ("ggml_backend_dev_backend_reg", pointer, [pointer]),
        ("ggml_backend_reg_get_proc_address", pointer, [pointer, text]),
    ):
        function = getattr(ggml, name)
        function.restype, function.argtypes = restype, argtypes


def _device_count(ggml: ctypes.CDLL) -> int:
    return int(ggml.ggml_backend_dev_count())


def _device(ggml: ctypes.CDLL, device: int) -> Device:
    free, total = ctypes.c_size_t(), ctypes.c_size_t()
    ggml.ggml_backend_dev_memory(device, ctypes.byref(free), ctypes.byref(total))
    kind = _KINDS.get(ggml.ggml_backend_dev_type(device), "other")
    return Device(
        id=ggml.ggml_backend_dev_name(device).decode("utf-8", "replace"),
        kind=kind,
        description=ggml.ggml_backend_dev_description(device).decode("utf-8", "replace"),
        memory_total=total.value,
        # For the CPU ggml calls all of the memory free.
        memory_free=available_bytes() if kind == "cpu" else free.value,
    )


def _loaded_cpu_library() -> str:
    """The plug-in that ggml chose: it does not say, but the process maps it."""
    maps = Path("/proc/self/maps").read_text(errors="replace").splitlines()
    names = (line.rpartition("/")[2] for line in maps)
    return next((name for name in names if name.startswith("libggml-cpu")), "built in")
