"""Which device computes a model fastest: pure, by what was measured once on each."""

from typing import NamedTuple

from localai_sidecar.devices.kinds import Speed
from localai_sidecar.gguf.weights import Weights

# What is compared: a prompt of a few paragraphs, and an answer to it.
_PROMPT_TOKENS, _REPLY_TOKENS = 512, 256
# A device must gain this much over the CPU: measurements differ from day to day, and memory on the way costs, too.
_WORTH = 0.9


class Option(NamedTuple):
    """A proven device, its speed, and how many layers of the model it holds."""

    device: str
    speed: Speed
    layers: int


class Choice(NamedTuple):
    """The device to take (None: the CPU), and how many times as fast as the CPU it is expected to be."""

    device: str | None
    times: float


def fastest(weights: Weights, options: list[Option], processor: Speed) -> Choice:
    """The best of the options and the CPU."""
    alone = _seconds(weights, 0, processor, processor)
    best = Choice(None, 1.0)
    for option in options:
        seconds = _seconds(weights, option.layers, option.speed, processor)
        times = alone / seconds if seconds else 0.0
        if option.layers and seconds < alone * _WORTH and times > best.times:
            best = Choice(option.device, times)
    return best


def _seconds(weights: Weights, layers: int, device: Speed, processor: Speed) -> float:
    """For a usual reply, with that many layers on the device and the rest on the processor."""
    costs = [weights.output, *reversed(weights.layers)]
    return _reply(costs[:layers], device) + _reply(costs[layers:], processor)


def _reply(costs: list[int], speed: Speed) -> float:
    size = sum(costs)
    token = len(costs) * speed.layer + size * speed.byte
    return _REPLY_TOKENS * token + _PROMPT_TOKENS * size * speed.prompt_byte


def speed_of(small_layer: float, token: float, prompt_token: float, layers: int, size: int) -> Speed:
    """From seconds for a layer of a model with next to no weights, and for a token of one with usual layers.

    The first is what launching its kernels costs; what the second takes beyond that are its weights.
    """
    weights = token - layers * small_layer
    # A measurement that contradicts itself was disturbed: all of the time is read as the weights' then.
    if weights <= 0:
        return Speed(0.0, token / size, prompt_token / size)
    return Speed(small_layer, weights / size, prompt_token / size)
