"""The placed Vulkan sidecar on Mesa's lavapipe: Vulkan computed by the processor, without a graphics card."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from sidecarkit import config, host, requirements
from sidecarkit.sidecar_client import SidecarClient

ROOT = Path(__file__).resolve().parents[3]
# A first load compiles the shaders: ten seconds on two idle cores.
LOAD_LIMIT_S = 240.0


@pytest.fixture(scope="session")
def vulkan_folder() -> Path:
    """The folder of the placed sidecar with the Vulkan backend."""
    name = f"vulkan-{host.target_triple()}"
    target = next(each for each in config.load_targets(ROOT / "ci" / "targets.toml") if each.name == name)
    folder = ROOT / target.project.placed / target.folder_name
    if not (folder / target.program_name).is_file():
        pytest.fail(f"there is no {folder}\nhint: run `python3 noxfile.py -s 'place({name})'`", pytrace=False)
    return folder


@pytest.fixture(scope="session")
def lavapipe() -> dict[str, str]:
    """An environment in which Vulkan's loader finds lavapipe and no other driver."""
    manifest = requirements.lavapipe()
    if manifest is None:
        pytest.fail("lavapipe is missing\nhint: run `python3 noxfile.py -s doctor`, which names it", pytrace=False)
    return {"VK_DRIVER_FILES": manifest, "VK_ICD_FILENAMES": manifest}


@pytest.fixture(scope="session")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One user's cache folder for all tests: a device is proven once."""
    return tmp_path_factory.mktemp("vulkan-cache")


@pytest.fixture
def loaded(
    vulkan_folder: Path, lavapipe: dict[str, str], kept: Path, tiny_model: Path
) -> Iterator[Callable[..., tuple[SidecarClient, dict[str, Any]]]]:
    """Starts the sidecar and loads the demo model: `loaded(device="Vulkan0")`; the sidecar, and what it answered."""
    environment = {**os.environ, **lavapipe, "XDG_CACHE_HOME": str(kept)}
    with ExitStack() as stack:

        def load(**params: Any) -> tuple[SidecarClient, dict[str, Any]]:
            sidecar = stack.enter_context(SidecarClient([vulkan_folder / "localai-sidecar"], env=environment))
            sidecar.initialize()
            request = {"path": str(tiny_model), "threads": 1, **params}
            return sidecar, sidecar.request("model/load", request, LOAD_LIMIT_S).result

        yield load
