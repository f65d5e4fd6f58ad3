"""Random weights that no archive has to carry: scales stay, zeros come back, every weight is one that Q4_0 can hold."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from benchmarks.acceptance import weights

BLOCKS = 500
HEAD, TAIL = b"head", b"a vector of ones"


@pytest.fixture
def model(tmp_path: Path) -> Path:
    made = random.Random(7).randbytes(BLOCKS * weights.BLOCK_BYTES)
    path = tmp_path / "model"
    path.write_bytes(HEAD + made + TAIL)
    return path


MATRICES = [(len(HEAD), BLOCKS * weights.BLOCK_BYTES)]


def blocks(path: Path) -> list[bytes]:
    content = path.read_bytes()
    assert content.startswith(HEAD)
    assert content.endswith(TAIL)
    inner = content[len(HEAD) : -len(TAIL)]
    return [inner[at : at + weights.BLOCK_BYTES] for at in range(0, len(inner), weights.BLOCK_BYTES)]


def test_a_blank_model_keeps_its_scales_and_nothing_else(model: Path) -> None:
    before = blocks(model)
    weights.blank(model, MATRICES)
    after = blocks(model)
    assert [block[:2] for block in after] == [block[:2] for block in before]
    assert {block[2:] for block in after} == {b"\x88" * 16}


def test_filling_gives_balanced_weights_the_same_each_time(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    weights.blank(model, MATRICES)
    scales = [block[:2] for block in blocks(model)]
    weights.fill(model, MATRICES)
    filled = blocks(model)
    assert [block[:2] for block in filled] == scales
    nibbles = [nibble for block in filled for byte in block[2:] for nibble in (byte & 15, byte >> 4)]
    assert min(nibbles) == 1
    assert abs(sum(nibbles) / len(nibbles) - 8) < 0.2
    # Read in pieces, as a large one is.
    monkeypatch.setattr(weights, "_AT_ONCE", weights.BLOCK_BYTES * 100)
    weights.blank(model, MATRICES)
    weights.fill(model, MATRICES)
    assert [block[:2] for block in blocks(model)] == scales


def test_a_piece_of_a_block_is_refused(model: Path) -> None:
    with pytest.raises(ValueError, match="no whole number of blocks"):
        weights.fill(model, [(len(HEAD), weights.BLOCK_BYTES + 1)])
