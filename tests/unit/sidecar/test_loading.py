"""How long a context may be."""

import pytest

from localai_sidecar.gguf.header import Header
from localai_sidecar.serving.loading import affordable_context, cache_bytes_per_token, shortened

GIB = 2**30
# Llama 3.2 1B: 16 layers, 8 of 32 heads for K and V, 64 numbers each.
HEADER = Header(
    architecture="llama",
    name="1B",
    file_bytes=GIB,
    modified_ns=0,
    header_hash="",
    metadata={
        "llama.context_length": 131_072,
        "llama.embedding_length": 2048,
        "llama.block_count": 16,
        "llama.attention.head_count": 32,
        "llama.attention.head_count_kv": 8,
    },
)


def test_a_token_in_the_cache_takes_its_keys_and_values_in_every_layer() -> None:
    assert cache_bytes_per_token(HEADER) == 16 * 8 * (64 + 64) * 2


def test_heads_of_a_size_of_their_own_count() -> None:
    metadata = {**HEADER.metadata, "llama.attention.key_length": 128, "llama.attention.value_length": 96}
    assert cache_bytes_per_token(HEADER._replace(metadata=metadata)) == 16 * 8 * (128 + 96) * 2


@pytest.mark.parametrize(("available", "expected"), [(64 * GIB, 131_072), (0, 16), (GIB, 16)])
def test_the_context_is_the_trained_one_or_what_memory_allows(available: int, expected: int) -> None:
    assert affordable_context(HEADER, available) == expected


def test_a_context_cut_by_memory_takes_a_quarter_of_what_is_left() -> None:
    length = affordable_context(HEADER, 5 * GIB)
    assert 0.9 * GIB < length * cache_bytes_per_token(HEADER) < GIB
    told = shortened(0, length, HEADER)
    assert told is not None
    assert (told["kind"], told["data"]["contextLength"]) == ("context_shortened", length)
    assert str(length) in told["message"]


@pytest.mark.parametrize(("asked", "got"), [(4096, 4096), (0, 131_072)])
def test_a_context_as_long_as_asked_is_not_worth_a_word(asked: int, got: int) -> None:
    assert shortened(asked, got, HEADER) is None
