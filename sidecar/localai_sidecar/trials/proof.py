"""Proves that a device computes rightly before it is used: in a throw-away process, by the numbers it gives."""

import math
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from localai_sidecar.engine_folder import engine_folder
from localai_sidecar.trials.child import NOT_STARTED, Child, ChildFailed

PROOF_MODEL = "proof.gguf"
LIMIT_S = 15.0
# Normalised mean square error of the logits. Sound variants differ by up to 1.8e-4, because activations are rounded to
# 8 bits between the layers; one block of weights with a doubled scale gives 1.2e-3 or more. Both are measured by
# tests/integration/sidecar/test_variant_proof.py.
MOST_NMSE = 5e-4
# A GPU multiplies what the CPU rounds to 8 bits as it is, or rounded otherwise, and some add up in 16 bits. llama.cpp's
# test-backend-ops allows each product 5e-4 for that, and nine of them follow one another in the proof model. lavapipe
# is off by 5.4e-4. A kernel that is wrong is so in all blocks of a matrix: with twice its scales, any of the model's
# matrices gives 0.09 or more (tests/integration/sidecar/gpu/test_gpu_proof.py).
MOST_NMSE_OF_GPU = 4.5e-3


class Candidate(NamedTuple):
    """A device to be proven: the CPU, or the only one that `plug_in` sees in this `environment`."""

    plug_in: str | None = None
    environment: Mapping[str, str] = {}
    limit_s: float = LIMIT_S


CPU = Candidate()


class Proof(NamedTuple):
    """A device computes rightly: how far its numbers are off, and seconds it took for a single token."""

    error: float
    token_seconds: float


class Measured(NamedTuple):
    """Seconds for a token, and for one of a prompt, of a model with that many layers and bytes of weights."""

    token_seconds: float
    prompt_token_seconds: float
    layers: int
    bytes: int


class ProofFailed(Exception):
    """The device may not be used; the text says why, `code` in one word (`devices.kinds`)."""

    def __init__(self, text: str, code: str) -> None:
        super().__init__(text)
        self.code = code


class NoProof(Exception):
    """There was no process to prove anything in: says nothing about the device."""


def prove(device: Candidate, variant: str, baseline: str, model: Path | None = None) -> Proof:
    """What `device` computes beside the CPU plug-in `variant`, against the CPU with `baseline`.

    `model` is what it computes; the engine's own proof model unless a test says otherwise. Raises ProofFailed, NoProof.
    """
    own_model = engine_folder() / PROOF_MODEL
    ours = _start(device)
    try:
        theirs = _start(CPU)
        try:
            began = time.monotonic()
            ours.send(_question("logits", device, variant, model or own_model))
            theirs.send(_question("logits", CPU, baseline, own_model))
            expected = _answer(theirs, LIMIT_S)["logits"]
            answer = _answer(ours, max(began + device.limit_s - time.monotonic(), 0), device.limit_s)
        finally:
            theirs.end()
    finally:
        ours.end()
    error = nmse(answer["logits"], expected)
    most = MOST_NMSE_OF_GPU if device.plug_in else MOST_NMSE
    if not error <= most:
        text = f"its numbers are wrong: NMSE {error:.2g}, at most {most:g} is allowed"
        raise ProofFailed(text, "wrong_numbers")
    return Proof(error, answer["tokenSeconds"])


def measure(device: Candidate, variant: str) -> Measured:
    """How fast `device` computes a model of usual layers. Raises ProofFailed, NoProof."""
    child = _start(device)
    try:
        child.send(_question("speed", device, variant, None))
        answer = _answer(child, device.limit_s)
    finally:
        child.end()
    return Measured(answer["tokenSeconds"], answer["promptTokenSeconds"], answer["layers"], answer["bytes"])


def nmse(found: list[float], expected: list[float]) -> float:
    """Normalised mean square error, as llama.cpp's test-backend-ops has it; infinite where there are no numbers."""
    if len(found) != len(expected) or not all(map(math.isfinite, found)):
        return math.inf
    return sum((a - b) ** 2 for a, b in zip(found, expected, strict=True)) / sum(b * b for b in expected)


def _question(task: str, device: Candidate, variant: str, model: Path | None) -> dict[str, Any]:
    return {"task": task, "plugIn": device.plug_in, "variant": variant, "model": str(model)}


def _start(device: Candidate) -> Child:
    try:
        return Child("prove", environment=device.environment)
    except ChildFailed as failure:
        raise NoProof(str(failure)) from None


def _answer(child: Child, seconds: float, limit: float | None = None) -> dict[str, Any]:
    try:
        answer = child.receive(seconds, limit)
    except ChildFailed as failure:
        if failure.code == NOT_STARTED:
            raise NoProof(str(failure)) from None
        raise ProofFailed(str(failure), failure.code) from None
    if "error" in answer:
        raise ProofFailed(answer["error"], answer["code"])
    return answer
