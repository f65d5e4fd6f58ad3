"""manifest.json: what a release is made of and by, what is in it, and how it was measured."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from importlib import metadata
from pathlib import Path
from typing import Any

from sidecarkit import digest, host, recipes, schema
from sidecarkit.config import SCHEMAS, Target, Toolchain
from sidecarkit.errors import ToolkitError
from sidecarkit.job import Job
from sidecarkit.records import Record, write_json
from sidecarkit.release import contents
from sidecarkit.release import pins as pinning
from sidecarkit.release.artefacts import Artefact
from sidecarkit.release.source import Source
from sidecarkit.tools import cargo, node, zig

NAME = "manifest.json"
FORMAT = 1
LAYERS = ("native", "plugin", "engine", "pack", "app", "assemble")
LOCKS = ("ci/locks/*.txt", "tauri-app/src-tauri/Cargo.lock", "tauri-app/package-lock.json")
_SCHEMA = SCHEMAS / "release.json"


def of_target(
    job: Job, records: Mapping[str, Record], gathered: Iterable[Artefact], reader: contents.Contents
) -> dict[str, Any]:
    """The part of the manifest that is about the job's target."""
    target, toolchain = job.target, job.toolchain
    files = [_artefact(artefact, reader) for artefact in gathered]
    needed, glibc = contents.summary([facts for file in files for facts in file["contents"]])
    return {
        "target": target.name,
        "toolchain": tools(job),
        "pins": pins(target, toolchain),
        "layers": {name: {"key": records[name].key, "inputs": records[name].inputs} for name in LAYERS},
        "recipe": job.recipe.facts(toolchain),
        "needed": needed,
        "glibc": glibc,
        "bench": _bench(records["bench"]),
        "artefacts": files,
    }


def tools(job: Job) -> dict[str, str]:
    """The programs that made this target, with their versions."""
    return {
        "zig": zig.version(),
        "cmake": metadata.version("cmake"),
        "ninja": metadata.version("ninja"),
        "nuitka": pinning.locked(job.root / "ci" / "locks" / "engine.txt")["nuitka"].version,
        "cpython": job.toolchain.cpython_for(job.target.triple).python,
        "rustc": cargo.version().splitlines()[0],
        "node": node.version(),
    }


def pins(target: Target, toolchain: Toolchain) -> dict[str, Any]:
    """The parts of ci/toolchain.toml that this target is built from, by their tables."""
    found: dict[str, Any] = {
        "cpython": asdict(toolchain.cpython_for(target.triple)),
        "sdist": {name: {**asdict(pin), "facts": dict(pin.facts)} for name, pin in toolchain.sdists.items()},
    }
    plug_in = recipes.of(target.project.recipe).plug_ins.get(target.variant)
    for reference in plug_in.pins if plug_in else ():
        table, _, name = reference.partition(".")
        found.setdefault(table, {})[name] = asdict(toolchain.pin(reference))
    return found


def locks(root: Path) -> dict[str, str]:
    """The lock files and their hashes."""
    return {
        path.relative_to(root).as_posix(): digest.of_file(path)
        for pattern in LOCKS
        for path in sorted(root.glob(pattern))
    }


def draft(root: Path, *, app: tuple[str, str], source: Source, targets: list[dict[str, Any]]) -> dict[str, Any]:
    """The manifest before the other files of the folder are listed; `app` is its name and version."""
    return {
        "format": FORMAT,
        "app": {"name": app[0], "version": app[1]},
        "source": {
            "commit": source.commit,
            "time": source.when.isoformat(),
            "clean": source.clean,
            "changed": list(source.changed),
        },
        "locks": locks(root),
        "machine": asdict(host.facts()),
        "targets": targets,
    }


def finish(folder: Path, drafted: Mapping[str, Any]) -> dict[str, Any]:
    """Write the manifest of `folder`, in which everything else lies already. Raises ToolkitError: a defect."""
    listed = {artefact["name"] for artefact in artefacts(drafted)}
    document = {**drafted, "files": [_file(path) for path in sorted(folder.iterdir()) if path.name not in listed]}
    found = schema.problems(document, _SCHEMA)
    if found:
        raise ToolkitError(f"the manifest does not fit its own schema: {'; '.join(found)}")
    write_json(folder / NAME, document)
    return document


def artefacts(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The artefacts of all targets."""
    return [artefact for target in document["targets"] for artefact in target["artefacts"]]


def read(folder: Path) -> tuple[dict[str, Any], list[str]]:
    """The manifest of `folder` and what its schema finds wrong. Raises OSError, ValueError."""
    document = json.loads((folder / NAME).read_text(encoding="utf-8"))
    return document, schema.problems(document, _SCHEMA)


def _file(path: Path) -> dict[str, Any]:
    return {"name": path.name, "bytes": path.stat().st_size, "sha256": digest.of_file(path)}


def _artefact(artefact: Artefact, reader: contents.Contents) -> dict[str, Any]:
    return {**_file(artefact.path), "kind": artefact.kind, "contents": reader.of(artefact.path)}


def _bench(record: Record) -> dict[str, Any]:
    """The measurement without its samples: those stay with the machine that measured."""
    data = record.data
    figures = [{key: value for key, value in figure.items() if key != "samples"} for figure in data["figures"]]
    return {key: data[key] for key in ("verdict", "anchor", "model", "machine", "rule")} | {"figures": figures}
