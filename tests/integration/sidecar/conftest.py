"""What tests of the sidecar take from the pinned sdist: vocabularies, chat templates, and the low-level bindings."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from gguf import GGUFReader, GGUFValueType, GGUFWriter

from sidecarkit import config, parts
from sidecarkit.recipes import engine as recipe
from sidecarkit.report import Report
from sidecarkit.sidecar_client import SidecarClient

ROOT = Path(__file__).resolve().parents[3]


def _unpacked(folder: str, destination: Path) -> Path:
    pin = config.load_toolchain(ROOT / "ci" / "toolchain.toml").llama
    return parts.unpack_sdist(pin, folder, destination, Report(io.StringIO()))


@pytest.fixture(scope="session")
def llama_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """llama.cpp's `models`: vocabularies with texts and their tokens, and a collection of chat templates."""
    return _unpacked("vendor/llama.cpp/models", tmp_path_factory.mktemp("sdist"))


@pytest.fixture(scope="session")
def template_test(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The source of llama.cpp's test of chat templates."""
    tests = _unpacked("vendor/llama.cpp/tests", tmp_path_factory.mktemp("tests"))
    return (tests / "test-chat-template.cpp").read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def bindings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder to import llama.cpp's low-level bindings from, as the compiler of the engine finds them."""
    folder = tmp_path_factory.mktemp("bindings")
    unpacked = _unpacked("llama_cpp", folder / "sdist")
    for name, text in recipe.STUBS.items():
        if name.startswith("llama_cpp/"):
            (folder / name).parent.mkdir()
            (folder / name).write_text(text, encoding="utf-8")
    for name in recipe.BINDINGS:
        (unpacked / name).rename(folder / "llama_cpp" / name)
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
