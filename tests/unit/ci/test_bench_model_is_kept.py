"""Where the made model comes from: its key names what decides its bytes, its vocabulary lies in the pinned sdist."""

from __future__ import annotations

import io
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest

from sidecarkit import config, made_model
from sidecarkit.cache import Cache
from sidecarkit.errors import ConfigError, PartWrong
from sidecarkit.job import Job, Options
from sidecarkit.recipes.llama import models
from sidecarkit.report import Report

ROOT = Path(__file__).parents[3]


@pytest.fixture
def job(tmp_path: Path) -> Job:
    report = Report(io.StringIO())
    (target, *_) = config.load_targets(ROOT / "ci" / "targets.toml")
    return Job(
        stage="bench", root=ROOT, target=target, toolchain=config.load_toolchain(ROOT / "ci" / "toolchain.toml"),
        options=Options(), report=report, cache=Cache(tmp_path / "cache", report), keys={}, records={},
    )  # fmt: skip


def sdist(folder: Path, member: str, text: bytes) -> Path:
    path = folder / "sdist.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        entry = tarfile.TarInfo(member)
        entry.size = len(text)
        archive.addfile(entry, io.BytesIO(text))
    return path


def test_shape_and_pinned_sources_decide_the_models_key(job: Job) -> None:
    pin = replace(job.toolchain.sdist("llama"), sha256="0" * 64)
    other_pin = replace(job.toolchain, sdists={"llama": pin})
    keys = {
        made_model.key(job, "135m"),
        made_model.key(job, "1.1b"),
        made_model.key(replace(job, toolchain=other_pin), "135m"),
    }
    assert len(keys) == 3
    assert made_model.key(job, "135m") in keys


def test_an_unknown_shape_names_the_known_ones(job: Job) -> None:
    with pytest.raises(ConfigError, match="has no model `7b`") as failure:
        made_model.key(job, "7b")
    assert failure.value.hint == "choose one of: 135m, 1.1b"


def test_the_vocabulary_is_taken_out_of_the_sdist(tmp_path: Path) -> None:
    archive = sdist(tmp_path, f"llama-1.0/vendor/llama.cpp/models/{models.VOCABULARY}", b"GGUF vocabulary")
    models.take_vocabulary(archive, tmp_path / "taken")
    assert (tmp_path / "taken").read_bytes() == b"GGUF vocabulary"


def test_an_sdist_without_the_vocabulary_is_named(tmp_path: Path) -> None:
    with pytest.raises(PartWrong, match=rf"no models/{models.VOCABULARY}"):
        models.take_vocabulary(sdist(tmp_path, "llama-1.0/README.md", b""), tmp_path / "taken")
