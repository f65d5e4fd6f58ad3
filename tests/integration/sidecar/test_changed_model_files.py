"""What happens when somebody changes the file of a model that is loaded: PROTOCOL.md says it, this shows it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from sidecarkit.sidecar_client import ErrorAnswer, SidecarClient, SidecarDied

ASK = {"prompt": "Once upon a time", "temperature": 0, "maxTokens": 20}
Load = Callable[..., SidecarClient]


@pytest.fixture
def copy(tiny_model: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(tiny_model, tmp_path / "copy.gguf"))


def test_a_file_that_is_replaced_is_still_the_one_that_was_loaded(load: Load, copy: Path, tmp_path: Path) -> None:
    client = load(copy, loadMode="mapped")
    before = client.request("generate", ASK).text
    (tmp_path / "other").write_bytes(b"something else")
    (tmp_path / "other").replace(copy)
    assert client.request("generate", ASK).text == before


def test_a_file_that_is_removed_is_still_there_for_the_engine(load: Load, copy: Path) -> None:
    client = load(copy, loadMode="mapped")
    before = client.request("generate", ASK).text
    copy.unlink()
    assert client.request("generate", ASK).text == before


def test_a_file_that_is_truncated_ends_the_process_and_the_driver_hears_by_what(load: Load, copy: Path) -> None:
    client = load(copy, loadMode="mapped")
    os.truncate(copy, 4096)
    with pytest.raises(SidecarDied, match="SIGBUS"):
        client.request("generate", ASK)


def test_a_file_that_was_read_into_memory_may_be_truncated(load: Load, copy: Path) -> None:
    client = load(copy, loadMode="compact")
    before = client.request("generate", ASK).text
    os.truncate(copy, 4096)
    assert client.request("generate", ASK).text == before


def test_a_file_that_is_truncated_before_it_is_loaded_again_is_an_error(load: Load, copy: Path) -> None:
    client = load(copy, loadMode="compact")
    os.truncate(copy, 4096)
    with pytest.raises(ErrorAnswer, match="cut off"):
        client.request("model/load", {"path": str(copy)})
    assert client.request("generate", ASK).text
