"""Every third-party part that ships with a target: crates, the page's packages, and those of ci/shipped.toml."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sidecarkit import digest
from sidecarkit.job import Job
from sidecarkit.release import crates, declared, licences, page_packages, texts
from sidecarkit.release.part import Part
from sidecarkit.tools import cargo

APP = Path("tauri-app")
CORE = APP / "src-tauri"
_CODE = ("crates.py", "declared.py", "licences.py", "page_packages.py", "part*.py", "pins.py", "texts.py", "wheels.py")


def shipped(job: Job, npm: dict[str, Any]) -> list[Part]:
    """The parts, for listing. `npm` is `page_packages.sbom`'s document. Raises StepFailed, ConfigError."""
    return [*_locked(job, npm), *declared.shipped(job)]


def licence_text(job: Job) -> str:
    """All licences of what ships. Raises ConfigError naming parts whose licence's words are missing; PartWrong."""
    parts = [*_locked(job, page_packages.sbom(job.root / APP)), *declared.with_archives(job)]
    return licences.collect(parts, job.root)


def licence_inputs(job: Job) -> dict[str, str]:
    """What the text is made by and of, beside the lock files and pins that count in the stages' own keys."""
    return {
        "licences": digest.of_sources(Path(__file__).parent, _CODE),
        "declared parts": digest.of_file(job.root / declared.FILE),
        "kept licence texts": digest.of_sources(job.root / texts.KEPT, ("*.txt",)),
        "engine's lock": digest.of_file(job.root / "ci" / "locks" / "engine.txt"),
    }


def _locked(job: Job, npm: dict[str, Any]) -> list[Part]:
    # A package out of the cache was compiled elsewhere, or before Cargo's own folder was emptied.
    cargo.fetch(job.root, log=job.build / "logs" / "crates.log", report=job.report)
    core = crates.shipped(job.root / CORE, job.target.triple, cargo.environment(job.root))
    return [*core, *page_packages.shipped(job.root / APP, npm)]
