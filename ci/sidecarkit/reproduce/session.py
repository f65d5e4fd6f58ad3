"""Session reproduce: the commit built twice, every layer compared bit for bit, and what differs told."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sidecarkit import command, placed, records, source
from sidecarkit.errors import NothingSelected, NotReproducible, StepFailed
from sidecarkit.recipes.recipe import LIBRARIES, TOOLS
from sidecarkit.report import Report, table
from sidecarkit.reproduce import compare, rebuild
from sidecarkit.reproduce.difference import Difference
from sidecarkit.reproduce.rebuild import FIRST, SECOND, Built

FOLDER = Path("build", "reproduce")
_MOST_SHOWN = 20
_DIFFOSCOPE_LIMIT_S = 900


@dataclass(frozen=True, kw_only=True)
class Pair:
    """The same thing out of two builds: a folder or a file."""

    name: str
    left: Path
    right: Path

    def differences(self) -> list[Difference]:
        """Where they differ; nothing when they are bit for bit the same."""
        if self.left.is_dir():
            return compare.trees(self.left, self.right)
        return compare.files(self.left, self.right)


def run(root: Path, target: str, layers: Sequence[str], report: Report, python: Path | None = None) -> None:
    """Build `layers` of the checkout's commit twice and compare. Raises NotReproducible naming file and bytes.

    What is not committed does not count. Logs, what was built, and the result as JSON lie in build/reproduce.
    `python`: as in `rebuild.build`.
    """
    unknown = [layer for layer in layers if layer not in rebuild.LAYERS]
    if unknown:
        raise NothingSelected(f"no layer is called {', '.join(unknown)}", hint=f"there are {', '.join(rebuild.LAYERS)}")
    commit = source.commit(root).hash
    with report.section(f"reproduce · {target} · {commit[:12]} built twice"):
        first, second = (
            rebuild.build(
                root,
                commit,
                root / FOLDER / each.name,
                target=target,
                layers=layers,
                circumstances=each,
                report=report,
                python=python,
            )
            for each in (FIRST, SECOND)
        )
        pairs = pairs_of(first, second)
        with report.step("comparing"):
            found = {pair.name: pair.differences() for pair in pairs}
        rows = [[pair.name, "differs" if found[pair.name] else placed.fingerprint(pair.left)] for pair in pairs]
        report.say(table(["built twice", "SHA-256 of both"], rows))
    records.write_json(
        root / FOLDER / "result.json",
        {
            "schema": records.SCHEMA,
            "commit": commit,
            "target": target,
            "circumstances": [str(FIRST), str(SECOND)],
            "same": {name: not differences for name, differences in found.items()},
            "differences": [str(each) for differences in found.values() for each in differences],
        },
    )
    judge(pairs, found, root / FOLDER, report)


def pairs_of(first: Built, second: Built) -> list[Pair]:
    """What two builds have to be compared in, in the order it was made."""
    named: list[tuple[str, Path | None, Path | None]] = []
    # Beside these the cache keeps its own list of what lies in them.
    if first.native and second.native:
        named += [(f"native/{name}", first.native / name, second.native / name) for name in (LIBRARIES, TOOLS)]
    if first.plugin and second.plugin:
        named.append((f"plugin/{LIBRARIES}", first.plugin / LIBRARIES, second.plugin / LIBRARIES))
    named += [("engine", first.engine, second.engine), ("folder", first.folder, second.folder)]
    named += [("single file", first.single_file, second.single_file), ("app", first.app, second.app)]
    named += [(left.name, left, right) for left, right in zip(first.packages, second.packages, strict=True)]
    return [Pair(name=name, left=left, right=right) for name, left, right in named if left and right]


def judge(pairs: Sequence[Pair], found: dict[str, list[Difference]], folder: Path, report: Report) -> None:
    """Say what differs, with diffoscope's view of it where there is one. Raises NotReproducible."""
    differing = [pair for pair in pairs if found[pair.name]]
    if not differing:
        return
    every = [each for pair in differing for each in found[pair.name]]
    for each in every[:_MOST_SHOWN]:
        report.say(f"\n{each}")
    if len(every) > _MOST_SHOWN:
        report.say(f"\nand {len(every) - _MOST_SHOWN} more in {folder / 'result.json'}")
    first = differing[0]
    view = _diffoscope(first, folder, report)
    raise NotReproducible(
        f"{', '.join(pair.name for pair in differing)}: two builds of the same commit differ, "
        f"first in {found[first.name][0].path}: {found[first.name][0].where}",
        hint=f"both builds lie in {folder}; what stands at the differing bytes usually tells what got in",
        log=view,
    )


def _diffoscope(pair: Pair, folder: Path, report: Report) -> Path | None:
    program = shutil.which("diffoscope")
    if program is None:
        return None
    view = folder / "diffoscope.txt"
    with suppress(StepFailed):  # it ends with 1 where it found something
        command.run(
            [program, "--text", view, pair.left, pair.right],
            log=folder / "diffoscope.log", report=report, title="asking diffoscope", timeout_s=_DIFFOSCOPE_LIMIT_S,
        )  # fmt: skip
    return view if view.is_file() else None
