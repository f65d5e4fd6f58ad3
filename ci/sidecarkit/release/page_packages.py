"""The npm packages inside the page: npm's own SBOM of what package-lock.json calls no development tool."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from sidecarkit.errors import StepFailed
from sidecarkit.release.part import Part
from sidecarkit.tools import node

_SBOM_LIMIT_S = 120
_FOLDER = "cdx:npm:package:path"


def sbom(app: Path) -> dict[str, Any]:
    """npm's CycloneDX document of the packages that ship, read from the lock file alone."""
    words = [str(node.npm()), "sbom", "--sbom-format", "cyclonedx", "--package-lock-only", "--omit", "dev"]
    done = subprocess.run(
        words, cwd=app, env=node.environment(), capture_output=True, text=True, check=False, timeout=_SBOM_LIMIT_S
    )
    if done.returncode:
        raise StepFailed(
            f"`npm sbom` ended with {done.returncode}: {done.stderr.strip()}",
            hint="`npm install` in tauri-app mends a package-lock.json that does not fit package.json",
        )
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def shipped(app: Path, document: dict[str, Any]) -> list[Part]:
    """The parts of npm's document, with the folders their licences lie in."""
    return [_part(app, component) for component in document["components"]]


def _part(app: Path, component: dict[str, Any]) -> Part:
    folder = next(entry["value"] for entry in component["properties"] if entry["name"] == _FOLDER)
    (licence,) = component["licenses"]
    return Part(
        name=component["name"],
        version=component["version"],
        kind="npm",
        licence=licence["expression"] if "expression" in licence else licence["license"]["id"],
        folder=app / folder,
    )
