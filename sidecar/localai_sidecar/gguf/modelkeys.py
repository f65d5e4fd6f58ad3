"""What llama.cpp asserts of a model's own keys: whatever ends the process there is an error here."""

import math
from collections.abc import Mapping
from typing import Any

from localai_sidecar.gguf.cursor import GgufError
from localai_sidecar.gguf.metadata import FLOAT32, INT32, STRING, Array, Metadata

MAX_LAYERS = 512  # LLAMA_MAX_LAYERS
MAX_EXPERTS = 1024  # LLAMA_MAX_EXPERTS
_ROPE_SCALINGS = ("none", "linear", "yarn", "longrope")
_LONGEST_ARCHITECTURE = 64
_INT32 = 2**31 - 1

# array → the types its items may have
_VOCABULARY_ARRAYS = {
    "tokenizer.ggml.tokens": (STRING,),
    "tokenizer.ggml.merges": (STRING,),
    "tokenizer.ggml.scores": (FLOAT32, INT32),
    "tokenizer.ggml.token_type": (INT32,),
}
_AS_LONG_AS_TOKENS = ("tokenizer.ggml.scores", "tokenizer.ggml.token_type")


def check_model(metadata: Metadata) -> str:
    """The architecture's name. Raises GgufError."""
    architecture = metadata.values.get("general.architecture")
    if not isinstance(architecture, str) or not 0 < len(architecture) <= _LONGEST_ARCHITECTURE:
        raise GgufError("'general.architecture'", "missing or no short string", "the architecture's name")
    _check_vocabulary(metadata)
    _check_numbers(metadata, architecture)
    return architecture


def _check_vocabulary(metadata: Metadata) -> None:
    model = metadata.values.get("tokenizer.ggml.model")
    if not isinstance(model, str):
        raise GgufError("'tokenizer.ggml.model'", "missing or no string", "a tokenizer's name: a model that makes text")
    if model == "none":
        return
    for key, kinds in _VOCABULARY_ARRAYS.items():
        array = metadata.arrays.get(key)
        if (array and array.kind not in kinds) or key in metadata.values:
            raise GgufError(f"{key!r}", "of another type", f"an array of type {' or '.join(map(str, kinds))}")
    nothing = Array(STRING, 0)
    tokens = metadata.arrays.get("tokenizer.ggml.tokens", nothing).length
    if tokens == 0:
        raise GgufError("'tokenizer.ggml.tokens'", "missing or empty", "the vocabulary")
    for key in _AS_LONG_AS_TOKENS:
        length = metadata.arrays.get(key, Array(INT32, tokens)).length
        if length != tokens:
            raise GgufError(f"the length of {key!r}", length, f"{tokens}, like the vocabulary's")


def _check_numbers(metadata: Metadata, architecture: str) -> None:
    values = metadata.values

    def needed(name: str, lowest: int, highest: int) -> int:
        return _integer(values, f"{architecture}.{name}", lowest, highest)

    def optional(name: str, lowest: int, highest: int) -> int:
        key = f"{architecture}.{name}"
        return _integer(values, key, lowest, highest) if key in values else 0

    needed("context_length", 1, _INT32)
    needed("embedding_length", 1, _INT32)
    optional("nextn_predict_layers", 0, needed("block_count", 1, MAX_LAYERS))
    experts = optional("expert_count", 0, MAX_EXPERTS)
    # One number for all layers, or an array with one for each; a single expert may go without.
    used = needed if experts > 1 and f"{architecture}.expert_used_count" not in metadata.arrays else optional
    used("expert_used_count", min(experts, 1), experts)
    optional("expert_group_count", 0, max(experts - 1, 0))
    for key, value in values.items():
        if key.startswith(f"{architecture}.") and isinstance(value, float):
            _check_float(key, value)
    scaling = values.get(f"{architecture}.rope.scaling.type", "none")
    if scaling not in _ROPE_SCALINGS:
        raise GgufError(f"'{architecture}.rope.scaling.type'", repr(scaling), " or ".join(_ROPE_SCALINGS))


def _integer(values: Mapping[str, Any], key: str, lowest: int, highest: int) -> int:
    value = values.get(key)
    if isinstance(value, bool) or not isinstance(value, int) or not lowest <= value <= highest:
        raise GgufError(f"{key!r}", "missing" if value is None else value, f"an integer {lowest}…{highest}")
    return value


def _check_float(key: str, value: float) -> None:
    """ggml's norms assert what they are given while computing, long after the file was opened."""
    if math.isnan(value):
        raise GgufError(f"{key!r}", value, "a number")
    if key.endswith("_epsilon") and not 0 <= value < math.inf:
        raise GgufError(f"{key!r}", value, "a finite number of at least 0")
