"""How much of a model goes on a device: by its header, the context, and what is free."""

from __future__ import annotations

import pytest

from localai_sidecar.devices.layers import bytes_of, compute_bytes, fit, usable_bytes
from localai_sidecar.gguf.header import Header
from localai_sidecar.gguf.tensors import Tensor
from localai_sidecar.gguf.weights import Weights, weights_of

MIB = 2**20
GIB = 2**30
CACHE = 4 * 2048  # bytes for a token of context, in four layers
HEADER = Header(
    architecture="llama",
    name="four layers",
    file_bytes=500 * MIB,
    modified_ns=0,
    header_hash="",
    metadata={"llama.embedding_length": 2048, "llama.feed_forward_length": 8192, "llama.block_count": 4},
    weights=Weights(layers=(100 * MIB,) * 4, output=50 * MIB, table=50 * MIB),
)
COMPUTE = compute_bytes(HEADER, 512)
LAYER = 100 * MIB + 512 * 2048  # with its part of 512 tokens of context
WHOLE = COMPUTE + 50 * MIB + 4 * LAYER


def test_a_model_that_fits_goes_on_the_device_with_its_output_as_the_last_layer() -> None:
    assert fit(HEADER, 512, CACHE, WHOLE, -1) == (5, 5, WHOLE)


@pytest.mark.parametrize(
    ("usable", "layers"),
    [(WHOLE - 1, 4), (WHOLE - LAYER - 1, 3), (COMPUTE + 50 * MIB, 1), (COMPUTE + 50 * MIB - 1, 0), (0, 0)],
)
def test_the_layers_that_do_not_fit_stay_behind_the_first_ones_first(usable: int, layers: int) -> None:
    found = fit(HEADER, 512, CACHE, usable, -1)
    assert (found.layers, found.total) == (layers, 5)
    assert found.device_bytes <= usable


def test_no_more_layers_than_asked_for_go_on_the_device() -> None:
    assert fit(HEADER, 512, CACHE, WHOLE, 2).layers == 2
    assert fit(HEADER, 512, CACHE, WHOLE, 999).layers == 5


def test_a_longer_context_leaves_room_for_fewer_layers() -> None:
    assert fit(HEADER, 131_072, CACHE, WHOLE, -1).layers < fit(HEADER, 512, CACHE, WHOLE, -1).layers


def test_a_context_counts_as_long_as_llama_cpp_makes_it() -> None:
    assert bytes_of(HEADER, 300, CACHE, 5) == bytes_of(HEADER, 512, CACHE, 5) == WHOLE


@pytest.mark.parametrize(
    ("free", "total", "usable"),
    [
        (2 * GIB, 2 * GIB, 2 * GIB - 256 * MIB),
        (6 * GIB, 6 * GIB, 6 * GIB - 512 * MIB),
        (20 * GIB, 24 * GIB, 19 * GIB),
        (100 * MIB, 8 * GIB, 0),
    ],
)
def test_a_part_of_the_memory_stays_free_for_others(free: int, total: int, usable: int) -> None:
    assert usable_bytes(free, total) == usable


def tensors(*sizes: tuple[str, int]) -> list[Tensor]:
    return [Tensor(name, size, 0) for name, size in sizes]


def test_weights_are_counted_by_layer_and_what_belongs_to_none_with_the_output() -> None:
    found = weights_of(
        tensors(
            ("token_embd.weight", 7),
            ("blk.1.attn_q.weight", 20),
            ("blk.0.attn_q.weight", 10),
            ("blk.0.ffn_up.weight", 1),
            ("output_norm.weight", 2),
            ("output.weight", 5),
        )
    )
    assert found == Weights(layers=(11, 20), output=7, table=7)


def test_a_table_that_is_the_output_too_is_on_the_device_once_more() -> None:
    assert weights_of(tensors(("token_embd.weight", 7), ("output_norm.weight", 2))) == Weights((), 9, 7)
