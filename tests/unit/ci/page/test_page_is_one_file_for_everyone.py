"""The HTML as a document: nothing fetched, no script, sound structure, readable colours, the same bytes each time."""

from __future__ import annotations

import itertools
import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from sidecarkit.page.html import TEMPLATES

Run = Any
CHECKOUT = Path(__file__).resolve().parents[4]
_VOID = {"meta", "link", "img", "br", "use", "path"}
_WRITE = """
import sys
from pathlib import Path
from sidecarkit import page
from sidecarkit.config import load_targets
from sidecarkit.report import Report
from sidecarkit.stages import LINE
root, targets = map(Path, sys.argv[1:])
page.write(root, load_targets(targets), LINE, Report())
"""


class Document(HTMLParser):
    """Every element with its attributes, and whether what was opened was closed in order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self._open: list[str] = []
        self.feed(html)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in _VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if tag not in _VOID:
            assert self._open.pop() == tag

    def all(self, *tags: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.elements if tag in tags]


@pytest.fixture(params=["passed", "failed"])
def document(run: Run, request: pytest.FixtureRequest) -> Document:
    if request.param == "failed":
        run.failed("bench")
    return Document(run.html())


def test_nothing_is_fetched_and_nothing_runs(document: Document) -> None:
    assert document.all("script", "iframe", "object") == []
    outward = [
        value
        for _, attributes in document.elements
        for key, value in attributes.items()
        if key in {"src", "href", "srcset", "action"} and not str(value).startswith(("#", "data:image/"))
    ]
    assert outward == []
    css = (TEMPLATES / "page.css").read_text(encoding="utf-8")
    assert "@import" not in css
    assert "url(" not in css


def test_ids_are_unique_and_every_link_inside_leads_somewhere(document: Document) -> None:
    ids = [attributes["id"] for _, attributes in document.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    for _, attributes in document.elements:
        for key in ("href", "aria-labelledby"):
            target = attributes.get(key) or ""
            if not target.startswith("data:"):
                assert target.removeprefix("#") in {"", *ids}


def test_pictures_and_plots_say_what_they_show(document: Document) -> None:
    assert document.all("img")
    assert all(len(image["alt"] or "") > 10 for image in document.all("img"))
    plots = document.all("svg")
    assert plots
    assert all("Dot plot of" in (plot["aria-label"] or "") for plot in plots)


def test_headings_go_down_one_level_at_a_time_and_tables_have_names(document: Document) -> None:
    levels = [int(tag[1]) for tag, _ in document.elements if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(below <= above + 1 for above, below in itertools.pairwise(levels))
    assert all("aria-labelledby" in table for table in document.all("table"))
    assert all("scope" in cell for cell in document.all("th"))


def test_a_picture_is_enlarged_by_a_link_to_itself(document: Document) -> None:
    (opener,) = [link for link in document.all("a") if link.get("class") == "open"]
    assert opener["href"] in [f"#{figure['id']}" for figure in document.all("figure")]


def test_what_records_say_is_never_markup(run: Run) -> None:
    run.stage("native", data={"summary": "<script>alert(1)</script>"})
    run.failed("bench")
    html = run.html()
    assert "<script" not in html
    assert "&lt;script&gt;alert(1)" in html
    assert "error: &lt;no&gt; such &amp; thing" in html


def test_a_failure_shows_what_hint_code_log_and_its_end(run: Run) -> None:
    run.failed("bench")
    html = run.html()
    for text in ("Stopped at bench", "exit code 12", "<code>ninja</code> ended with exit code 1</p>", "read the log"):
        assert text in html
    assert f"build/{run.target.name}/logs/bench.log" in html
    assert str(run.root) not in html
    assert "[1/240] compiling" in html


def test_the_same_records_make_the_same_bytes_in_another_process_zone_and_locale(run: Run) -> None:
    here = run.html()
    environment = dict(os.environ) | {
        "PYTHONPATH": str(CHECKOUT / "ci"), "PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo", "LC_ALL": "C.UTF-8",
    }  # fmt: skip
    script = [sys.executable, "-c", _WRITE, str(run.root), str(CHECKOUT / "ci" / "targets.toml")]
    subprocess.run(script, env=environment, check=True, timeout=60, capture_output=True)
    there = (run.root / "build" / "report" / "index.html").read_text(encoding="utf-8")
    assert there == here


def test_what_lay_in_the_folder_before_is_gone(run: Run) -> None:
    stale = run.root / "build" / "report" / "old.png"
    stale.parent.mkdir(parents=True)
    stale.touch()
    run.html()
    assert sorted(path.name for path in stale.parent.iterdir()) == ["index.html", "report.md"]


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio"""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(
    ("text", "ground"),
    [
        ("text", "surface"), ("text", "ground"), ("text-soft", "surface"), ("text-soft", "ground"),
        ("text", "surface-strong"), ("good", "good-ground"), ("bad", "bad-ground"), ("open", "open-ground"),
        ("text", "bad-ground"), ("ours", "surface"), ("theirs", "surface"),
    ],
)  # fmt: skip
def test_text_can_be_read_on_its_ground(theme: int, text: str, ground: str) -> None:
    css = (TEMPLATES / "page.css").read_text(encoding="utf-8")
    values = {name: re.findall(rf"--{name}: (#[0-9a-f]{{6}})", css)[theme] for name in (text, ground)}
    assert contrast(values[text], values[ground]) >= 4.5
