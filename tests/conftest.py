"""Which sidecar the tests drive (`--sidecar`), how one is started, and the models it is given."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from sidecarkit import config, host
from sidecarkit.config import Target
from sidecarkit.sidecar_client import SidecarClient

ROOT = Path(__file__).resolve().parents[1]
VARIANT = "cpu"

Start = Callable[..., SidecarClient]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--sidecar",
        help="program to drive: a path, or `source` for the Python sources with the libraries of the folder that "
        "LOCALAI_SIDECAR_FOLDER names; default: both placed layouts",
    )
    parser.addoption("--examples", type=int, default=150, help="how many examples a property is tried with")


def pytest_configure() -> None:
    """Hear requests to end: whoever was started in the background is deaf to them, and so is all that it starts."""
    for name, handler in (("SIGINT", signal.default_int_handler), ("SIGHUP", signal.SIG_DFL)):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, handler)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "sidecar_command" in metafunc.fixturenames:
        commands = sidecar_commands(metafunc.config.getoption("sidecar"))
        metafunc.parametrize("sidecar_command", commands.values(), ids=commands.keys(), scope="session")


def sidecar_commands(option: str | None) -> dict[str, tuple[str, ...]]:
    """The commands to try, by name."""
    if option == "source":
        return {"source": (sys.executable, "-m", "localai_sidecar")}
    if option:
        return {"program": (str(Path(option).resolve()),)}
    target = host_target()
    placed = ROOT / target.project.placed
    return {
        "folder": (str(placed / target.folder_name / target.program_name),),
        "single_file": (str(placed / target.single_file_name),),
    }


def host_target() -> Target:
    """This machine's `cpu` target."""
    targets = config.load_targets(ROOT / "ci" / "targets.toml")
    return next(target for target in targets if target.name == f"{VARIANT}-{host.target_triple()}")


@pytest.fixture(autouse=True)
def _sidecar_is_there(request: pytest.FixtureRequest) -> None:
    if "sidecar_command" not in request.fixturenames:
        return
    program = Path(request.getfixturevalue("sidecar_command")[0])
    if not program.is_file():
        pytest.fail(
            f"the sidecar is missing: {program}\n"
            f"hint: run `python3 noxfile.py -s 'place({VARIANT}-{host.target_triple()})'`, or pass --sidecar",
            pytrace=False,
        )


@pytest.fixture(scope="session")
def warm_cache(sidecar_command: tuple[str, ...], tmp_path_factory: pytest.TempPathFactory, tiny_model: Path) -> Path:
    """A user's cache folder in which a sidecar has proven its backends before, and opened the tiny model."""
    home = tmp_path_factory.mktemp("cache")
    subprocess.run(
        [*sidecar_command, "--self-test", "--model", str(tiny_model), "--tokens", "1"],
        env={**os.environ, "XDG_CACHE_HOME": str(home)}, check=True, capture_output=True, timeout=60,
    )  # fmt: skip
    return home


@pytest.fixture
def start(sidecar_command: tuple[str, ...], warm_cache: Path) -> Iterator[Start]:
    """Starts a sidecar, which is gone when the test ends: `start("--option", env={…}, cwd=…)`."""
    with ExitStack() as stack:

        def start(*arguments: str, env: dict[str, str] | None = None, cwd: Path | None = None) -> SidecarClient:
            whole = {**os.environ, "XDG_CACHE_HOME": str(warm_cache), **(env or {})}
            return stack.enter_context(SidecarClient([*sidecar_command, *arguments], env=whole, cwd=cwd))

        yield start


@pytest.fixture
def ready(start: Start) -> SidecarClient:
    """A sidecar after `initialize`."""
    client = start()
    client.initialize()
    return client


@pytest.fixture
def load(ready: SidecarClient) -> Callable[..., SidecarClient]:
    """Loads a model into a fresh sidecar: `load(path, threads=2)`; one thread unless said otherwise."""

    def load(path: Path, **params: Any) -> SidecarClient:
        ready.request("model/load", {"path": str(path), "threads": 1, **params})
        return ready

    return load


@pytest.fixture
def engine(load: Callable[..., SidecarClient], tiny_model: Path) -> SidecarClient:
    """A sidecar with the tiny model."""
    return load(tiny_model)


@pytest.fixture(scope="session")
def tiny_model() -> Path:
    """The demo model: real text at thousands of tokens a second, context 512."""
    return ROOT / "tauri-app" / "src-tauri" / "models" / "stories260K.gguf"


@pytest.fixture(scope="session")
def slow_model(tmp_path_factory: pytest.TempPathFactory, tiny_model: Path) -> Path:
    """Random weights in a shape that takes long enough to be stopped in the middle: about 170M parameters."""
    from benchmarks.sidebyside.random_model import Shape, write

    path = tmp_path_factory.mktemp("models") / "slow.gguf"
    shape = Shape(name="slow", embedding=768, layers=24, heads=12, kv_heads=12, feed_forward=2048, context=8192)
    write(shape, tiny_model, path)
    return path
