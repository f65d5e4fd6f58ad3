"""The thread policy against simulated machines: the best count soon, no flapping, and nothing taken on trust."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from localai_sidecar.machine.threadpolicy import ThreadPolicy

LOOK_S = 0.25
# Tokens a second by busy programs and threads, as measured on two cores with a model of 1.1 billion parameters.
TWO_CORES = {0: {1: 23.0, 2: 44.0}, 1: {1: 22.0, 2: 12.0}, 2: {1: 16.0, 2: 8.0}}
# What others get of two cores beside that many threads of ours.
OTHERS = {0: {1: 0.05, 2: 0.05}, 1: {1: 1.0, 2: 0.7}, 2: {1: 1.33, 2: 1.1}}


@dataclass
class Machine:
    """Two cores, and a policy that is asked four times a second."""

    policy: ThreadPolicy
    now: float = 0.0
    changes: int = 0

    def run(self, seconds: float, busy: int, noise: Callable[[int], float] = lambda _: 1.0) -> list[int]:
        counts = []
        for step in range(round(seconds / LOOK_S)):
            before = self.policy.threads
            self.now += LOOK_S
            rate = TWO_CORES[busy][before] * noise(step)
            counts.append(self.policy.decide(self.now, rate, OTHERS[busy][before]))
            self.changes += counts[-1] != before
        return counts


@pytest.fixture
def machine() -> Machine:
    return Machine(ThreadPolicy(most=2, cpus=2))


def best(busy: int) -> int:
    return max(TWO_CORES[busy], key=lambda threads: TWO_CORES[busy][threads])


@pytest.mark.parametrize("busy", [0, 1, 2])
def test_it_settles_on_the_best_count_within_two_seconds(machine: Machine, busy: int) -> None:
    assert machine.run(4, busy)[round(2 / LOOK_S) :] == [best(busy)] * 8


def test_it_follows_each_change_within_two_seconds_with_one_change_of_its_own(machine: Machine) -> None:
    states = [0, 1, 2, 0, 2, 1, 0]
    for busy in states:
        assert set(machine.run(10, busy)[round(2 / LOOK_S) :]) == {best(busy)}
    expected = sum(best(a) != best(b) for a, b in zip([0, *states], states, strict=False))
    assert machine.changes == expected


def test_rates_that_wobble_do_not_make_it_flap(machine: Machine) -> None:
    machine.run(60, 0, noise=lambda step: 0.8 if step % 2 else 1.2)
    machine.run(60, 1, noise=lambda step: 0.8 if step % 3 else 1.2)
    assert machine.changes == 1


def test_a_program_that_is_busy_for_a_moment_changes_nothing(machine: Machine) -> None:
    for _ in range(10):
        machine.run(LOOK_S, 1)
        machine.run(4 * LOOK_S, 0)
    assert machine.changes == 0


def test_a_change_that_makes_it_slower_is_taken_back_and_tried_ever_more_rarely() -> None:
    policy = ThreadPolicy(most=2, cpus=2)
    changes, now = 0, 0.0
    for _ in range(round(60 / LOOK_S)):
        before, now = policy.threads, now + LOOK_S
        # Others use much of a core, and yet two threads are better than one.
        policy.decide(now, {1: 20.0, 2: 30.0}[before], 0.8)
        changes += policy.threads != before
    assert policy.threads == 2
    # Pauses of 1, 2, 4, 8, 16 and 16 seconds lie between the attempts of a minute.
    assert changes <= 2 * 7


def test_a_load_that_cannot_be_seen_is_found_by_the_tokens_times() -> None:
    policy, now = ThreadPolicy(most=2, cpus=2), 0.0
    for _ in range(8):
        now += LOOK_S
        policy.decide(now, 44.0, 0.0)
    counts = []
    for _ in range(8):
        now += LOOK_S
        counts.append(policy.decide(now, {1: 22.0, 2: 12.0}[policy.threads], 0.0))
    assert 1 in counts


def test_many_cores_lose_one_thread_for_each_that_others_take() -> None:
    policy = ThreadPolicy(most=8, cpus=8)
    assert [policy.begin(others) for others in (0.0, 0.3, 1.0, 2.1, 7.9, 20.0)] == [8, 8, 7, 6, 1, 1]


def test_processors_that_share_a_core_leave_room_for_others() -> None:
    assert ThreadPolicy(most=4, cpus=8).begin(3.0) == 4
