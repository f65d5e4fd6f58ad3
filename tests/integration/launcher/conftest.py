"""A single file made of the real launcher and a small payload, in a cache folder of its own."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from sidecarkit import single_file as linking
from sidecarkit.tools import zig

HERE = Path(__file__).parent
ZIG_TARGET = "x86_64-linux-gnu.2.28"
LIMIT_S = 60.0


@dataclass(frozen=True)
class SingleFile:
    """The launcher under test, the hash its folder is named after, and the user's cache it unpacks to."""

    path: Path
    payload_hash: str
    cache: Path

    @property
    def unpacked(self) -> Path:
        return self.cache / "localai-sidecar" / self.payload_hash

    def start(self, *arguments: str, **changes: str) -> subprocess.Popen[str]:
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.cache), "XDG_CACHE_HOME": str(self.cache)} | changes
        return subprocess.Popen(
            [self.path, *arguments], env=environment, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    def run(self, *arguments: str, **changes: str) -> tuple[int, str, str]:
        with self.start(*arguments, **changes) as process:
            output, log = process.communicate(timeout=LIMIT_S)
        return process.returncode, output, log


def compile_c(source: Path, destination: Path, *flags: str, cwd: Path) -> None:
    subprocess.run(
        [zig.binary(), "cc", *zig.compile_flags(ZIG_TARGET), *flags, source, "-o", destination],
        cwd=cwd, check=True, timeout=LIMIT_S,
    )  # fmt: skip


def link(folder: Path, destination: Path) -> str:
    """Link a single file with `folder` as its payload, and return the payload's hash."""
    payload_hash = linking.write_payload(folder, destination.parent / linking.PAYLOAD)
    words = linking.link_command(
        HERE.parents[2] / "sidecar" / "launcher.c", destination,
        program="localai-sidecar", payload_hash=payload_hash, zig_target=ZIG_TARGET,
    )  # fmt: skip
    subprocess.run(words, cwd=destination.parent, check=True, timeout=LIMIT_S)
    return payload_hash


@pytest.fixture(scope="session")
def engine_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("engine")
    compile_c(HERE / "engine.c", folder / "localai-sidecar", cwd=folder)
    (folder / "llama").mkdir()
    (folder / "llama" / "libllama.so").write_bytes(os.urandom(100_000))
    (folder / "build.json").write_text("{}")
    return folder


@pytest.fixture(scope="session")
def linked(engine_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    path = tmp_path_factory.mktemp("single") / "localai-sidecar-cpu-x86_64-unknown-linux-gnu"
    return path, link(engine_folder, path)


@pytest.fixture
def single_file(linked: tuple[Path, str], tmp_path: Path) -> SingleFile:
    path, payload_hash = linked
    cache = tmp_path / "cache"
    cache.mkdir()
    return SingleFile(path, payload_hash, cache)
