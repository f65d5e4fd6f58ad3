"""Lines of every kind, through the real process: each gets its answer, and the memory stays where it was."""

from __future__ import annotations

from sidecarkit.sidecar_client import SidecarClient
from tests.fuzz import lines

# The long run is `python -m tests.fuzz.lines`.
SEED = "tests"


def test_thousands_of_mutated_lines_are_answered_one_by_one(ready: SidecarClient) -> None:
    kinds = lines.run(ready, SEED, 5000)
    assert {"result", "parse_error", "invalid_request", "invalid_params", "method_not_found", "no_model"} <= {*kinds}
    assert ready.process.poll() is None


def test_requests_among_mutated_lines_are_run(engine: SidecarClient) -> None:
    kinds = lines.run(engine, SEED, 1000)
    assert {"generate/delta", "parse_error", "invalid_params"} <= {*kinds}
    assert engine.process.poll() is None
