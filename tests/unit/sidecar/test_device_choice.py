"""Which device is expected to compute a model fastest, by what was measured once."""

from __future__ import annotations

import pytest

from localai_sidecar.devices.choice import Option, fastest, speed_of
from localai_sidecar.devices.kinds import Speed
from localai_sidecar.gguf.weights import Weights

MIB = 2**20
# 40 GB and 10 GB of weights a second, and what a layer costs without weights: a GPU is slow to start.
PROCESSOR = Speed(layer=20e-6, byte=1 / 40e9, prompt_byte=1 / 100e9)
LAPTOP = Speed(layer=100e-6, byte=1 / 38e9, prompt_byte=1 / 400e9)
CARD = Speed(layer=60e-6, byte=1 / 500e9, prompt_byte=1 / 20e12)
SEVEN_B = Weights(layers=(120 * MIB,) * 32, output=100 * MIB, table=100 * MIB)
TINY = Weights(layers=(200_000,) * 5, output=150_000, table=150_000)


def test_a_card_is_chosen_for_a_model_of_usual_size() -> None:
    choice = fastest(SEVEN_B, [Option("Vulkan0", CARD, 33)], PROCESSOR)
    assert choice.device == "Vulkan0"
    assert choice.times > 5


def test_the_faster_of_two_cards_is_chosen_whatever_their_order() -> None:
    options = [Option("Vulkan0", LAPTOP, 33), Option("CUDA0", CARD, 33)]
    assert fastest(SEVEN_B, options, PROCESSOR).device == "CUDA0"
    assert fastest(SEVEN_B, options[::-1], PROCESSOR).device == "CUDA0"


def test_a_tiny_model_stays_on_the_cpu_where_nothing_has_to_be_launched() -> None:
    assert fastest(TINY, [Option("Vulkan0", CARD, 6)], PROCESSOR).device is None


def test_a_card_that_holds_half_of_a_model_is_still_worth_it() -> None:
    half = fastest(SEVEN_B, [Option("Vulkan0", CARD, 17)], PROCESSOR)
    assert half.device == "Vulkan0"
    assert 1.5 < half.times < 2.5


def test_a_large_slow_device_loses_against_a_small_fast_one_only_by_time() -> None:
    options = [Option("Vulkan0", LAPTOP, 33), Option("Vulkan1", CARD, 8)]
    whole = fastest(SEVEN_B, options[:1], PROCESSOR).times
    part = fastest(SEVEN_B, options[1:], PROCESSOR).times
    assert fastest(SEVEN_B, options, PROCESSOR).device == ("Vulkan0" if whole > part else "Vulkan1")


@pytest.mark.parametrize("options", [[], [Option("Vulkan0", CARD, 0)], [Option("Vulkan0", PROCESSOR, 33)]])
def test_the_cpu_computes_what_nothing_else_computes_clearly_faster(options: list[Option]) -> None:
    assert fastest(SEVEN_B, options, PROCESSOR) == (None, 1.0)


def test_two_models_times_tell_launches_from_weights() -> None:
    speed = speed_of(small_layer=50e-6, token=3 * 50e-6 + 100e6 / 20e9, prompt_token=1e-4, layers=3, size=100_000_000)
    assert speed.layer == 50e-6
    assert speed.byte == pytest.approx(1 / 20e9)
    assert speed.prompt_byte == pytest.approx(1e-12)


def test_a_disturbed_measurement_never_gives_weights_that_cost_nothing() -> None:
    speed = speed_of(small_layer=1.0, token=0.01, prompt_token=1e-4, layers=3, size=100)
    assert speed.byte > 0
