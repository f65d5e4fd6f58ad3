"""The made model: the same bytes every time, symmetric weights, and no way for a greedy reply to end early."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from gguf import GGUFReader, GGUFWriter, TokenType

from benchmarks.sidebyside import random_model
from benchmarks.sidebyside.random_model import BLOCK_BYTES, SHAPES, Shape, Weights

TINY = Shape(name="tiny", embedding=64, layers=2, heads=2, kv_heads=1, feed_forward=96)
TYPES = [TokenType.UNKNOWN, TokenType.CONTROL, TokenType.BYTE, *[TokenType.NORMAL] * 61]


@pytest.fixture
def vocabulary(tmp_path: Path) -> Path:
    path = tmp_path / "vocabulary.gguf"
    writer = GGUFWriter(path, "llama")
    writer.add_tokenizer_model("llama")
    writer.add_token_list([f"token{number}" for number in range(len(TYPES))])
    writer.add_token_scores([-float(number) for number in range(len(TYPES))])
    writer.add_token_types(TYPES)
    writer.add_eos_token_id(1)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()
    return path


def floats(
    matrix: np.ndarray[tuple[int, ...], np.dtype[np.uint8]],
) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    """Q4_0 by its definition in ggml-common.h: scale times nibble minus 8, low nibbles first."""
    blocks = matrix.reshape(len(matrix), -1, BLOCK_BYTES)
    scales = blocks[..., :2].copy().view("<f2").astype(np.float32)
    nibbles = np.concatenate([blocks[..., 2:] & 0x0F, blocks[..., 2:] >> 4], axis=-1)
    return (scales * (nibbles.astype(np.float32) - 8)).reshape(len(matrix), -1)


def test_the_same_recipe_gives_the_same_bytes(vocabulary: Path, tmp_path: Path) -> None:
    for name in ("first", "second"):
        random_model.write(TINY, vocabulary, tmp_path / name)
    assert (tmp_path / "first").read_bytes() == (tmp_path / "second").read_bytes()


def test_the_file_has_the_shape_and_the_copied_tokenizer(vocabulary: Path, tmp_path: Path) -> None:
    random_model.write(TINY, vocabulary, tmp_path / "model")
    model = GGUFReader(tmp_path / "model")
    fields = {key: model.fields[key].contents() for key in model.fields}
    assert fields["llama.embedding_length"] == 64
    assert fields["llama.attention.head_count_kv"] == 1
    assert fields["tokenizer.ggml.tokens"][:2] == ["token0", "token1"]
    assert fields["tokenizer.ggml.eos_token_id"] == 1
    assert len(model.tensors) == 3 + 9 * TINY.layers
    assert {tensor.name: tensor.shape.tolist() for tensor in model.tensors}["blk.1.ffn_down.weight"] == [96, 64]


def test_only_tokens_with_text_of_their_own_can_win(vocabulary: Path) -> None:
    silent = random_model.silent_tokens(GGUFReader(vocabulary))
    assert silent.tolist() == [True] * 3 + [False] * 61
    output = floats(dict(random_model.tensors(TINY, silent))["output.weight"].astype(np.uint8))
    assert not output[:3].any()
    assert output[3:].any(axis=1).all()


def test_weights_are_symmetric_around_zero() -> None:
    values = floats(Weights(1).matrix(256, 256)) / float(random_model.SCALE)
    counts = np.bincount(np.rint(values).astype(int).ravel() + 8, minlength=16)
    assert counts[0] == 0
    for magnitude in range(1, 8):
        assert counts[8 - magnitude] == pytest.approx(counts[8 + magnitude], rel=0.1)


@pytest.mark.parametrize(("name", "parameters"), [("135m", 143_067_456), ("1.1b", 1_100_048_384)])
def test_the_shapes_have_as_many_parameters_as_the_models_they_follow(name: str, parameters: int) -> None:
    shape = SHAPES[name]
    layer = 2 * shape.embedding * (shape.embedding + shape.kv_width + 1) + 3 * shape.embedding * shape.feed_forward
    assert shape.layers * layer + shape.embedding * (2 * 32_000 + 1) == parameters
