"""Whether a release's commit gives the same bytes again: built in a clean folder, compared file by file."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sidecarkit.errors import NotReproducible, WrongBinary
from sidecarkit.release import artefacts
from sidecarkit.release.contents import Contents
from sidecarkit.report import Report
from sidecarkit.reproduce import compare, rebuild
from sidecarkit.reproduce.difference import Difference


def hold_against(folder: Path, document: dict[str, Any], root: Path, *, log: Path, report: Report) -> None:
    """Build the commit that `document` states out of the checkout `root`, and compare with the release in `folder`.

    Raises NotReproducible naming file, place and bytes of every difference; WrongBinary when the release says
    itself that it is not its commit's own. Takes as long as building everything once.
    """
    source = document["source"]
    if not source["clean"]:
        raise WrongBinary(
            f"the release was made of more than commit {source['commit'][:12]}: {', '.join(source['changed'])}",
            hint="only a release of a clean checkout can be built again by others",
        )
    reader = Contents(log, report)
    differences = [
        str(difference)
        for target in document["targets"]
        for difference in _differences(folder, target, _build(root, source["commit"], target, report), reader)
    ]
    if differences:
        lines = "\n       ".join(differences)
        raise NotReproducible(
            f"commit {source['commit'][:12]}, built again, is not what was released:\n       {lines}",
            hint="`nox -s reproduce` tells whether this commit gives the same bytes twice on this machine",
        )


def _build(root: Path, commit: str, target: dict[str, Any], report: Report) -> rebuild.Built:
    return rebuild.build(
        root, commit, root / "build" / "verify" / "rebuilt", target=target["target"], layers=rebuild.LAYERS,
        circumstances=rebuild.FIRST, report=report,
    )  # fmt: skip


def _differences(folder: Path, target: dict[str, Any], built: rebuild.Built, reader: Contents) -> Iterator[Difference]:
    for artefact in target["artefacts"]:
        yield from _compared(artefact["kind"], folder / artefact["name"], built, reader)


def _compared(kind: str, released: Path, built: rebuild.Built, reader: Contents) -> Iterator[Difference]:
    if kind == artefacts.SINGLE_FILE and built.single_file:
        yield from compare.files(released, built.single_file)
    elif kind == artefacts.FOLDER and built.folder:
        with tempfile.TemporaryDirectory(prefix="rebuilt-") as workplace:
            unpacked = reader.unpacked(released, Path(workplace) / "files")
            if unpacked:
                yield from compare.trees(unpacked / built.folder.name, built.folder)
    else:
        same_kind = [package for package in built.packages if package.suffix == f".{kind}"]
        if not same_kind:
            raise NotReproducible(f"building again gave no `.{kind}` to compare {released.name} with")
        yield from compare.files(released, same_kind[0])
