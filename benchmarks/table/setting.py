"""What every measurement is given: programs, models, threads, how many pairs, and a folder to work in."""

from __future__ import annotations

import filecmp
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.sidebyside.pairing import in_turn
from benchmarks.sidebyside.sides import LIBRARIES, SHORT_PROMPT, Placed, Work
from benchmarks.table.engine import CACHE_VARIABLE, Engine

PROMPT_TOKENS = 512
PREDICT = 128
# Times that a short measurement is repeated; the fastest counts: what disturbs only ever slows.
REPETITIONS = 3


def fastest(measure: Callable[[], float]) -> Callable[[], float]:
    """The least of REPETITIONS measurements in a row."""
    return lambda: min(measure() for _ in range(REPETITIONS))


@dataclass(frozen=True, kw_only=True)
class Setting:
    """Programs and models of one run. `program` lies in the placed folder, `single_file` beside that."""

    target: str
    program: Path
    single_file: Path
    llama_bench: Path
    llama_server: Path
    model: Path
    tiny_model: Path
    threads: int
    pairs: int
    workplace: Path
    zig_target: str
    tell: Callable[[str], None]

    @property
    def placed(self) -> Placed:
        """What the gate's own samples ask for."""
        libraries = self.program.parent / LIBRARIES
        return Placed(program=self.program, libraries=libraries, llama_bench=self.llama_bench, target=self.target)

    @property
    def work(self) -> Work:
        """What the gate's own samples do, on the model measured here."""
        return Work(
            model=self.model,
            threads=self.threads,
            prompt_tokens=PROMPT_TOKENS,
            predict=PREDICT,
            repetitions=REPETITIONS,
        )

    def pairs_of(self, what: str, first: Callable[[], float], second: Callable[[], float]) -> list[tuple[float, float]]:
        """Both sides measured in turn, telling each pair."""

        def tell(index: int, ours: float, theirs: float) -> None:
            self.tell(f"{what}, pair {index + 1} of {self.pairs}: {ours:.4g} beside {theirs:.4g}")

        return in_turn(self.pairs, first, second, tell)

    def samples_of(self, what: str, measure: Callable[[], float]) -> list[float]:
        """As many samples of one side as there would be pairs, telling each."""
        samples: list[float] = []
        for index in range(self.pairs):
            samples.append(measure())
            self.tell(f"{what}, {index + 1} of {self.pairs}: {samples[-1]:.4g}")
        return samples

    @contextmanager
    def fresh_folder(self) -> Iterator[Path]:
        """An empty folder that is gone afterwards."""
        with TemporaryDirectory(dir=self.workplace) as folder:
            yield Path(folder)

    @contextmanager
    def warm_cache(self, program: Path | None = None) -> Iterator[Path]:
        """A cache folder with what a first start leaves for later ones: unpacked file, proofs, models once checked."""
        with self.fresh_folder() as cache:
            with Engine(program or self.program, cache=cache) as engine:
                engine.initialize()
                for model in (self.model, self.tiny_model):
                    engine.load(model, threads=self.threads)
                    engine.generate(prompt=SHORT_PROMPT, maxTokens=1)
                engine.shutdown()
            yield cache

    @contextmanager
    def warm_environment(self) -> Iterator[Path]:
        """A warm cache that processes find by themselves: the gate's own samples start them without a word about it."""
        before = os.environ.get(CACHE_VARIABLE)
        with self.warm_cache() as cache:
            os.environ[CACHE_VARIABLE] = str(cache)
            try:
                yield cache
            finally:
                os.environ.pop(CACHE_VARIABLE)
                if before is not None:
                    os.environ[CACHE_VARIABLE] = before


def plug_in(pid: int) -> Path:
    """The CPU plug-in that a process has loaded."""
    maps = Path(f"/proc/{pid}/maps").read_text(encoding="utf-8").splitlines()
    (path,) = {line.split(maxsplit=5)[5] for line in maps if "/libggml-cpu-" in line}
    return Path(path)


def assert_same_plug_in(ours: int, theirs: int) -> None:
    """That two processes compute with the same kernels, byte for byte."""
    own, other = plug_in(ours), plug_in(theirs)
    assert filecmp.cmp(own, other, shallow=False), f"{own} and {other} differ"
