"""The strict half of the header's check refuses nothing that real models say of themselves."""

from __future__ import annotations

import os
import struct
from pathlib import Path

from localai_sidecar.gguf.cursor import Cursor
from localai_sidecar.gguf.metadata import read_metadata
from localai_sidecar.gguf.modelkeys import check_model

HEAD = struct.Struct("<4sIQQ")


def architecture(path: Path) -> str:
    """What the checks of keys and values make of a file that has no tensors, and so passes no others."""
    fd = os.open(path, os.O_RDONLY)
    try:
        cursor = Cursor(fd, path.stat().st_size)
        cursor.need(HEAD.size, "the head")
        _, _, tensors, pairs = HEAD.unpack_from(cursor.data)
        cursor.at = HEAD.size
        assert tensors == 0
        return check_model(read_metadata(cursor, pairs))
    finally:
        os.close(fd)


def test_the_vocabularies_of_llama_cpp_pass(llama_models: Path) -> None:
    found = {architecture(path) for path in llama_models.glob("*.gguf")}
    assert {"llama", "qwen2", "gemma4", "phi3", "gpt2", "falcon", "bert"} <= found
