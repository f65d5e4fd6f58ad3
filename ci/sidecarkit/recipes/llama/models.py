"""Models to measure with, written on the spot: a true shape, random weights, a real vocabulary out of the sdist."""

from __future__ import annotations

import shutil
import sys
import tarfile
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from sidecarkit import command, digest, parts
from sidecarkit.errors import PartWrong
from sidecarkit.recipes.llama.python import PIN
from sidecarkit.recipes.recipe import Models

if TYPE_CHECKING:
    from sidecarkit.job import Job

MAKER = Path("benchmarks", "sidebyside", "random_model.py")
VOCABULARY = "ggml-vocab-llama-spm.gguf"
_MAKE_LIMIT_S = 600


def inputs(job: Job, shape: str) -> dict[str, str]:
    """Everything that decides the model's bytes."""
    return {
        "maker": digest.of_file(job.root / MAKER),
        "shape": shape,
        "vocabulary": f"{VOCABULARY} of {job.toolchain.sdist(PIN).sha256}",
        "gguf": metadata.version("gguf"),
    }


def file_name(shape: str) -> str:
    """What `make` calls the file."""
    return f"random-{shape}.gguf"


def make(job: Job, shape: str, folder: Path) -> None:
    """Write the model (0.1 GB for `135m`, 0.6 GB for `1.1b`). Raises PartWrong and StepFailed."""
    vocabulary = folder / VOCABULARY
    take_vocabulary(parts.sdist(job.toolchain.sdist(PIN), job.report), vocabulary)
    command.run(
        [sys.executable, job.root / MAKER, shape, vocabulary, folder / file_name(shape)],
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


MODELS = Models(shapes=("135m", "1.1b"), inputs=inputs, make=make, file_name=file_name)
