"""Files that are no sound models, through the real process: each is answered by an error, and the next is looked at."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sidecarkit.sidecar_client import ErrorAnswer, SidecarClient
from tests.fuzz import models
from tests.fuzz.gguf_parts import STRING, pair, text, u64
from tests.fuzz.kinds import kinds, unusable_types
from tests.fuzz.spans import parse

# The long run is `python -m tests.fuzz.models`.
MUTATED_FILES = 100
SEED = 4


def refusal(client: SidecarClient, path: Path) -> ErrorAnswer:
    with pytest.raises(ErrorAnswer) as caught:
        client.request("model/load", {"path": str(path)})
    return caught.value


def test_every_kind_of_malformed_file_is_refused_by_field(engine: SidecarClient, tmp_path: Path) -> None:
    for index, kind in enumerate(kinds()):
        path = tmp_path / f"{index}.gguf"
        path.write_bytes(kind.content)
        error = refusal(engine, path)
        assert (error.code, error.data["field"]) == (-32021, kind.field), kind.name
    assert engine.request("generate", {"prompt": "Once", "maxTokens": 2}).result["completionTokens"] == 2


def test_every_unusable_tensor_type_is_unsupported(ready: SidecarClient, tmp_path: Path) -> None:
    for index, (name, content) in enumerate(unusable_types()):
        path = tmp_path / f"{index}.gguf"
        path.write_bytes(content)
        assert refusal(ready, path).code == -32022, name
    assert ready.request("ping").result == {}


def test_what_is_no_file_is_refused_without_waiting(ready: SidecarClient, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    (tmp_path / "fifo link").symlink_to(tmp_path / "fifo")
    codes = {
        "fifo": -32021,
        "fifo link": -32021,
        "": -32021,
        "dangling": -32020,
        "loop": -32020,
        "nowhere/model.gguf": -32020,
        "x" * 300: -32020,
    }
    found = {name: refusal(ready, tmp_path / name).code for name in codes}
    assert found == codes
    assert refusal(ready, Path("/dev/zero")).code == -32021
    assert refusal(ready, Path("/proc/self/mem")).code in (-32020, -32021)


def test_mutated_models_are_loaded_or_refused_and_the_process_lives(ready: SidecarClient, tmp_path: Path) -> None:
    process = ready.process.pid
    outcomes = {models.try_file(ready, tmp_path, content) for content in models.mutated(tmp_path, SEED, MUTATED_FILES)}
    assert {"loaded", "model_invalid", "model_unsupported"} <= outcomes
    assert (ready.process.pid, ready.process.poll()) == (process, None)


def test_a_header_that_crashes_llama_cpp_is_an_error_with_its_last_words(
    engine: SidecarClient, tmp_path: Path, tiny_model: Path
) -> None:
    twice = tiny_model.read_bytes().replace(b"<0x41>", b"<0x42>", 1)
    (tmp_path / "twice.gguf").write_bytes(twice)
    error = refusal(engine, tmp_path / "twice.gguf")
    assert error.code == -32021
    assert "SIGABRT" in error.text
    assert "token_to_id.size()" in error.text
    # The model that was there before has not even been released.
    assert engine.request("generate", {"prompt": "Once", "maxTokens": 2}).result["completionTokens"] == 2


def test_a_vocabulary_that_crashes_only_when_it_is_used_is_an_error_too(
    engine: SidecarClient, tmp_path: Path, tiny_model: Path
) -> None:
    (tmp_path / "bytes.gguf").write_bytes(tiny_model.read_bytes().replace(b"<0x07>", b"<0xZZ>", 1))
    error = refusal(engine, tmp_path / "bytes.gguf")
    assert error.code == -32021
    assert "out_of_range" in error.text
    assert engine.request("ping").result == {}


def test_a_header_full_of_text_is_tried_like_any_other(ready: SidecarClient, tmp_path: Path, tiny_model: Path) -> None:
    sound = tiny_model.read_bytes()
    twice = sound.replace(b"<0x41>", b"<0x42>", 1)
    texts = b"".join(pair(b"llama.text.%d" % index, STRING, text(b"x" * 2**23)) for index in range(6))
    parsed = parse(twice)
    pairs = int.from_bytes(twice[16:24], "little") + 6
    header = twice[:16] + u64(pairs) + texts + twice[24 : parsed.end]
    (tmp_path / "texts.gguf").write_bytes(header + bytes(-len(header) % 32) + sound[-(-parsed.end // 32) * 32 :])
    assert "token_to_id.size()" in refusal(ready, tmp_path / "texts.gguf").text
