"""What `model/load` accepts, refuses, and says about a model."""

import os
import re
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gguf import GGUFWriter

from sidecarkit.sidecar_client import ErrorAnswer, SidecarClient

# The slow model has 100 MB of weights; nothing else takes as much.
WEIGHTS_KB = 80_000


def refused(client: SidecarClient, **params: Any) -> ErrorAnswer:
    with pytest.raises(ErrorAnswer) as caught:
        client.request("model/load", params)
    return caught.value


def test_a_loaded_model_is_described(ready: SidecarClient, tiny_model: Path) -> None:
    answer = ready.request("model/load", {"path": str(tiny_model), "threads": 1})
    result = answer.result
    assert result["model"] | {"parameters": 0} == {
        "name": "stories260K",
        "architecture": "llama",
        "parameters": 0,
        "fileBytes": tiny_model.stat().st_size,
        "quantization": "F32",
        "vocabSize": 512,
        "contextLength": 512,
        "trainContextLength": 512,
        "hasChatTemplate": False,
    }
    assert (result["device"], result["gpuLayers"], result["threads"]) == ("CPU", 0, 1)
    fractions = [each.params["fraction"] for each in answer.of("model/progress")]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0
    assert ready.request("status").result["model"] == result["model"]


def test_a_model_too_small_to_share_gets_one_thread_unless_more_are_asked_for(
    ready: SidecarClient, tiny_model: Path, slow_model: Path
) -> None:
    def threads(**params: Any) -> int:
        return int(ready.request("model/load", params).result["threads"])

    assert threads(path=str(tiny_model)) == 1
    assert threads(path=str(tiny_model), threads=2) == 2
    assert 1 <= threads(path=str(slow_model)) <= len(os.sched_getaffinity(0))


def test_unloading_forgets_the_model_and_unloading_nothing_is_fine(engine: SidecarClient) -> None:
    for _ in range(2):
        assert engine.request("model/unload").result == {}
        assert engine.request("status").result["model"] is None


def test_loading_again_gives_the_memory_back(ready: SidecarClient, slow_model: Path) -> None:
    def resident_after_load() -> int:
        ready.request("model/load", {"path": str(slow_model), "contextLength": 512})
        return int(ready.request("status").result["rssBytes"])

    first = resident_after_load()
    last = [resident_after_load() for _ in range(3)][-1]
    assert last < first * 1.3


@pytest.mark.parametrize(
    ("path", "code", "words"),
    [
        ("/nowhere/model.gguf", -32020, "No such file"),
        ("/", -32021, "a folder"),
        ("/dev/null", -32021, "a device"),
        ("/etc/passwd", -32021, "the magic"),
        ("model.gguf", -32602, "absolute"),
        ("/a\0b", -32602, "NUL"),
    ],
)
def test_what_is_no_model_is_refused_by_name(ready: SidecarClient, path: str, code: int, words: str) -> None:
    error = refused(ready, path=path)
    assert error.code == code
    assert words in error.text
    assert error.data["hint"]


