"""A sidecar with the Vulkan plug-in, on machines whose drivers are what a test says: Mesa's lavapipe, or imitations."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import platformdirs
import pytest

from localai_sidecar.machine.vulkandrivers import vulkan_drivers
from sidecarkit import config, host
from sidecarkit.sidecar_client import SidecarClient
from sidecarkit.tools import zig

ROOT = Path(__file__).resolve().parents[4]
PLUG_IN = "libggml-vulkan.so"
# lavapipe compiles all it needs for the first proof and the first load in about a minute of computing.
LOAD_LIMIT_S = 300.0
SOURCE = Path(__file__).with_name("fake_driver.c")


class Machine:
    """Has the Vulkan drivers that were installed on it; `env` is what a sidecar on it is started with."""

    def __init__(self, folder: Path, shaders: Path) -> None:
        self.cache = folder / "cache"
        self._manifests = folder / "share" / "vulkan" / "icd.d"
        self._manifests.mkdir(parents=True)
        self._count = 0
        nothing = str(folder / "nothing")
        self.env = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("VK_", "GGML_", "XDG_"))},
            "HOME": str(folder / "home"),
            "XDG_CACHE_HOME": str(self.cache),
            "XDG_DATA_HOME": str(folder / "share"),
            "XDG_DATA_DIRS": nothing,
            "XDG_CONFIG_DIRS": nothing,
            # Compiled once for all tests: lavapipe takes seconds for each new program.
            "MESA_SHADER_CACHE_DIR": str(shaders),
        }

    def install(self, library: Path | str) -> Path:
        """Install one more driver; its manifest."""
        manifest = self._manifests / f"{self._count}.json"
        self._count += 1
        content = {"file_format_version": "1.0.0", "ICD": {"library_path": str(library), "api_version": "1.3.0"}}
        manifest.write_text(json.dumps(content), encoding="utf-8")
        return manifest


def vulkan_folder(option: str | None) -> Path:
    """The engine's folder with the plug-in: the one that LOCALAI_SIDECAR_FOLDER names for `source`, else the placed."""
    if option == "source":
        return Path(os.environ["LOCALAI_SIDECAR_FOLDER"])
    if option:
        return Path(option).resolve().parent
    targets = config.load_targets(ROOT / "ci" / "targets.toml")
    target = next(target for target in targets if target.name == f"vulkan-{host.target_triple()}")
    return ROOT / target.project.placed / target.folder_name


@pytest.fixture(scope="session")
def gpu_folder(request: pytest.FixtureRequest) -> Path:
    """The folder of an engine with the Vulkan plug-in."""
    folder = vulkan_folder(request.config.getoption("sidecar"))
    if not (folder / "llama" / PLUG_IN).is_file():
        pytest.skip(
            f"there is no Vulkan plug-in in {folder}: "
            f"run `python3 noxfile.py -s 'place(vulkan-{host.target_triple()})'`, or pass --sidecar"
        )
    return folder


@pytest.fixture
def own_engine(gpu_folder: Path, tmp_path: Path) -> Path:
    """A copy of the engine whose libraries may be changed."""
    return shutil.copytree(gpu_folder, tmp_path / "engine")


@pytest.fixture(scope="session")
def lavapipe() -> str:
    """Mesa's software driver as its manifest names it."""
    for driver in vulkan_drivers(os.environ):
        if "lvp" in driver.library:
            return driver.library
    pytest.skip("Mesa's lavapipe is not installed (Debian: mesa-vulkan-drivers)")


@pytest.fixture(scope="session")
def shaders() -> Path:
    """Where Mesa keeps compiled programs, also for later runs: all of them take lavapipe a minute of computing."""
    return Path(platformdirs.user_cache_dir("localaiapp", appauthor=False)) / "shaders"


@pytest.fixture
def machine(tmp_path: Path, shaders: Path) -> Machine:
    """A machine without Vulkan drivers."""
    return Machine(tmp_path / "machine", shaders)


