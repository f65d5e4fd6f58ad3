"""Proves that a device computes rightly before it is used: in a throw-away process, by the numbers it gives."""

import math
from pathlib import Path

from localai_sidecar.engine_folder import engine_folder
from localai_sidecar.trials.child import Child, ChildFailed

PROOF_MODEL = "proof.gguf"
LIMIT_S = 15.0
# Normalised mean square error of the logits. Sound variants differ by up to 1.8e-4, because activations are rounded to
# 8 bits between the layers; one block of weights with a doubled scale gives 1.2e-3 or more. Both are measured by
# tests/integration/sidecar/test_variant_proof.py.
MOST_NMSE = 5e-4


class ProofFailed(Exception):
    """The device may not be used; the text says why."""


class NoProof(Exception):
    """There was no process to prove anything in: says nothing about the device."""


def prove(device: str, variant: str, baseline: str, model: Path | None = None) -> float:
    """The NMSE of what `device` computes with the CPU plug-in `variant`, against the CPU with `baseline`.

    `model` is what it computes; the engine's own proof model unless a test says otherwise. Raises ProofFailed, NoProof.
    """
    ours, theirs = _start(), _start()
    try:
        own_model = engine_folder() / PROOF_MODEL
        ours.send({"device": device, "variant": variant, "model": str(model or own_model)})
        theirs.send({"device": "CPU", "variant": baseline, "model": str(own_model)})
        error = nmse(_logits(ours), _logits(theirs))
    finally:
        ours.end()
        theirs.end()
    if not error <= MOST_NMSE:
        raise ProofFailed(f"its numbers are wrong: NMSE {error:.2g}, at most {MOST_NMSE:g} is allowed")
    return error


def nmse(found: list[float], expected: list[float]) -> float:
    """Normalised mean square error, as llama.cpp's test-backend-ops has it; infinite where there are no numbers."""
    if len(found) != len(expected) or not all(map(math.isfinite, found)):
        return math.inf
    return sum((a - b) ** 2 for a, b in zip(found, expected, strict=True)) / sum(b * b for b in expected)


def _start() -> Child:
    try:
        return Child("prove")
    except ChildFailed as failure:
        raise NoProof(str(failure)) from None


def _logits(child: Child) -> list[float]:
    try:
        answer = child.receive(LIMIT_S)
    except ChildFailed as failure:
        raise ProofFailed(str(failure)) from None
    if "error" in answer:
        raise ProofFailed(answer["error"])
    logits: list[float] = answer["logits"]
    return logits
