"""The model that a device's speed is measured with is a sound one, and costs nothing before it is read."""

import os
from pathlib import Path

from gguf import GGUFReader

from localai_sidecar.llama import speedmodel


def test_its_weights_are_as_many_as_it_says_and_all_in_the_file() -> None:
    fd = speedmodel.write()
    try:
        reader = GGUFReader(f"/proc/self/fd/{fd}")
        sizes = {tensor.name: int(tensor.n_bytes) for tensor in reader.tensors}
        ends = [tensor.data_offset + int(tensor.n_bytes) for tensor in reader.tensors]
    finally:
        os.close(fd)
    assert len({name.split(".")[1] for name in sizes if name.startswith("blk.")}) == speedmodel.LAYERS
    assert sum(sizes.values()) - sizes["token_embd.weight"] == speedmodel.weight_bytes()
    assert max(ends) == len(reader.data)


def test_it_takes_no_memory_before_it_is_read() -> None:
    fd = speedmodel.write()
    try:
        assert Path(f"/proc/self/fd/{fd}").stat().st_blocks * 512 < 1 << 20
    finally:
        os.close(fd)
