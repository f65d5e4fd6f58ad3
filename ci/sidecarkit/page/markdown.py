"""The story as Markdown: what ends a run in the terminal, and the summary of a CI job."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from sidecarkit import source
from sidecarkit.page.html import date
from sidecarkit.page.measured import Measured, goal, interval, value
from sidecarkit.page.sizes import Size
from sidecarkit.page.stages import Standing, headline
from sidecarkit.page.story import Story, TargetStory
from sidecarkit.report import duration, size, table


def render(story: Story, root: Path, *, brief: bool = False) -> str:
    """The report's text: the page's facts without its pictures. Paths below `root` are shown relative to it.

    `brief` only counts what is unverified: a terminal has no room for its long rows.
    """
    parts = ["# What was built, measured and tested"]
    for target in story.targets:
        parts += _target(target, root)
    if not story.targets:
        parts.append("Nothing yet: `python3 noxfile.py` builds the cpu target of this machine.")
    if story.untouched:
        parts.append(f"Not built here: {', '.join(story.untouched)}.")
    parts.append(_unverified(story, brief=brief))
    return "\n\n".join(part for part in parts if part) + "\n"


def _target(target: TargetStory, root: Path) -> list[str]:
    about = [target.headline, f"commit {source.short(target.commit)}" if target.commit else "", date(target.finished)]
    return [
        f"## {target.name}: {target.outcome}",
        " · ".join(each for each in about if each),
        _failure(target, root),
        _stages(target),
        _sizes(target),
        _figures("figure", target.figures),
        _notes(target.figures),
        *_full_table(target),
        "\n".join(f"- {remark}" for remark in target.remarks),
        _artefacts(target),
    ]


def _failure(target: TargetStory, root: Path) -> str:
    failure = target.failure
    if failure is None:
        return ""
    lines = [f"**{failure.stage} failed** (exit code {failure.exit_code}): {headline(failure)}"]
    lines += [f"hint: {failure.hint}"] if failure.hint else []
    lines += [f"log: `{failure.log.replace(f'{root}{os.sep}', '')}`"] if failure.log else []
    tail = "\n".join(failure.last_lines or failure.message.splitlines()[1:])
    # A longer fence than any in the log, so that the log cannot end it.
    lines += [f"````````text\n{tail}\n````````"] if tail else []
    return "\n\n".join(lines)


def _stages(target: TargetStory) -> str:
    rows = [
        [row.name, "" if row.seconds is None else duration(row.seconds), _state(row.standing, row.finished), row.result]
        for row in target.stages
    ]
    return _table(["stage", "time", "state", "result"], rows)


def _state(standing: str, finished: str) -> str:
    return f"{standing}, {date(finished)}" if standing in {"kept", "of an earlier build"} else standing


def _sizes(target: TargetStory) -> str:
    rows = [
        [
            each.title,
            size(each.bytes),
            "" if each.budget is None else size(each.budget),
            _remark(target, each),
        ]
        for each in target.sizes
    ]
    return _table(["size of", "is", "may be", ""], rows) if rows else ""


def _remark(target: TargetStory, each: Size) -> str:
    earlier = "" if each.stage in target.current else Standing.EARLIER
    return ", ".join(word for word in ("over budget" if each.over else "", earlier) if word)


def _figures(heading: str, figures: Iterable[Measured]) -> str:
    rows = [
        [
            figure.title, goal(figure),
            *(f"{value(side.median, side.unit)} ({side.name})" for side in figure.sides[:2]),
            *("" for _ in range(2 - len(figure.sides))),
            value(figure.median, figure.unit), interval(figure), figure.verdict,
        ]
        for figure in figures
    ]  # fmt: skip
    return _table([heading, "goal", "ours", "beside it", "median", "95 % interval", "verdict"], rows) if rows else ""


def _full_table(target: TargetStory) -> list[str]:
    if target.table is None:
        return []
    figures = [figure for each in target.table.measurements for figure in each.figures]
    earlier = "" if target.table_is_current else "The table below was measured on an earlier build of the sidecar."
    failed = [f"- {each.name} failed: {each.failed}" for each in target.table.measurements if each.failed]
    return [earlier, _figures("full table", figures), "\n".join(failed), _notes(figures)]


def _notes(figures: Iterable[Measured]) -> str:
    return "\n".join(f"- {figure.title}: {figure.note}" for figure in figures if figure.note)


def _artefacts(target: TargetStory) -> str:
    return _table(["file", "SHA-256"], [[f"`{each.name}`", f"`{each.sha256}`"] for each in target.artefacts])


def _unverified(story: Story, *, brief: bool) -> str:
    if story.unverified is None:
        return "`ci/UNVERIFIED.md` cannot be read."
    if brief and story.unverified:
        return f"Built, but not seen working ({len(story.unverified)}): `ci/UNVERIFIED.md` says what and why."
    rows = _table(
        ["what", "why not", "what would verify it"], [[each.what, each.why, each.command] for each in story.unverified]
    )
    return f"## Built, but not seen working\n\n{rows}" if rows else ""


def _table(header: list[str], rows: list[list[str]]) -> str:
    return table(header, [[_cell(cell) for cell in row] for row in rows]) if rows else ""


def _cell(text: str) -> str:
    """`text` without what would end a cell or a line."""
    return " ".join(text.replace("|", "\\|").split())
