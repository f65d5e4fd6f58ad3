"""Where a model's bytes are: in which layer, or beside them. Decides how many layers fit on a device."""

from collections.abc import Iterable
from typing import NamedTuple

from localai_sidecar.gguf.tensors import Tensor

_LAYER, _INPUT, _OUTPUT = "blk.", "token_embd.", "output."


class Weights(NamedTuple):
    """Bytes of the weights: of each layer in order, of the matrix that makes logits, and of the table of tokens.

    What is left over (norms, positions) is counted with the output. llama.cpp keeps the table in the machine's memory.
    """

    layers: tuple[int, ...]
    output: int
    table: int


NO_WEIGHTS = Weights((), 0, 0)


def weights_of(tensors: Iterable[Tensor]) -> Weights:
    """The sums. A model without an output matrix uses its table of tokens once more, as a copy on the device."""
    layers: dict[int, int] = {}
    rest = table = 0
    has_output = False
    for name, size, _ in tensors:
        if name.startswith(_LAYER):
            number = name[len(_LAYER) :].partition(".")[0]
            # A layer's number that is none is llama.cpp's to refuse.
            layer = int(number) if number.isdecimal() else 0
            layers[layer] = layers.get(layer, 0) + size
        elif name.startswith(_INPUT):
            table += size
        else:
            has_output = has_output or name.startswith(_OUTPUT)
            rest += size
    return Weights(tuple(layers[layer] for layer in sorted(layers)), rest if has_output else rest + table, table)
