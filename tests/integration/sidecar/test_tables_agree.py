"""What the sidecar knows by heart about llama.cpp is what this build of llama.cpp says."""

import ctypes
import os
from pathlib import Path

import pytest

from localai_sidecar.gguf import tensors


@pytest.fixture
def ggml(sidecar_command: tuple[str, ...]) -> ctypes.CDLL:
    """ggml's base library, where it lies as a file."""
    folder = Path(os.environ["LOCALAI_SIDECAR_FOLDER"]) if "-m" in sidecar_command else engine_beside(sidecar_command)
    library = ctypes.CDLL(str(folder / "llama" / "libggml-base.so"))
    library.ggml_type_size.restype = ctypes.c_size_t
    library.ggml_blck_size.restype = ctypes.c_int64
    return library


def engine_beside(command: tuple[str, ...]) -> Path:
    program = Path(command[0])
    folder = program.with_name(f"{program.name}.dist")
    return folder if folder.is_dir() else program.parent


def test_the_block_sizes_of_tensors_are_ggmls_own(ggml: ctypes.CDLL) -> None:
    assert len(tensors.BLOCKS) > 30
    for kind, block in tensors.BLOCKS.items():
        assert (ggml.ggml_blck_size(kind), ggml.ggml_type_size(kind)) == block, f"tensor type {kind}"


def test_no_tensor_type_of_ggml_is_missing(ggml: ctypes.CDLL) -> None:
    count = max(tensors.BLOCKS) + 1
    known = {kind for kind in range(count) if ggml.ggml_blck_size(kind) > 0}
    assert known == set(tensors.BLOCKS)
