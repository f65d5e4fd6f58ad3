"""Opens a model that was never seen before in a throw-away process first: a header can still crash llama.cpp."""

from localai_sidecar.engine_folder import read_build
from localai_sidecar.errors import ProtocolError
from localai_sidecar.gguf.header import Header
from localai_sidecar.kept.cachefolder import CacheFolder, digest
from localai_sidecar.llama.library import Library
from localai_sidecar.llama.loadfailure import explain_crash
from localai_sidecar.log import Log
from localai_sidecar.machine.memory import available_bytes
from localai_sidecar.trials.child import Child, ChildFailed

# A vocabulary of 256,000 tokens opens in half a second; the rest is for slow disks and busy machines.
_LIMIT_S = 30.0
# The libraries and the largest vocabularies, on a machine that has next to nothing free.
_LEAST_ADDRESS_SPACE = 1 << 30
OPENED = {"opened": True}


def check_opens(path: bytes, header: Header, context_length: int, library: Library, cache: CacheFolder) -> None:
    """Raise the ProtocolError that opening the file ends with, if it does; what opened once is remembered."""
    build = read_build(library.native_folder.parent)
    key = digest(build.build_id, header.file_bytes, header.modified_ns, header.header_hash)
    # The other parts of a model in several files are in no key: such a model is tried each time.
    is_whole = header.metadata.get("split.count", 0) in (0, 1)
    if is_whole and cache.recall("opened", key) is not None:
        return
    child = _start(library.native_log.log)
    if child is None:
        return
    try:
        _try(child, path, header, context_length, library.variant)
    finally:
        child.end()
    if is_whole:
        cache.remember("opened", key, {"bytes": header.file_bytes})


def _try(child: Child, path: bytes, header: Header, context_length: int, variant: str | None) -> None:
    question = {
        "path": path.decode(),
        "header": _numbers_only(header)._asdict(),
        "contextLength": context_length,
        "variant": variant,
    }
    try:
        answer = child.ask(question, _LIMIT_S)
    except ChildFailed as failure:
        raise explain_crash(str(failure), header) from None
    if "kind" in answer:
        raise ProtocolError(answer["kind"], answer["message"], answer["hint"], **answer["data"])
    if answer != OPENED:
        raise explain_crash("the process did not say whether it did", header)


def _numbers_only(header: Header) -> Header:
    """What loading looks at; texts may be longer than a question."""
    prefix = f"{header.architecture}."
    numbers = {
        key: value for key, value in header.metadata.items() if key.startswith(prefix) and isinstance(value, int)
    }
    return header._replace(metadata=numbers, name="")


def _start(log: Log) -> Child | None:
    """A process that is ready to open a file, or None where the machine has none to give: no fault of the file."""
    child = None
    try:
        child = Child("open", max(available_bytes(), _LEAST_ADDRESS_SPACE))
        child.ask({}, _LIMIT_S)
    except ChildFailed as failure:
        log.warning(f"the model is opened without a trial: {failure}")
        if child:
            child.end()
        return None
    return child
