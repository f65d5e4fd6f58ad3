"""`python -m benchmarks.acceptance.blanks MODEL.gguf OUT.gguf`: the model with weights of 0, which packs to nothing.

Beside OUT it writes where the matrices lie, for `weights.fill`. The context is made longer than the replies that are
measured; random weights were trained for none.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

from gguf import GGMLQuantizationType, GGUFReader

from benchmarks.acceptance import weights

CONTEXT = 8192
_CONTEXT_KEY = "llama.context_length"


def make(model: Path, out: Path) -> None:
    """Write both files. Raises ValueError or OSError for a model of another kind."""
    shutil.copyfile(model, out)
    reader = GGUFReader(out, "r+")
    field = reader.fields[_CONTEXT_KEY]
    field.parts[field.data[0]][0] = CONTEXT
    matrices = [
        [int(tensor.data_offset), int(tensor.n_bytes)]
        for tensor in reader.tensors
        if tensor.tensor_type == GGMLQuantizationType.Q4_0
    ]
    reader.data.flush()
    weights.blank(out, matrices)
    out.with_suffix(".json").write_text(json.dumps(matrices), encoding="utf-8")


if __name__ == "__main__":
    make(Path(sys.argv[1]), Path(sys.argv[2]))
