"""The throw-away side of `proof`: computes the proof model on one device and tells the logits, and how fast it is."""

import ctypes
import os
import time
from typing import Any

from localai_sidecar.engine_folder import engine_folder
from localai_sidecar.llama import speedmodel
from localai_sidecar.llama.gpudevice import GpuDevice, device_list, load_plug_in
from localai_sidecar.llama.library import Library, load
from localai_sidecar.llama.loadfailure import tells_of_memory
from localai_sidecar.llama.threads import physical_cores
from localai_sidecar.log import Log
from localai_sidecar.trials.childside import Answerer

# As many tokens as the widest matrix kernels take at once, and some more.
_BATCH = 40
_SINGLE_TOKENS = 4
_CONTEXT = 64
# A prompt of this length is read for the speed; the best of so many tokens counts, since others may compute, too.
_PROMPT = 128
_TOKENS = 8
_ALL_LAYERS = 999


class _NoProof(Exception):
    """The proof could not be done: a code of `devices.kinds`, and the reason."""


def prover(log: Log) -> Answerer:
    """Answers a question by its `task`: `logits` or `speed` of the device that the process was started for."""
    library = load(engine_folder(), log)
    devices: list[GpuDevice] = []

    def answer(question: dict[str, Any]) -> dict[str, Any]:
        try:
            if not library.variant and not library.use_cpu(question["variant"]):
                raise _NoProof("plug_in_broken", f"`{question['variant']}` cannot be loaded")
            if question["plugIn"] and not devices:
                devices.append(_only_device(library, question["plugIn"]))
            device = devices[0] if devices else None
            return _ANSWERS[question["task"]](library, device, question)
        except _NoProof as problem:
            code, reason = problem.args
            return {"code": code, "error": reason}

    return answer


def _only_device(library: Library, plug_in: str) -> GpuDevice:
    found = load_plug_in(library, plug_in)
    if len(found) != 1:
        raise _failed(library, f"`{plug_in}` shows {len(found)} devices")
    return found[0]


def _logits(library: Library, device: GpuDevice | None, question: dict[str, Any]) -> dict[str, Any]:
    """Those of a batch's last token, then of single tokens one after another; and seconds for the fastest of these."""
    llama = library.llama
    model = _model(library, device, question["model"].encode())
    context = _context(library, model, _CONTEXT, 1)
    vocabulary: int = llama.llama_vocab_n_tokens(llama.llama_model_get_vocab(model))
    logits: list[float] = []
    seconds: list[float] = []
    tokens = [(7 * at + 3) % vocabulary for at in range(_BATCH + _SINGLE_TOKENS)]
    for batch in (tokens[:_BATCH], *([token] for token in tokens[_BATCH:])):
        seconds.append(_decode(llama, context, batch))
        logits += llama.llama_get_logits_ith(context, -1)[:vocabulary]
    return {"logits": logits, "tokenSeconds": min(seconds[1:])}


def _speed(library: Library, device: GpuDevice | None, _: dict[str, Any]) -> dict[str, Any]:
    """Seconds for a token of the speed model, and for a token of a prompt."""
    llama = library.llama
    fd = speedmodel.write()
    model = _model(library, device, f"/proc/self/fd/{fd}".encode())
    os.close(fd)
    threads = 1 if device else physical_cores()
    context = _context(library, model, speedmodel.CONTEXT, threads)
    prompt = list(range(_PROMPT))

    def seconds(tokens: list[int]) -> float:
        began = time.process_time()
        elapsed = _decode(llama, context, tokens)
        # What other programs took of the cores is not the CPU's slowness: this is measured once, and kept.
        return elapsed if device else min(elapsed, (time.process_time() - began) / threads)

    prompts = [seconds(prompt) for _ in range(2)]
    llama.llama_memory_clear(llama.llama_get_memory(context), False)
    return {
        "tokenSeconds": min(seconds([1]) for _ in range(_TOKENS)),
        "promptTokenSeconds": min(prompts) / _PROMPT,
        "bytes": speedmodel.weight_bytes(),
        "layers": speedmodel.LAYERS,
    }


_ANSWERS = {"logits": _logits, "speed": _speed}


def _decode(llama: Any, context: Any, tokens: list[int]) -> float:
    array = (ctypes.c_int32 * len(tokens))(*tokens)
    began = time.perf_counter()
    status = llama.llama_decode(context, llama.llama_batch_get_one(array, len(tokens)))
    llama.llama_synchronize(context)
    if status:
        raise _NoProof("crashed", f"llama_decode failed with status {status}")
    return time.perf_counter() - began


def _model(library: Library, device: GpuDevice | None, path: bytes) -> Any:
    llama = library.llama
    params = llama.llama_model_default_params()
    devices = device_list(device)
    params.devices = ctypes.cast(devices, ctypes.c_void_p)
    params.n_gpu_layers = _ALL_LAYERS if device else 0
    model = llama.llama_model_load_from_file(path, params)
    if not model:
        raise _failed(library, f"the model {path.decode()} cannot be loaded")
    return model


def _context(library: Library, model: Any, length: int, threads: int) -> Any:
    params = library.llama.llama_context_default_params()
    params.n_ctx = length
    params.n_batch = params.n_ubatch = min(length, _PROMPT)
    params.n_threads = params.n_threads_batch = threads
    context = library.llama.llama_init_from_model(model, params)
    if not context:
        raise _failed(library, "the model's context cannot be made")
    return context


def _failed(library: Library, what: str) -> _NoProof:
    errors = "; ".join(library.native_log.errors)
    code = "no_memory" if tells_of_memory(errors) else "plug_in_broken"
    return _NoProof(code, f"{what}: {errors}" if errors else what)
