"""The model that is measured and stopped in mid-answer: made on the spot, kept in the cache under its recipe's hash."""

from __future__ import annotations

import shutil
import sys
import tarfile
from importlib import metadata
from pathlib import Path

from sidecarkit import command, digest, parts
from sidecarkit.errors import PartWrong
from sidecarkit.job import Job

MAKER = Path("benchmarks", "sidebyside", "random_model.py")
VOCABULARY = "ggml-vocab-llama-spm.gguf"
_MAKE_LIMIT_S = 600


def key(job: Job, shape: str) -> str:
    """The hash of everything that decides the model's bytes."""
    return digest.of_mapping({
        "maker": digest.of_file(job.root / MAKER),
        "shape": shape,
        "vocabulary": f"{VOCABULARY} of {job.toolchain.llama.sha256}",
        "gguf": metadata.version("gguf"),
    })  # fmt: skip


def path(job: Job, shape: str) -> Path:
    """The model's file, made first when it is not there (0.1 GB for `135m`, 0.6 GB for `1.1b`)."""
    entry = job.cache.folder("models", key(job, shape), lambda folder: _make(job, shape, folder))
    return entry.path / f"random-{shape}.gguf"


def _make(job: Job, shape: str, folder: Path) -> None:
    vocabulary = folder / VOCABULARY
    take_vocabulary(parts.sdist(job.toolchain.llama, job.report), vocabulary)
    command.run(
        [sys.executable, job.root / MAKER, shape, vocabulary, folder / f"random-{shape}.gguf"],
        log=job.log, report=job.report, title=f"making a model of {shape} random weights", timeout_s=_MAKE_LIMIT_S,
    )  # fmt: skip
    vocabulary.unlink()


def take_vocabulary(sdist: Path, destination: Path) -> None:
    """Writes the tokenizer that the sdist carries to `destination`. Raises PartWrong when it carries none."""
    with tarfile.open(sdist) as archive:
        for member in archive:
            source = archive.extractfile(member) if member.name.endswith(f"/models/{VOCABULARY}") else None
            if source is not None:
                with destination.open("wb") as file:
                    shutil.copyfileobj(source, file)
                return
    raise PartWrong(
        f"the pinned sdist {sdist.name} has no models/{VOCABULARY}",
        hint=f"name a vocabulary of the new version in {__file__}",
    )
