"""How much of a model a device's memory holds: pure, by what the file's header says."""

from typing import NamedTuple

from localai_sidecar.gguf.header import Header

_MIB = 2**20
# What stays free, for a desktop's windows and for what drivers take beside our buffers: a twelfth of the memory, as
# screens and drivers grow with the card, but at least what one window system uses, and no more than llama.cpp's own
# `--fit` leaves. Vulkan drivers do not refuse more than there is: they move it to the machine's memory, at its pace.
_LEAST_MARGIN, _MOST_MARGIN, _MARGIN_SHARE = 256 * _MIB, 1024 * _MIB, 12
# The graph of a piece of 512 tokens: its widest activations some six times over, with 32 bits each, and constants. At
# most: on lavapipe llama.cpp took 15 of 54 MiB for a 135M model with 4,096 tokens, 43 of 100 for a 1.1B one with 2,048.
_PIECE = 512
_ACTIVATIONS, _BYTES = 6, 4
_CONSTANT = 32 * _MIB
# llama.cpp rounds the length of a context up to this.
_CONTEXT_STEP = 256


class Fit(NamedTuple):
    """So many of a model's layers (the output counts as the last one) go on a device, and take so many bytes there."""

    layers: int
    total: int
    device_bytes: int


def usable_bytes(free: int, total: int) -> int:
    """What of a device's memory a model may take."""
    return max(free - margin_bytes(total), 0)


def margin_bytes(total: int) -> int:
    """What of a device's memory stays free."""
    return min(max(total // _MARGIN_SHARE, _LEAST_MARGIN), _MOST_MARGIN)


def fit(header: Header, context_length: int, cache_bytes_per_token: int, usable: int, most: int) -> Fit:
    """At most `most` layers (below 0: all) in `usable` bytes, the output first and then from the last layer on.

    That is llama.cpp's order. Each layer brings its part of the context.
    """
    weights = header.weights
    cells = -(-context_length // _CONTEXT_STEP) * _CONTEXT_STEP
    cache = cells * cache_bytes_per_token // max(len(weights.layers), 1)
    costs = [weights.output, *(layer + cache for layer in reversed(weights.layers))]
    used = compute_bytes(header, cells)
    total = len(costs)
    layers = 0
    for cost in costs[: total if most < 0 else most]:
        if used + cost > usable:
            break
        used += cost
        layers += 1
    return Fit(layers, total, used if layers else 0)


def bytes_of(header: Header, context_length: int, cache_bytes_per_token: int, layers: int) -> int:
    """What that many layers take on a device."""
    return fit(header, context_length, cache_bytes_per_token, 1 << 63, layers).device_bytes


def compute_bytes(header: Header, cells: int) -> int:
    """What computing takes beside weights and cache: activations, and a mask of 16 bits for a piece and each cell."""
    widest = max(header.number("embedding_length"), header.number("feed_forward_length"))
    return _PIECE * (_ACTIVATIONS * _BYTES * widest + 2 * cells) + _CONSTANT
