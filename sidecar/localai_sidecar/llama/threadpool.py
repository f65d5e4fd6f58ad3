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


class ThreadPools:
    """A context's threads: a pool for each count it has computed with, made when first needed.

    A larger pool than needed would let the threads that have nothing to do spin along. Pools stay until the context
    is freed: its backend touches the pool before once more when it is given another (`ggml_backend_cpu_set_threadpool`
    puts it to sleep), and tells nobody when it has. A sleeping thread costs a few KiB.
    """

    def __init__(self, library: Library, context: Any) -> None:
        self._library = library
        self._context = context
        pointer = ctypes.c_void_p
        self._new = library.cpu_function("ggml_threadpool_new", pointer, ctypes.POINTER(_Params))
        self._free = library.cpu_function("ggml_threadpool_free", None, pointer)
        self._pause = library.cpu_function("ggml_threadpool_pause", None, pointer)
        self._pools: dict[int, Any] = {}

    def use(self, threads: int) -> None:
        """Compute on that many threads from the next call on."""
        if threads not in self._pools:
            params = _Params()
            self._library.ggml.ggml_threadpool_params_init(ctypes.byref(params), ctypes.c_int(threads))
            self._pools[threads] = self._new(ctypes.byref(params))
        self._library.attach_threadpool(self._context, self._pools[threads])

    def pause(self) -> None:
        """Put the threads to sleep until there is something to compute."""
        for pool in self._pools.values():
            self._pause(pool)

    def free(self) -> None:
        """End the threads, after the context was freed."""
        for pool in self._pools.values():
            self._free(pool)
