"""`model/load` in two halves: everything that can be known beforehand, then the load itself."""

from pathlib import Path
from typing import NamedTuple

from localai_sidecar.errors import ProtocolError, invalid_params
from localai_sidecar.gguf.cursor import GgufError
from localai_sidecar.gguf.header import Header, check_header
from localai_sidecar.gguf.tensors import UnusableTensorType
from localai_sidecar.kept.cachefolder import CacheFolder
from localai_sidecar.llama.library import Library
from localai_sidecar.llama.loadfailure import out_of_memory
from localai_sidecar.llama.model import Model, Progress
from localai_sidecar.llama.place import ON_CPU, Place
from localai_sidecar.machine.memory import available_bytes
from localai_sidecar.protocol.notices import Notice, notice
from localai_sidecar.protocol.params import SHORTEST_CONTEXT, LoadParams
from localai_sidecar.trials.firstopen import check_opens

# Scores, activations, the graph of one piece of prefill, and threads, beside the weights and the cache: roughly. Where
# these cannot be had, llama.cpp ends the process.
_COMPUTE_BYTES = 128 * 2**20
# What a token of context takes beside its keys and values: its row of the attention mask, for a piece of 512 tokens
# with 16 bits each, and its place in llama.cpp's books.
_MASK_BYTES_PER_TOKEN = 512 * 2 + 64
# A file is opened for trial with a context of at most this: longer ones take long to plan, and show nothing more.
_TRIAL_CONTEXT = 4096
# With less free memory than this times the file, it is read into memory once instead of being mapped.
MAPPED_MEMORY = 2.5


class LoadPlan(NamedTuple):
    """A checked file, and how to load it."""

    path: bytes
    header: Header
    context_length: int
    threads: int
    load_mode: str
    device: str | None
    gpu_layers: int


def plan(params: LoadParams, library: Library, cache: CacheFolder) -> LoadPlan:
    """Check the file and what was asked of it; nothing is loaded or released yet. Raises ProtocolError.

    `cache` remembers which files llama.cpp opened before.
    """
    header = _checked_header(params.path)
    trained = header.number("context_length")
    if params.context_length > trained:
        allowed = f"0, or an integer {SHORTEST_CONTEXT}…{trained} for this model"
        raise invalid_params("contextLength", params.context_length, allowed)
    path = params.path.encode()
    context_length = params.context_length or affordable_context(header, available_bytes())
    check_opens(path, header, min(context_length, _TRIAL_CONTEXT), library, cache)
    return LoadPlan(
        path, header, params.context_length, params.threads, params.load_mode, params.device, params.gpu_layers
    )


def load(plan: LoadPlan, library: Library, progress: Progress, place: Place = ON_CPU) -> Model:
    """Load what was planned. Raises ProtocolError."""
    available = available_bytes()
    share = _cpu_share(place)
    wanted = place.context_length or plan.context_length or affordable_context(plan.header, available)
    _check_fits(wanted, plan.header, available, share)
    return Model(
        library,
        plan.path,
        plan.header,
        context_length=lambda: wanted if place.gpu else _fitting(plan, wanted),
        threads=plan.threads,
        is_mapped=is_mapped(plan.load_mode, int(share * plan.header.file_bytes), available),
        progress=progress,
        place=place,
    )


def _cpu_share(place: Place) -> float:
    """How much of weights and context the machine's own memory has to hold."""
    return 1 - place.layers / place.total if place.gpu else 1.0


def _fitting(plan: LoadPlan, wanted: int) -> int:
    """What the weights that are loaded leave of a length that nobody asked for. Raises out_of_memory."""
    available = available_bytes()
    if not plan.context_length:
        fitting = max(available - _COMPUTE_BYTES, 0) // context_bytes_per_token(plan.header)
        wanted = max(min(wanted, fitting), min(wanted, SHORTEST_CONTEXT))
    _check_fits(wanted, plan.header, available)
    return wanted


def _check_fits(context_length: int, header: Header, available: int, share: float = 1.0) -> None:
    needed = int(share * context_length * context_bytes_per_token(header)) + _COMPUTE_BYTES
    if needed > available:
        raise out_of_memory(needed, f"a context of {context_length} tokens")


def is_mapped(load_mode: str, file_bytes: int, available: int) -> bool:
    """Whether to map the file: the fastest start, but the file stays in memory beside the weights made of it."""
    return load_mode == "mapped" or (load_mode == "auto" and available >= MAPPED_MEMORY * file_bytes)


def context_bytes_per_token(header: Header) -> int:
    """What one more token of context takes in memory."""
    return cache_bytes_per_token(header) + _MASK_BYTES_PER_TOKEN


def cache_bytes_per_token(header: Header) -> int:
    """What the K and V of one token take, at 16 bits a number, in every layer: an upper bound, as layers may share."""
    heads = max(header.number("attention.head_count"), 1)
    kv_heads = header.number("attention.head_count_kv") or heads
    head_size = header.number("embedding_length") // heads
    keys = header.number("attention.key_length") or head_size
    values = header.number("attention.value_length") or head_size
    return header.number("block_count") * kv_heads * (keys + values) * 2


def affordable_context(header: Header, available: int) -> int:
    """The trained length, or as much of it as fits into a quarter of the `available` bytes that the weights leave."""
    trained = header.number("context_length")
    left = max(available - header.file_bytes - _COMPUTE_BYTES, 0)
    affordable = left // 4 // context_bytes_per_token(header)
    return max(min(trained, affordable), min(trained, SHORTEST_CONTEXT))


def shortened(asked: int, got: int, header: Header) -> Notice | None:
    """The `log` for a context that nobody asked to be shorter than the model's own."""
    trained = header.number("context_length")
    if asked or got == trained:
        return None
    return notice(
        "warning",
        "context_shortened",
        f"the context is {got} tokens long, not {trained}: a longer one would take too much memory",
        contextLength=got,
        trainContextLength=trained,
    )


def _checked_header(path: str) -> Header:
    try:
        header = check_header(path.encode())
    except OSError as error:
        raise ProtocolError(
            "model_not_found",
            f"{path} cannot be opened: {error.strerror}",
            "check that the file is there and readable",
            path=path,
        ) from None
    except GgufError as error:
        unknown_type = isinstance(error, UnusableTensorType)
        raise ProtocolError(
            "model_unsupported" if unknown_type else "model_invalid",
            f"{path} is no GGUF this engine can use: {error}",
            "choose another model" if unknown_type else "choose a .gguf file, or fetch this one again",
            field=error.field,
            expected=error.expected,
        ) from None
    name = header.name or Path(path).name.removesuffix(".gguf")
    return header._replace(name=name)