@pytest.fixture(scope="session")
def imitation(tmp_path_factory: pytest.TempPathFactory, lavapipe: str) -> Callable[[str], Path]:
    """Compiles a driver with a fault of fake_driver.c, once; its library."""
    folder = tmp_path_factory.mktemp("drivers")

    def imitation(fault: str) -> Path:
        library = folder / f"libvulkan_{fault.lower()}.so"
        if not library.exists():
            defined = [f"-DFAULT={fault}", f'-DREAL_DRIVER="{lavapipe}"']
            compiler = [str(zig.binary()), "cc", *zig.compile_flags("x86_64-linux-gnu.2.28")]
            environment = {**os.environ, "ZIG_GLOBAL_CACHE_DIR": str(zig.shared_cache())}
            subprocess.run(
                [*compiler, "-shared", "-fPIC", "-w", *defined, str(SOURCE), "-o", str(library), "-ldl"],
                env=environment, check=True, timeout=120,
            )  # fmt: skip
        return library

    return imitation


@pytest.fixture(scope="session")
def made_model(tmp_path_factory: pytest.TempPathFactory, tiny_model: Path) -> Callable[..., Path]:
    """Writes a model of random weights in that shape."""
    from benchmarks.sidebyside.random_model import Shape, write

    def made_model(name: str, **sizes: int) -> Path:
        path = tmp_path_factory.mktemp("models") / f"{name}.gguf"
        write(Shape(name=name, **sizes), tiny_model, path)
        return path

    return made_model


@pytest.fixture(scope="session")
def deep_model(made_model: Callable[..., Path]) -> Path:
    """Sixteen layers, of which the imitated GPU holds some."""
    return made_model("deep", embedding=512, layers=16, heads=8, kv_heads=8, feed_forward=1024, context=2048)


@pytest.fixture(scope="session")
def long_model(made_model: Callable[..., Path]) -> Path:
    """Next to nothing to compute, and a context of several pieces."""
    return made_model("long", embedding=256, layers=1, heads=4, kv_heads=4, feed_forward=256, context=2048)


@pytest.fixture
def command(request: pytest.FixtureRequest, gpu_folder: Path) -> Callable[..., tuple[list[str], dict[str, str]]]:
    """The command and the environment of an engine on a machine; another folder has other libraries."""
    is_source = request.config.getoption("sidecar") == "source"

    def command(machine: Machine, folder: Path | None = None) -> tuple[list[str], dict[str, str]]:
        engine = folder or gpu_folder
        if is_source:
            import sys

            return [sys.executable, "-m", "localai_sidecar"], {**machine.env, "LOCALAI_SIDECAR_FOLDER": str(engine)}
        return [str(engine / "localai-sidecar")], machine.env

    return command


@pytest.fixture
def start_on(command: Callable[..., tuple[list[str], dict[str, str]]]) -> Iterator[Callable[..., SidecarClient]]:
    """Starts a sidecar on a machine; it is gone when the test ends."""
    with ExitStack() as stack:

        def start_on(machine: Machine, folder: Path | None = None) -> SidecarClient:
            words, env = command(machine, folder)
            return stack.enter_context(SidecarClient(words, env=env))

        yield start_on


def load(client: SidecarClient, model: Path, **params: Any) -> dict[str, Any]:
    """The result of `model/load`; a short context, as lavapipe takes seconds to warm up for whole pieces of prompts."""
    whole = {"path": str(model), "threads": 1, "contextLength": 128, **params}
    result: dict[str, Any] = client.request("model/load", whole, LOAD_LIMIT_S).result
    return result


def notices(client: SidecarClient) -> list[dict[str, Any]]:
    """The `log` notifications so far."""
    return [each.params for each in client.loose if each.method == "log"]


def gpu_backend(client: SidecarClient) -> dict[str, Any]:
    """What `status` tells of Vulkan."""
    backends = client.request("status").result["backends"]
    return next(dict(each) for each in backends if each["name"] == "Vulkan")


def tried(client: SidecarClient, seconds: float) -> dict[str, Any]:
    """What `status` tells of Vulkan once nothing is being tried any more."""
    deadline = time.monotonic() + seconds
    while (backend := gpu_backend(client))["state"] == "probing":
        assert time.monotonic() < deadline, f"still being tried: {backend}"
        time.sleep(0.05)  # the engine tells it when asked
    return backend
