"""Where a model computes: on the CPU, or so many of its layers on a GPU."""

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from localai_sidecar.llama.gpudevice import GpuDevice


class Place(NamedTuple):
    """A device by its id, `identity` as what it computes depends on it, and the model's layers that it takes.

    `total` counts the output as a layer, as llama.cpp does; `needed` is what the layers take on the device, in bytes,
    with a context of `context_length` tokens.
    """

    device: str
    identity: str
    gpu: "GpuDevice | None" = None
    layers: int = 0
    total: int = 0
    needed: int = 0
    context_length: int = 0

    @property
    def is_whole(self) -> bool:
        """Whether nothing but the table of tokens is left to the CPU."""
        return self.gpu is not None and self.layers >= self.total


ON_CPU = Place("CPU", "CPU")
