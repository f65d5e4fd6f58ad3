"""Finds and loads llama.cpp's libraries, from the engine's own folder and nowhere else."""

import ctypes
import os
import sys
import typing
from pathlib import Path
from typing import Any

from localai_sidecar.errors import EXIT_LIBRARIES, StartFailed
from localai_sidecar.llama.nativelog import NativeLog
from localai_sidecar.llama.variants import PATTERN
from localai_sidecar.log import Log

_HINT = "the installation is incomplete or damaged: install it again, or run the build's `native` and `pack` stages"
# In the order of their dependencies: what is loaded already is not searched for, so LD_LIBRARY_PATH cannot plant it.
_LIBRARIES = ("libggml-base.so", "libggml.so", "libllama.so")


class Library:
    """llama.cpp, loaded. `llama` is the module of its low-level bindings, `ggml` the library below it.

    `variant` is the file name of the CPU plug-in in use.
    """

    def __init__(self, llama: Any, ggml: ctypes.CDLL, native_folder: Path, native_log: NativeLog) -> None:
        self.llama = llama
        self.ggml = ggml
        self.native_folder = native_folder
        self.native_log = native_log
        self.variant: str | None = None
        self._cpu: ctypes.CDLL | None = None

    def use_cpu(self, variant: str) -> bool:
        """Load the CPU plug-in of that file name; whether it can be used. Nothing computes before."""
        path = self.native_folder / variant
        if not self.ggml.ggml_backend_load(os.fsencode(path)):
            return False
        self.variant, self._cpu = variant, ctypes.CDLL(str(path))
        return True

    def attach_threadpool(self, context: Any, pool: int) -> None:
        """`llama_attach_threadpool`, which the bindings lack."""
        attach = ctypes.CDLL(str(self.native_folder / "libllama.so")).llama_attach_threadpool
        attach.restype, attach.argtypes = None, [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p]
        attach(context, pool, None)

    def cpu_function(self, name: str, restype: Any, *argtypes: Any) -> Any:
        """A function that only the CPU's plug-in has, by name."""
        function = getattr(self._cpu, name)
        function.restype, function.argtypes = restype, argtypes
        return function


def load(folder: Path, log: Log) -> Library:
    """llama.cpp out of `folder`/llama, without a plug-in that computes yet.

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
    if not any(native.glob(PATTERN)):
        raise StartFailed(EXIT_LIBRARIES, f"there is no CPU plug-in ({PATTERN}) in {native}", _HINT)
    ggml.ggml_backend_load.restype, ggml.ggml_backend_load.argtypes = ctypes.c_void_p, [ctypes.c_char_p]
    native_log = NativeLog(llama, log)
    llama.llama_log_set(native_log.callback, None)
    llama.llama_backend_init()
    return Library(llama, ggml, native, native_log)


def _bindings() -> Any:
    # The bindings want one name of typing_extensions, which typing has as well: 10 ms less, and a package less.
    sys.modules.setdefault("typing_extensions", typing)
    from llama_cpp import llama_cpp

    return llama_cpp