def test_a_fifo_is_refused_without_waiting_for_a_writer(ready: SidecarClient, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo.gguf")
    assert refused(ready, path=str(tmp_path / "fifo.gguf")).code == -32021


def test_the_old_model_stays_if_the_checks_fail(engine: SidecarClient, tmp_path: Path, tiny_model: Path) -> None:
    (tmp_path / "cut.gguf").write_bytes(tiny_model.read_bytes()[:500_000])
    assert refused(engine, path=str(tmp_path / "cut.gguf")).code == -32021
    assert refused(engine, path=str(tiny_model), contextLength=513).code == -32602
    assert refused(engine, path=str(tiny_model), device="Vulkan0").code == -32024
    assert engine.request("generate", {"prompt": "Once", "maxTokens": 3}).result["completionTokens"] == 3


def test_an_unavailable_device_names_those_that_are_there(ready: SidecarClient, tiny_model: Path) -> None:
    error = refused(ready, path=str(tiny_model), device="Vulkan0")
    assert error.data["available"] == ["CPU"]


def test_an_unknown_architecture_is_unsupported(ready: SidecarClient, tmp_path: Path) -> None:
    path = tmp_path / "future.gguf"
    writer = GGUFWriter(path, "mind-2030")
    writer.add_context_length(64)
    writer.add_embedding_length(8)
    writer.add_block_count(1)
    writer.add_tokenizer_model("llama")
    writer.add_token_list(["a", "b"])
    writer.add_tensor("token_embd.weight", np.zeros((2, 8), np.float32))
    close(writer)
    error = refused(ready, path=str(path))
    assert error.code == -32022
    assert "mind-2030" in error.text
    assert ready.request("status").result["model"] is None


def test_a_sound_header_without_the_tensors_of_its_architecture_is_invalid(
    ready: SidecarClient, tmp_path: Path, tiny_model: Path
) -> None:
    renamed = tiny_model.read_bytes().replace(b"output_norm.weight", b"output_form.weight")
    (tmp_path / "renamed.gguf").write_bytes(renamed)
    error = refused(ready, path=str(tmp_path / "renamed.gguf"))
    assert error.code == -32021
    assert "output_norm" in error.text


def test_every_single_damaged_byte_of_the_header_is_survived(
    ready: SidecarClient, tmp_path: Path, tiny_model: Path
) -> None:
    sound = tiny_model.read_bytes()
    path = tmp_path / "damaged.gguf"
    # Counts, key lengths, value types, array lengths, tensor dimensions: the header's first and last bytes.
    for at in [*range(0, 120, 3), *range(700, 760, 7)]:
        path.write_bytes(sound[:at] + bytes([sound[at] ^ 0x5A]) + sound[at + 1 :])
        assert code_of_load(ready, path) in (None, -32021, -32022, -32023), f"byte {at}"
    assert ready.request("model/load", {"path": str(tiny_model)}).result["model"]["vocabSize"] == 512


def test_a_context_that_no_memory_holds_is_answered_and_survived(
    ready: SidecarClient, tmp_path: Path, tiny_model: Path
) -> None:
    key = b"llama.context_length" + struct.pack("<I", 4)
    raw = tiny_model.read_bytes()
    at = raw.index(key) + len(key)
    (tmp_path / "long.gguf").write_bytes(raw[:at] + struct.pack("<I", 2**31 - 1) + raw[at + 4 :])
    error = refused(ready, path=str(tmp_path / "long.gguf"), contextLength=2**31 - 1)
    assert error.code == -32023
    assert error.data["neededBytes"] > error.data["freeBytes"]
    assert ready.request("model/load", {"path": str(tiny_model)}).result["threads"] == 1


def test_paths_in_any_script_are_opened(ready: SidecarClient, tmp_path: Path, tiny_model: Path) -> None:
    path = tmp_path / "модель 模型 ñ 😀.gguf"
    path.symlink_to(tiny_model)
    assert ready.request("model/load", {"path": str(path)}).result["model"]["vocabSize"] == 512


def code_of_load(client: SidecarClient, path: Path) -> int | None:
    """The error's code, or None if the model was loaded."""
    try:
        client.request("model/load", {"path": str(path)})
    except ErrorAnswer as error:
        return error.code
    return None


def close(writer: GGUFWriter) -> None:
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def test_the_weights_lie_in_memory_for_which_large_pages_were_asked(
    load: Callable[..., SidecarClient], slow_model: Path
) -> None:
    client = load(slow_model, loadMode="compact")
    smaps = Path(f"/proc/{client.process.pid}/smaps").read_text()
    flags = [
        block.partition("VmFlags:")[2].split()
        for block in re.split(r"\n(?=[0-9a-f]+-[0-9a-f]+ )", smaps)
        if (size := re.search(r"^Size: +(\d+) kB", block, re.MULTILINE)) and int(size[1]) > WEIGHTS_KB
    ]
    assert any("hg" in each for each in flags)


@pytest.mark.parametrize(("mode", "is_mapped"), [("mapped", True), ("compact", False)])
def test_the_load_mode_decides_whether_the_file_stays_mapped(
    load: Callable[..., SidecarClient], slow_model: Path, mode: str, is_mapped: bool
) -> None:
    client = load(slow_model, loadMode=mode)
    maps = Path(f"/proc/{client.process.pid}/maps").read_text()
    assert (str(slow_model) in maps) is is_mapped
