"""llama.cpp beside a Python engine: its libraries for every kind of CPU, its bindings, and what it is measured with."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from sidecarkit.recipes.llama import anchors, cuda, extras, libraries, models, native, promises, python, vulkan
from sidecarkit.recipes.recipe import Recipe

if TYPE_CHECKING:
    from sidecarkit.config import Target, Toolchain

_TRIPLES = {"x86_64-unknown-linux-gnu"}
_PLUG_INS = {"vulkan": vulkan.PLUG_IN, "cuda": cuda.PLUG_IN}


def _lacks(target: Target) -> str | None:
    if target.triple in _TRIPLES and target.variant in ("cpu", *_PLUG_INS):
        return None
    return f"the recipe `llama` has no flags and parts for `{target.name}` yet"


def _facts(toolchain: Toolchain) -> dict[str, Any]:
    pin = toolchain.sdist(python.PIN)
    native_flags = libraries.flags(Path("llama.cpp"), pin, with_server=False).definitions
    # Where the checkout lies is nobody's business.
    here = f"{Path(__file__).parent}/"
    return {
        "llama.cpp": {"commit": pin.facts["commit"], "build": pin.facts["build_number"], "source": pin.package},
        "flags": {
            "native": [flag.replace(here, "") for flag in native_flags],
            "engine": [flag.replace(here, "") for flag in python.ENGINE.flags],
        },
    }


RECIPE = Recipe(
    lacks=_lacks,
    promises=promises.rules,
    native=native.NATIVE,
    engine=python.ENGINE,
    extras=extras.EXTRAS,
    plug_ins=_PLUG_INS,
    models=models.MODELS,
    anchors=anchors.ANCHORS,
    facts=_facts,
)
