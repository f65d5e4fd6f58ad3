"""Makes the proof model: small, random, and computed by every kind of matrix kernel that quantised models need.

The engine computes it once on each device before it trusts the device. The same bytes every time.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from gguf import GGMLQuantizationType, GGUFWriter
from numpy.typing import NDArray

NAME = "proof.gguf"
SEED = 20_261_123
LAYERS = 2
# Q4_K packs 256 weights into a block, so every row is a multiple of that.
EMBEDDING = 256
FEED_FORWARD = 512
HEADS = 4
# One: a fault in its keys or values is in every head.
KV_HEADS = 1
VOCABULARY = 256
CONTEXT = 64

_Q4_0, _Q8_0, _Q4_K = GGMLQuantizationType.Q4_0, GGMLQuantizationType.Q8_0, GGMLQuantizationType.Q4_K
# Each type works on the attention and on the feed-forward network; matrix → its type in the even and the odd layer.
_TYPES: Mapping[str, tuple[GGMLQuantizationType, GGMLQuantizationType]] = {
    "attn_q": (_Q8_0, _Q4_K),
    "attn_k": (_Q4_K, _Q4_0),
    "attn_v": (_Q4_0, _Q8_0),
    "attn_output": (_Q8_0, _Q4_K),
    "ffn_gate": (_Q4_0, _Q4_K),
    "ffn_up": (_Q8_0, _Q4_0),
    "ffn_down": (_Q4_K, _Q4_0),
}
# Weights of about ±0.1 keep the signal's size through both layers.
_SCALE = 0.0125


class _Random:
    """One stream of bits. NumPy promises a bit generator's raw numbers never to change (NEP 19)."""

    def __init__(self, seed: int) -> None:
        self._bits = np.random.PCG64(seed)

    def bytes(self, rows: int, columns: int) -> NDArray[np.uint8]:
        words = self._bits.random_raw(rows * columns // 8 + 1).astype("<u8")
        return words.view(np.uint8)[: rows * columns].reshape(rows, columns)

    def around_zero(self, count: int, size: float) -> NDArray[np.float32]:
        values: NDArray[np.float32] = self.bytes(1, count)[0].astype(np.float32)
        return (values - np.float32(127.5)) * np.float32(size / 127.5)


def write(path: Path) -> None:
    """Write the model, about 0.7 MB."""
    random = _Random(SEED)
    writer = GGUFWriter(path, "llama")
    writer.add_name("proof")
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(EMBEDDING)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(FEED_FORWARD)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KV_HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_vocab_size(VOCABULARY)
    # No tokens: what goes in are numbers, and so is what comes out.
    writer.add_tokenizer_model("no_vocab")
    _add_tensors(writer, random)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _add_tensors(writer: GGUFWriter, random: _Random) -> None:
    writer.add_tensor("token_embd.weight", random.around_zero(VOCABULARY * EMBEDDING, 1.0).reshape(-1, EMBEDDING))
    shapes = {"ffn_gate": (FEED_FORWARD, EMBEDDING), "ffn_up": (FEED_FORWARD, EMBEDDING)}
    shapes["ffn_down"] = (EMBEDDING, FEED_FORWARD)
    shapes["attn_k"] = shapes["attn_v"] = (EMBEDDING // HEADS * KV_HEADS, EMBEDDING)
    for layer in range(LAYERS):
        for norm in ("attn_norm", "ffn_norm"):
            writer.add_tensor(f"blk.{layer}.{norm}.weight", np.ones(EMBEDDING, np.float32))
        for name, types in _TYPES.items():
            rows, columns = shapes.get(name, (EMBEDDING, EMBEDDING))
            kind = types[layer % 2]
            matrix = _MATRICES[kind](random, rows, columns)
            writer.add_tensor(f"blk.{layer}.{name}.weight", matrix, raw_dtype=kind)
    writer.add_tensor("output_norm.weight", np.ones(EMBEDDING, np.float32))
    writer.add_tensor("output.weight", _q4_0(random, VOCABULARY, EMBEDDING), raw_dtype=_Q4_0)


def _scales(random: _Random, blocks: int, size: float) -> NDArray[np.uint8]:
    """One float16 a block, around `size`, as two bytes."""
    values = size * (1 + 0.25 * random.around_zero(blocks, 1.0))
    return values.astype("<f2").view(np.uint8).reshape(blocks, 2)


def _q4_0(random: _Random, rows: int, columns: int) -> NDArray[np.uint8]:
    """Blocks of 32: a scale, then 16 bytes of two weights each, from -8 to 7 times the scale."""
    blocks = rows * columns // 32
    return np.hstack([_scales(random, blocks, _SCALE), random.bytes(blocks, 16)]).reshape(rows, -1)


def _q8_0(random: _Random, rows: int, columns: int) -> NDArray[np.uint8]:
    """Blocks of 32: a scale, then 32 signed bytes."""
    blocks = rows * columns // 32
    return np.hstack([_scales(random, blocks, _SCALE / 16), random.bytes(blocks, 32)]).reshape(rows, -1)


def _q4_k(random: _Random, rows: int, columns: int) -> NDArray[np.uint8]:
    """Blocks of 256: a scale of scales, one of minima, 12 bytes of both (6 bits each), 128 bytes of two weights each.

    A weight is scale · q - minimum with q from 0 to 15: a minimum of about 7.5 scales centres it.
    """
    blocks = rows * columns // 256
    return np.hstack(
        [
            _scales(random, blocks, _SCALE / 32),
            _scales(random, blocks, _SCALE * 7.5 / 32),
            random.bytes(blocks, 12),
            random.bytes(blocks, 128),
        ]
    ).reshape(rows, -1)


_MATRICES = {_Q4_0: _q4_0, _Q8_0: _q8_0, _Q4_K: _q4_k}
