"""Which cards a CUDA plug-in has code for, by the architectures it was built for."""

import pytest

from localai_sidecar.llama.cudaapi import unfit

RELEASED = ["75-real", "80-real", "86-real", "89-real", "90-real", "120a-real"]


@pytest.mark.parametrize("capability", [(7, 5), (8, 0), (8, 6), (8, 7), (8, 9), (9, 0), (12, 0)])
def test_a_card_of_a_built_architecture_or_a_later_minor_one_is_fit(capability: tuple[int, int]) -> None:
    assert unfit(*capability, RELEASED) is None


@pytest.mark.parametrize("capability", [(10, 0), (12, 1)])
def test_a_card_that_no_code_runs_on_is_told_what_there_is(capability: tuple[int, int]) -> None:
    reason = unfit(*capability, RELEASED)
    assert reason is not None
    assert "7.5, 8.0, 8.6, 8.9, 9.0, 12.0" in reason
    assert "Vulkan" in reason


@pytest.mark.parametrize("capability", [(5, 2), (6, 1), (7, 0)])
def test_cards_that_cuda_13_dropped_are_told_so(capability: tuple[int, int]) -> None:
    reason = unfit(*capability, RELEASED)
    assert reason is not None
    assert "older than 7.5" in reason


def test_code_that_a_driver_can_compile_serves_every_later_card_and_no_earlier_one() -> None:
    for architecture in ("80", "80-virtual"):
        assert unfit(10, 0, [architecture]) is None
        assert unfit(7, 5, [architecture]) is not None


def test_without_a_list_of_architectures_the_proof_decides() -> None:
    assert unfit(6, 1, []) is None
