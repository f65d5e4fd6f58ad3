"""Makes a GGUF of a real model's true shape with random weights: what speed needs, with nothing to download.

`python random_model.py SHAPE VOCABULARY.gguf OUT.gguf`: the same arguments give the same bytes.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from gguf import GGMLQuantizationType, GGUFReader, GGUFValueType, GGUFWriter, LlamaFileType, TokenType
from numpy.typing import NDArray

SEED = 20_260_101
# Q4_0: 32 weights share one float16 scale; the scale comes first, then 16 bytes with two weights each.
BLOCK_WEIGHTS = 32
BLOCK_BYTES = 18
# Keeps thirty layers of sums far from overflow and from the slow denormal numbers.
SCALE = np.float16(0.005)


@dataclass(frozen=True, kw_only=True)
class Shape:
    """The numbers that decide a llama model's speed."""

    name: str
    embedding: int
    layers: int
    heads: int
    kv_heads: int
    feed_forward: int
    context: int = 2048

    @property
    def kv_width(self) -> int:
        """The width of one layer's keys, and of its values."""
        return self.embedding // self.heads * self.kv_heads


SHAPES = {
    shape.name: shape
    for shape in (
        # The layers of SmolLM-135M and TinyLlama-1.1B; the vocabulary is Llama 2's in both.
        Shape(name="135m", embedding=576, layers=30, heads=9, kv_heads=3, feed_forward=1536),
        Shape(name="1.1b", embedding=2048, layers=22, heads=32, kv_heads=4, feed_forward=5632),
    )
}


class Weights:
    """Random Q4_0 matrices from one stream. NumPy promises a bit generator's raw numbers never to change (NEP 19)."""

    def __init__(self, seed: int) -> None:
        self._bits = np.random.PCG64(seed)

    def matrix(self, rows: int, columns: int) -> NDArray[np.uint8]:
        """A matrix as the bytes of its Q4_0 rows; its weights are -7…7 times SCALE, their mean is 0."""
        blocks = rows * columns // BLOCK_WEIGHTS
        pairs = self._bits.random_raw(blocks * 2).astype("<u8").view(np.uint8)
        # A nibble of 0 means -8, which nothing balances: it becomes 8, which means 0.
        pairs |= ((pairs & 0x0F) == 0).astype(np.uint8) * 0x08
        pairs |= ((pairs & 0xF0) == 0).astype(np.uint8) * 0x80
        packed = np.empty((blocks, BLOCK_BYTES), np.uint8)
        packed[:, :2] = np.frombuffer(SCALE.astype("<f2").tobytes(), np.uint8)
        packed[:, 2:] = pairs.reshape(blocks, BLOCK_BYTES - 2)
        return packed.reshape(rows, columns // BLOCK_WEIGHTS * BLOCK_BYTES)


def without_rows(matrix: NDArray[np.uint8], silent: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """The matrix with all-zero weights in the rows marked silent (scale 0)."""
    blocks = matrix.reshape(len(matrix), -1, BLOCK_BYTES).copy()
    blocks[silent, :, :2] = 0
    return blocks.reshape(matrix.shape)


def tensors(shape: Shape, silent: NDArray[np.bool_], seed: int = SEED) -> Iterator[tuple[str, NDArray[np.generic]]]:
    """Every tensor by name: bytes of Q4_0 rows, or a float32 vector of ones for a norm.

    Tokens marked `silent` get logit 0 whatever comes, and the greatest of thousands of symmetric
    random logits is above 0: so none of them is ever the greedy choice.
    """
    weights = Weights(seed)
    width, feed_forward, kv_width = shape.embedding, shape.feed_forward, shape.kv_width
    ones = np.ones(width, np.float32)
    yield "token_embd.weight", weights.matrix(len(silent), width)
    for layer in range(shape.layers):
        yield f"blk.{layer}.attn_norm.weight", ones
        yield f"blk.{layer}.attn_q.weight", weights.matrix(width, width)
        yield f"blk.{layer}.attn_k.weight", weights.matrix(kv_width, width)
        yield f"blk.{layer}.attn_v.weight", weights.matrix(kv_width, width)
        yield f"blk.{layer}.attn_output.weight", weights.matrix(width, width)
        yield f"blk.{layer}.ffn_norm.weight", ones
        yield f"blk.{layer}.ffn_gate.weight", weights.matrix(feed_forward, width)
        yield f"blk.{layer}.ffn_up.weight", weights.matrix(feed_forward, width)
        yield f"blk.{layer}.ffn_down.weight", weights.matrix(width, feed_forward)
    yield "output_norm.weight", ones
    yield "output.weight", without_rows(weights.matrix(len(silent), width), silent)


def silent_tokens(vocabulary: GGUFReader) -> NDArray[np.bool_]:
    """Which tokens end a reply or have no text of their own: all but the normal ones."""
    types = vocabulary.fields["tokenizer.ggml.token_type"].contents()
    return np.array([kind != TokenType.NORMAL for kind in types])


def write(shape: Shape, vocabulary_file: Path, out: Path) -> None:
    """Writes the model to `out`. Raises OSError or ValueError when the vocabulary's file is no GGUF."""
    vocabulary = GGUFReader(vocabulary_file)
    silent = silent_tokens(vocabulary)
    writer = GGUFWriter(out, "llama")
    _write_shape(writer, shape, len(silent))
    _copy_tokenizer(vocabulary, writer)
    for name, values in tensors(shape, silent):
        quantized = values.dtype == np.uint8
        writer.add_tensor(name, values, raw_dtype=GGMLQuantizationType.Q4_0 if quantized else None)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _write_shape(writer: GGUFWriter, shape: Shape, tokens: int) -> None:
    writer.add_name(f"random {shape.name}")
    writer.add_file_type(LlamaFileType.MOSTLY_Q4_0)
    writer.add_vocab_size(tokens)
    writer.add_context_length(shape.context)
    writer.add_embedding_length(shape.embedding)
    writer.add_block_count(shape.layers)
    writer.add_feed_forward_length(shape.feed_forward)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(shape.kv_heads)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(shape.embedding // shape.heads)


def _copy_tokenizer(vocabulary: GGUFReader, writer: GGUFWriter) -> None:
    for key, field in vocabulary.fields.items():
        if not key.startswith("tokenizer."):
            continue
        if field.types[0] == GGUFValueType.ARRAY:
            writer.add_array(key, field.contents())
        else:
            writer.add_key_value(key, field.contents(), field.types[0])


def main() -> None:
    """Reads the arguments and writes the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("shape", choices=SHAPES)
    parser.add_argument("vocabulary", type=Path, help="a GGUF whose tokenizer is copied")
    parser.add_argument("out", type=Path)
    chosen = parser.parse_args()
    write(SHAPES[chosen.shape], chosen.vocabulary, chosen.out)


if __name__ == "__main__":
    main()
