"""provenance.json: an in-toto statement with SLSA's provenance, version 1, of how the artefacts came to be.

https://slsa.dev/spec/v1.0/provenance; `buildDefinition` says what went in, so that `verify --rebuild` can repeat it.
"""

from __future__ import annotations

import os
from typing import Any

from sidecarkit.release import manifest as manifests

NAME = "provenance.json"
STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "https://slsa.dev/provenance/v1"
# One commit, the named targets, every stage in order: what `python3 noxfile.py` does.
BUILD_TYPE = "urn:sidecarkit:build:1"


def statement(manifest: dict[str, Any]) -> dict[str, Any]:
    """The statement about the artefacts of a release's manifest."""
    artefacts = manifests.artefacts(manifest)
    return {
        "_type": STATEMENT,
        "subject": [{"name": each["name"], "digest": {"sha256": each["sha256"]}} for each in artefacts],
        "predicateType": PREDICATE,
        "predicate": {
            "buildDefinition": {
                "buildType": BUILD_TYPE,
                "externalParameters": {
                    "commit": manifest["source"]["commit"],
                    "targets": [target["target"] for target in manifest["targets"]],
                },
                "internalParameters": {target["target"]: target["layers"] for target in manifest["targets"]},
                "resolvedDependencies": _dependencies(manifest),
            },
            "runDetails": {"builder": {"id": _builder()}},
        },
    }


def _dependencies(manifest: dict[str, Any]) -> list[dict[str, Any]]:
    source = {"name": manifest["app"]["name"], "digest": {"gitCommit": manifest["source"]["commit"]}}
    locks = [{"name": path, "digest": {"sha256": sha256}} for path, sha256 in sorted(manifest["locks"].items())]
    pinned: dict[str, dict[str, Any]] = {}
    for target in manifest["targets"]:
        cpython = target["pins"]["cpython"]
        _add(pinned, f"pkg:maven/{cpython['group']}/{cpython['artifact']}@{cpython['version']}"
                     f"?classifier={cpython['classifier']}", cpython)  # fmt: skip
        for pin in target["pins"]["sdist"].values():
            _add(pinned, f"pkg:pypi/{pin['package']}@{pin['version']}", pin)
    return [source, *(pinned[uri] for uri in sorted(pinned)), *locks]


def _add(found: dict[str, dict[str, Any]], uri: str, pin: dict[str, Any]) -> None:
    found[uri] = {"uri": uri, "digest": {"sha256": pin["sha256"]}}


def _builder() -> str:
    """Who vouches for the build: the workflow where one ran it, else a developer's machine."""
    server, workflow = os.environ.get("GITHUB_SERVER_URL"), os.environ.get("GITHUB_WORKFLOW_REF")
    return f"{server}/{workflow}" if server and workflow else "urn:sidecarkit:builder:developer"
