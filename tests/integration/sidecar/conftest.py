"""What tests of the sidecar take from the pinned sdist: vocabularies, chat templates, and the low-level bindings."""

from __future__ import annotations

import io
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from gguf import GGUFReader, GGUFValueType, GGUFWriter

from sidecarkit import config, digest, parts, tarballs
from sidecarkit.cache import Cache
from sidecarkit.recipes.llama import python as recipe
from sidecarkit.report import Report
from sidecarkit.sidecar_client import SidecarClient

ROOT = Path(__file__).resolve().parents[3]


# What is unpacked of the sdist: kept in the user's cache, since reading all of it takes seconds.
WANTED = ("llama_cpp/", "vendor/llama.cpp/models/", "vendor/llama.cpp/tests/test-chat-template.cpp")


@pytest.fixture(scope="session")
def sdist() -> Path:
    """The unpacked sdist, in parts."""
    report = Report(io.StringIO())
    pin = config.load_toolchain(ROOT / "ci" / "toolchain.toml").sdist(recipe.PIN)
    top = f"{pin.package.replace('-', '_')}-{pin.version}"

    def build(folder: Path) -> None:
        wanted = tuple(f"{top}/{name}" for name in WANTED)
        with tarfile.open(parts.sdist(pin, report)) as archive:
            archive.extractall(
                folder, (member for member in archive if member.name.startswith(wanted)), **tarballs.FILTERS
            )

    key = digest.of_mapping({"sdist": pin.sha256, "wanted": " ".join(WANTED)})
    return Cache.of_user(report).folder("sdist-for-tests", key, build).path / top


@pytest.fixture(scope="session")
def llama_models(sdist: Path) -> Path:
    """llama.cpp's `models`: vocabularies with texts and their tokens, and a collection of chat templates."""
    return sdist / "vendor" / "llama.cpp" / "models"


@pytest.fixture(scope="session")
def template_test(sdist: Path) -> str:
    """The source of llama.cpp's test of chat templates."""
    return (sdist / "vendor" / "llama.cpp" / "tests" / "test-chat-template.cpp").read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def bindings(sdist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder to import llama.cpp's low-level bindings from, as the compiler of the engine finds them."""
    folder = tmp_path_factory.mktemp("bindings")
    for name, text in recipe.STUBS.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    for name in recipe.BINDINGS:
        shutil.copyfile(sdist / "llama_cpp" / name, folder / "llama_cpp" / name)
    return folder


@pytest.fixture
def with_template(ready: SidecarClient, tiny_model: Path, tmp_path: Path) -> Callable[[str], dict[str, Any]]:
    """Loads the tiny model with a chat template; the model's description."""

    def with_template(template: str) -> dict[str, Any]:
        path = tmp_path / "chat.gguf"
        _copy_with_template(tiny_model, path, template)
        model: dict[str, Any] = ready.request("model/load", {"path": str(path), "threads": 1}).result["model"]
        return model

    return with_template


def _copy_with_template(model: Path, path: Path, template: str) -> None:
    reader = GGUFReader(model)
    writer = GGUFWriter(path, "llama")
    for key, field in reader.fields.items():
        if key.startswith("GGUF.") or key in ("general.architecture", "tokenizer.chat_template"):
            continue
        if field.types[0] == GGUFValueType.ARRAY:
            writer.add_array(key, field.contents())
        else:
            writer.add_key_value(key, field.contents(), field.types[0])
    writer.add_chat_template(template)
    for tensor in reader.tensors:
        writer.add_tensor(tensor.name, tensor.data, raw_shape=tensor.data.shape, raw_dtype=tensor.tensor_type)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


@pytest.fixture(scope="session")
def talking_model(tmp_path_factory: pytest.TempPathFactory, llama_models: Path) -> Path:
    """Random weights behind the vocabulary and the template of Phi 3."""
    from benchmarks.sidebyside.random_model import Shape, write

    folder = tmp_path_factory.mktemp("talking")
    shape = Shape(name="talking", embedding=64, layers=1, heads=2, kv_heads=2, feed_forward=64)
    write(shape, llama_models / "ggml-vocab-phi-3.gguf", folder / "silent.gguf")
    template = (llama_models / "templates" / "microsoft-Phi-3.5-mini-instruct.jinja").read_text(encoding="utf-8")
    _copy_with_template(folder / "silent.gguf", folder / "talking.gguf", template)
    return folder / "talking.gguf"
