"""The proof model: the same bytes every time, small, and of every kind of matrix that the proof is about."""

from __future__ import annotations

from pathlib import Path

from gguf import GGMLQuantizationType, GGUFReader

from localai_sidecar.trials.proof import PROOF_MODEL
from sidecarkit import digest
from sidecarkit.recipes.llama import proof_model

LARGEST = 2_000_000


def test_the_engine_looks_for_it_under_the_name_it_is_packed_as() -> None:
    assert proof_model.NAME == PROOF_MODEL


def test_it_is_made_alike_every_time(tmp_path: Path) -> None:
    first, second = tmp_path / "first.gguf", tmp_path / "second.gguf"
    proof_model.write(first)
    proof_model.write(second)
    assert digest.of_file(first) == digest.of_file(second)
    assert first.stat().st_size < LARGEST


def test_each_kind_of_matrix_works_in_attention_and_in_feed_forward(tmp_path: Path) -> None:
    path = tmp_path / "proof.gguf"
    proof_model.write(path)
    kinds: dict[str, set[GGMLQuantizationType]] = {"attn": set(), "ffn": set()}
    for tensor in GGUFReader(path).tensors:
        part = tensor.name.split(".")[2].split("_")[0] if tensor.name.startswith("blk.") else ""
        if part in kinds and "norm" not in tensor.name:
            kinds[part].add(tensor.tensor_type)
    quantised = {GGMLQuantizationType.Q4_0, GGMLQuantizationType.Q8_0, GGMLQuantizationType.Q4_K}
    assert kinds == {"attn": quantised, "ffn": quantised}
