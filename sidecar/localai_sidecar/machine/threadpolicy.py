"""How many threads compute beside other programs: pure, told what happens and asked at every look.

ggml's threads wait for each other by spinning, so a thread too many takes the core that its partner needs: with two
threads on two cores, one of them taken by another program, decode falls to a quarter, and one thread alone reaches
half. So the count follows the cores that are free, and each change must prove itself by the tokens' times.
"""

import math

# A change is made when two looks in a row ask for it: a program that starts is busy for a moment.
_VOTES = 2
# The second of two cores is worth having until others use most of it.
_LEAST_FREE = 0.5
# Going up asks for this much more than staying, so that a load at the edge does not flap.
_MARGIN = 0.2
_GAIN = 1.05
# Slower than this part of the usual without others to be seen: they may be hidden, in another container say.
_SLOW = 0.6
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 1.0, 16.0
# A bar against changes ends early when the load is another one.
_OTHER_LOAD = 0.4


class ThreadPolicy:
    """`threads` is the count to compute with, from 1 to `most`; `cpus` are the processors there are."""

    def __init__(self, most: int, cpus: int) -> None:
        self.threads = most
        self._most = most
        self._cpus = cpus
        self._wanted = most
        self._votes = 0
        self._trial: tuple[int, float] | None = None
        self._usual: dict[int, float] = {}
        self._pause = _FIRST_PAUSE_S
        self._barred_until = -math.inf
        self._barred_load = 0.0

    def begin(self, others: float) -> int:
        """A request begins (or goes on with its prompt) while others use that many cores; the threads to take."""
        self._trial, self._votes = None, 0
        self.threads = self._fitting(others)
        return self.threads

    def decide(self, now: float, rate: float, others: float) -> int:
        """The threads to go on with, after a while of `rate` tokens a second; `now` in seconds."""
        if self._trial and self._failed(now, rate, others):
            return self.threads
        wanted = self._choice(rate, others)
        self._usual[self.threads] = 0.8 * self._usual.get(self.threads, rate) + 0.2 * rate
        self._votes = self._votes + 1 if wanted == self._wanted else 1
        self._wanted = wanted
        if wanted != self.threads and self._votes >= _VOTES and not self._is_barred(now, others):
            self._trial = self.threads, rate
            self.threads = wanted
        return self.threads

    def _failed(self, now: float, rate: float, others: float) -> bool:
        """Take back a change that gained nothing, and make none for a while."""
        assert self._trial
        before, rate_before = self._trial
        self._trial = None
        if rate >= rate_before * _GAIN:
            self._pause = _FIRST_PAUSE_S
            return False
        self.threads = before
        self._usual[before] = rate_before
        self._barred_until, self._barred_load = now + self._pause, others
        self._pause = min(2 * self._pause, _LONGEST_PAUSE_S)
        return True

    def _choice(self, rate: float, others: float) -> int:
        fitting = self._fitting(others)
        if fitting > self.threads:
            return max(self._fitting(others + _MARGIN), self.threads)
        is_slow = rate < _SLOW * self._usual.get(self.threads, rate)
        return max(self.threads // 2, 1) if is_slow and fitting == self.threads else fitting

    def _fitting(self, others: float) -> int:
        return max(1, min(self._most, math.floor(self._cpus - others + _LEAST_FREE)))

    def _is_barred(self, now: float, others: float) -> bool:
        return now < self._barred_until and abs(others - self._barred_load) < _OTHER_LOAD
