"""The throw-away side of `proof`: computes the proof model on one device and tells the logits."""

import ctypes
from typing import Any

from localai_sidecar.engine_folder import engine_folder
from localai_sidecar.llama.library import Library, load
from localai_sidecar.log import Log
from localai_sidecar.trials.childside import Answerer

# As many tokens as the widest matrix kernels take at once, and some more.
_BATCH = 40
_SINGLE_TOKENS = 4
_CONTEXT = 64


def prover(log: Log) -> Answerer:
    """Answers `{"device", "variant", "model"}` with `{"logits"}`, or `{"error"}`."""
    library = load(engine_folder(), log)

    def answer(question: dict[str, Any]) -> dict[str, Any]:
        if not library.use_cpu(question["variant"]):
            return {"error": f"`{question['variant']}` cannot be loaded"}
        if question["device"] != "CPU":
            return {"error": f"there is no device `{question['device']}`"}
        try:
            return {"logits": _logits(library, question["model"].encode())}
        except RuntimeError as error:
            return {"error": str(error)}

    return answer


def _logits(library: Library, path: bytes) -> list[float]:
    """Those of a batch's last token, then of single tokens one after another."""
    llama = library.llama
    model = llama.llama_model_load_from_file(path, llama.llama_model_default_params())
    if not model:
        raise RuntimeError(f"the proof model {path.decode()} cannot be loaded")
    context = _context(llama, model)
    vocabulary: int = llama.llama_vocab_n_tokens(llama.llama_model_get_vocab(model))
    logits: list[float] = []
    tokens = [(7 * at + 3) % vocabulary for at in range(_BATCH + _SINGLE_TOKENS)]
    for batch in (tokens[:_BATCH], *([token] for token in tokens[_BATCH:])):
        array = (ctypes.c_int32 * len(batch))(*batch)
        status = llama.llama_decode(context, llama.llama_batch_get_one(array, len(batch)))
        if status:
            raise RuntimeError(f"llama_decode failed with status {status}")
        logits += llama.llama_get_logits_ith(context, -1)[:vocabulary]
    return logits


def _context(llama: Any, model: Any) -> Any:
    params = llama.llama_context_default_params()
    params.n_ctx, params.n_batch, params.n_ubatch = _CONTEXT, _BATCH, _BATCH
    params.n_threads = params.n_threads_batch = 1
    context = llama.llama_init_from_model(model, params)
    if not context:
        raise RuntimeError("there is no room for the proof model's context")
    return context
