"""What a sidecar needs beside its own Python, by the name that targets.toml gives: nothing else knows llama.cpp."""

from __future__ import annotations

from sidecarkit.recipes import llama, plain
from sidecarkit.recipes.recipe import Recipe

_BY_NAME = {"llama": llama.RECIPE, "plain": plain.RECIPE}


def names() -> list[str]:
    """All there are."""
    return sorted(_BY_NAME)


def of(name: str) -> Recipe:
    """The recipe of that name; the schema of targets.toml knows the same names."""
    return _BY_NAME[name]
