"""The throw-away side of `firstopen`: opens a model as the engine would, without memory for its weights."""

import ctypes
from typing import Any

from localai_sidecar.engine_folder import engine_folder
from localai_sidecar.errors import ProtocolError
from localai_sidecar.gguf.header import Header
from localai_sidecar.llama.library import load
from localai_sidecar.llama.model import Model
from localai_sidecar.log import Log
from localai_sidecar.trials.childside import Answerer
from localai_sidecar.trials.firstopen import OPENED

# Every byte that UTF-8 has: a vocabulary without one of them throws when it meets it.
_ONE_BYTE, _TWO_BYTES = range(0x80), range(0x80, 0x800, 0x3F)
_THREE_BYTES, _FOUR_BYTES = range(0x800, 0x10000, 0x800), range(0x10000, 0x110000, 0x30000)
_SURROGATES = range(0xD800, 0xE000)
_POINTS = (*_ONE_BYTE, *range(0x80, 0xC0), *_TWO_BYTES, *_THREE_BYTES, *_FOUR_BYTES)
_PROBE = "".join(chr(point) for point in _POINTS if point not in _SURROGATES) + " the 123\n\n"


def opener(log: Log) -> Answerer:
    """Answers `{"path", "header", "contextLength", "variant"}` with OPENED, or with the error.

    An empty question gets an empty answer: the process is ready.
    """
    library = load(engine_folder(), log)

    def answer(question: dict[str, Any]) -> dict[str, Any]:
        if not question:
            return {}
        library.use_cpu(question["variant"])
        try:
            model = Model(
                library,
                question["path"].encode(),
                Header(**question["header"]),
                context_length=lambda: int(question["contextLength"]),
                threads=1,
                progress=lambda _: True,
                no_alloc=True,
            )
        except ProtocolError as problem:
            return {"kind": problem.kind, "message": problem.message, "hint": problem.hint, "data": problem.data}
        use_vocabulary(model)
        return OPENED

    return answer


def use_vocabulary(model: Model) -> None:
    """Tokens to text and back: a damaged vocabulary loads, and throws where nobody catches it when it is used."""
    for parse_control in (False, True):
        model.tokenize(_PROBE.encode(), parse_control)
    count = model.vocabulary_size
    tokens = (ctypes.c_int32 * count)(*range(count))
    for unparse_control in (False, True):
        room = 1
        while room > 0:
            buffer = ctypes.create_string_buffer(room)
            length = model.llama.llama_detokenize(model.vocabulary, tokens, count, buffer, room, False, unparse_control)
            room = max(-length, 0)
