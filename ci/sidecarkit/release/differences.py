"""Where a release folder differs from what its manifest says; each check names all it finds."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sidecarkit import digest
from sidecarkit.errors import WrongBinary
from sidecarkit.release import checksums, manifest, provenance, sbom, signing
from sidecarkit.release.contents import Contents, summary

_LISTED_NOWHERE = {manifest.NAME, checksums.NAME}


def in_files(folder: Path, document: dict[str, Any]) -> Iterator[str]:
    """Files that are missing, too many, or of another size or hash."""
    listed = {entry["name"]: entry for entry in [*manifest.artefacts(document), *document["files"]]}
    for name, entry in sorted(listed.items()):
        path = folder / name
        if not path.is_file():
            yield f"{name} is missing"
        elif path.stat().st_size != entry["bytes"]:
            yield f"{name} has {path.stat().st_size} bytes, the manifest says {entry['bytes']}"
        elif digest.of_file(path) != entry["sha256"]:
            yield f"{name} has the hash {digest.of_file(path)}, the manifest says {entry['sha256']}"
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if name not in listed and name not in _LISTED_NOWHERE and not _is_signature(name):
            yield f"{name} is not in the manifest"


def _is_signature(name: str) -> bool:
    return any(name == file + ending for file in (checksums.NAME, provenance.NAME) for ending in signing.ENDINGS)


def in_checksums(folder: Path) -> Iterator[str]:
    """Where SHA256SUMS does not agree with the files."""
    try:
        stated = checksums.read(folder)
    except (OSError, ValueError) as error:
        yield str(error)
        return
    for path in sorted(folder.iterdir()):
        if path.is_file() and path.name != checksums.NAME and not path.name.startswith(f"{checksums.NAME}."):
            if path.name not in stated:
                yield f"{checksums.NAME} does not list {path.name}"
            elif stated[path.name] != digest.of_file(path):
                yield f"{checksums.NAME} gives {path.name} the hash {stated[path.name]}"
    for name in sorted(stated):
        if not (folder / name).is_file():
            yield f"{checksums.NAME} lists {name}, which is missing"


def in_sbom(folder: Path) -> Iterator[str]:
    """What CycloneDX's schema finds wrong with the SBOM."""
    try:
        found = sbom.problems((folder / sbom.NAME).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        found = [str(error)]
    yield from (f"{sbom.NAME} does not fit CycloneDX 1.6: {problem}" for problem in found)


def in_provenance(folder: Path, document: dict[str, Any]) -> Iterator[str]:
    """Where the statement does not agree with the manifest."""
    try:
        stated = json.loads((folder / provenance.NAME).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        yield f"{provenance.NAME} cannot be read: {error}"
        return
    expected = provenance.statement(document)
    # Who built it is the publisher's word; everything else follows from the manifest.
    for path in (("_type",), ("predicateType",), ("subject",), ("predicate", "buildDefinition")):
        if _at(stated, path) != _at(expected, path):
            yield f"{provenance.NAME}: `{path[-1]}` does not agree with the manifest"


def _at(value: Any, path: tuple[str, ...]) -> Any:
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def in_contents(folder: Path, document: dict[str, Any], reader: Contents) -> Iterator[str]:
    """Files in artefacts that are not what the manifest tells of them."""
    for target in document["targets"]:
        everything = []
        for artefact in target["artefacts"]:
            if not (folder / artefact["name"]).is_file():
                continue
            try:
                found = {facts["path"]: facts for facts in reader.of(folder / artefact["name"])}
            except WrongBinary as error:
                yield error.message
                continue
            everything += list(found.values())
            stated = {facts["path"]: facts for facts in artefact["contents"]}
            for path in sorted(found.keys() | stated.keys()):
                if found.get(path) != stated.get(path):
                    yield f"{artefact['name']} » {path}: {_difference(found.get(path), stated.get(path))}"
        needed, glibc = summary(everything)
        if needed != target["needed"]:
            yield f"{target['target']} needs {', '.join(needed)}, the manifest says {', '.join(target['needed'])}"
        if glibc != target["glibc"]:
            yield f"{target['target']} needs GLIBC {glibc}, the manifest says {target['glibc']}"


def _difference(found: dict[str, Any] | None, stated: dict[str, Any] | None) -> str:
    if found is None or stated is None:
        return "is missing" if found is None else "is not in the manifest"
    return ", ".join(
        f"{key} is {found.get(key)!r}, the manifest says {stated.get(key)!r}"
        for key in sorted(found.keys() | stated.keys())
        if found.get(key) != stated.get(key)
    )


def in_signatures(folder: Path, public_key: str) -> Iterator[str]:
    """Signatures that are missing or not the key's."""
    for name in (checksums.NAME, provenance.NAME):
        problem = signing.problem(folder / name, public_key)
        if problem:
            yield problem
