"""What the steps work with: the engine, the tool it is measured beside, models, and the memory of the card."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sidecarkit.sidecar_client import SidecarClient

LOAD_LIMIT_S = 300.0
END_LIMIT_S = 10.0
# A card computes it all, and either side has a processor's core for what is left.
THREADS = 1


@dataclass(frozen=True, kw_only=True)
class Kit:
    """`program`: the engine's. `tiny`: a model that writes text. `large`: one of a true shape with random weights.

    `used` is the memory in use on the card, in bytes. `cache` is the engine's folder for what it remembers. `tokens`:
    the length of a measured reply. `pairs`: how often it is measured.
    """

    program: Path
    llama_bench: Path
    tiny: Path
    large: Path
    cache: Path
    used: Callable[[], int]
    tokens: int = 4096
    pairs: int = 5

    @property
    def context(self) -> int:
        """Room for a reply and its short prompt."""
        return self.tokens + 256

    @contextmanager
    def engine(self) -> Iterator[SidecarClient]:
        """The engine, started; it is killed at the end, whatever it does."""
        environment = os.environ | {"XDG_CACHE_HOME": str(self.cache)}
        with SidecarClient([self.program], env=environment, cwd=self.program.parent) as engine:
            engine.initialize()
            yield engine

    def load(self, engine: SidecarClient, device: str) -> dict[str, Any]:
        """Load the large model on `device` and no other. Raises SidecarClientError."""
        request = {"path": str(self.large), "device": device, "contextLength": self.context, "threads": THREADS}
        result: dict[str, Any] = engine.request("model/load", request, LOAD_LIMIT_S).result
        return result
