"""ggml's threads, kept between decode calls: without a pool llama.cpp starts and ends them for every token."""

import ctypes
from typing import Any

from localai_sidecar.llama.library import Library

_MAX_THREADS = 512


class _Params(ctypes.Structure):
    """`struct ggml_threadpool_params` of ggml.h."""

    _fields_ = [
        ("cpumask", ctypes.c_bool * _MAX_THREADS),
        ("n_threads", ctypes.c_int),
        ("prio", ctypes.c_int),
        ("poll", ctypes.c_uint32),
        ("strict_cpu", ctypes.c_bool),
        ("paused", ctypes.c_bool),
    ]


class ThreadPool:
    """As many threads as a context computes with; llama-bench attaches one just like it."""

    def __init__(self, library: Library, threads: int) -> None:
        self._library = library
        pointer = ctypes.c_void_p
        new = library.cpu_function("ggml_threadpool_new", pointer, ctypes.POINTER(_Params))
        self._free = library.cpu_function("ggml_threadpool_free", None, pointer)
        self._pause = library.cpu_function("ggml_threadpool_pause", None, pointer)
        params = _Params()
        library.ggml.ggml_threadpool_params_init(ctypes.byref(params), ctypes.c_int(threads))
        self._pool: Any = new(ctypes.byref(params))

    def attach(self, context: Any) -> None:
        """Let `context` compute on these threads; free the context first, then the pool."""
        self._library.attach_threadpool(context, self._pool)

    def pause(self) -> None:
        """Put the threads to sleep until there is something to compute."""
        self._pause(self._pool)

    def free(self) -> None:
        """End the threads."""
        self._free(self._pool)
