"""Beside the libraries: the model by which the engine proves a device before it trusts it."""

from __future__ import annotations

from pathlib import Path

from sidecarkit import digest
from sidecarkit.recipes.recipe import Extras

_MAKER = Path(__file__).with_name("proof_model.py")


def _add(folder: Path) -> None:
    # Only here: NumPy takes longer to import than a plan to be made.
    from sidecarkit.recipes.llama import proof_model

    proof_model.write(folder / proof_model.NAME)


EXTRAS = Extras(inputs=lambda: {"proof model": digest.of_file(_MAKER)}, add=_add)
