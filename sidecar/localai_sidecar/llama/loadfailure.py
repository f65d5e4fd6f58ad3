"""Why llama.cpp would not load a model: it says so in its log only."""

from collections.abc import Iterable

from localai_sidecar.errors import ProtocolError
from localai_sidecar.gguf.header import Header
from localai_sidecar.llama.place import ON_CPU, Place
from localai_sidecar.machine.memory import available_bytes

_MEMORY = (
    *("failed to allocate", "unable to allocate", "cannot allocate", "insufficient memory", "out of memory"),
    "bad_alloc",
)
_UNKNOWN = ("unknown model architecture", "unknown pre-tokenizer type", "unknown tokenizer", "unsupported")


def explain(lines: Iterable[str], header: Header, place: Place = ON_CPU) -> ProtocolError:
    """The error that fits the last lines of llama.cpp's log, for a model that was to be loaded at `place`."""
    errors = list(lines)
    reason = _reason(errors)
    everything = "\n".join(errors)
    if tells_of_memory(everything):
        if place.gpu:
            return out_of_device_memory(place.device, place.needed, place.gpu.memory()[0], reason)
        return out_of_memory(header.file_bytes, reason)
    if any(word in everything.lower() for word in _UNKNOWN):
        return ProtocolError(
            "model_unsupported",
            f"llama.cpp does not support this `{header.architecture}` model: {reason}",
            "choose another model, or a newer version of this program",
            architecture=header.architecture,
        )
    return ProtocolError(
        "model_invalid",
        f"llama.cpp refused the model: {reason}",
        "the file is incomplete or was made wrongly: fetch it again",
    )


def explain_crash(last_words: str, header: Header) -> ProtocolError:
    """The error that fits a process that ended, or was ended, while it opened a file for trial."""
    if tells_of_memory(last_words):
        return out_of_memory(header.file_bytes, last_words)
    return ProtocolError(
        "model_invalid",
        f"llama.cpp cannot open this file: {last_words}",
        "the file is damaged or was made wrongly: fetch it again",
    )


def out_of_memory(needed: int, reason: str) -> ProtocolError:
    """Not enough memory for what was asked; `needed` in bytes."""
    free = available_bytes()
    return ProtocolError(
        "out_of_memory",
        f"about {needed / 2**20:.0f} MiB are needed and {free / 2**20:.0f} MiB are free: {reason}",
        "ask for a smaller `contextLength`, choose a smaller model, or close other programs",
        neededBytes=needed,
        freeBytes=free,
    )


def out_of_device_memory(device: str, needed: int, free: int, reason: str) -> ProtocolError:
    """Not enough of a device's own memory; `needed` and `free` in bytes."""
    return ProtocolError(
        "out_of_memory",
        f"about {needed / 2**20:.0f} MiB of {device}'s memory are needed and {free / 2**20:.0f} MiB are free: {reason}",
        "ask for fewer `gpuLayers` or a smaller `contextLength`, choose a smaller model, or use the CPU",
        device=device,
        neededBytes=needed,
        freeBytes=free,
    )


def _reason(errors: list[str]) -> str:
    """The line that names the cause, rather than the ones that follow from it."""
    for line in errors:
        if "error loading model" in line:
            return line.partition("error loading model")[2].lstrip(": ")
    return errors[0] if errors else "no reason was given"


def tells_of_memory(text: str) -> bool:
    """Whether a line of llama.cpp's log says that memory was missing."""
    return any(word in text.lower() for word in _MEMORY)
