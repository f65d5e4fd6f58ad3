"""The story as one self-contained page: style, plots and pictures inside, no script, nothing fetched."""

from __future__ import annotations

import itertools
import os
import re
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from sidecarkit import source
from sidecarkit.page import measured, plots, prose, sizes, stages
from sidecarkit.page.story import Story
from sidecarkit.report import duration, size

TEMPLATES = Path(__file__).parent / "templates"


def render(story: Story, root: Path) -> str:
    """The page's HTML. Paths below `root` are shown relative to it."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    environment.filters |= {
        "duration": duration, "size": size, "commit": source.short, "date": date, "slug": slug, "percent": percent,
        "value": measured.value, "interval": measured.interval, "goal": measured.goal, "prose": prose.html,
        "tone": tone, "near": lambda text: str(text).replace(f"{root}{os.sep}", ""),
    }  # fmt: skip
    drawn = itertools.count(1)
    environment.globals |= {
        "headline": stages.headline, "scale": sizes.scale,
        "card": lambda figure: plots.card(figure, f"plot-{next(drawn)}"),
        "strip": lambda figure: plots.strip(figure, f"plot-{next(drawn)}"),
    }  # fmt: skip
    style = Markup((TEMPLATES / "page.css").read_text(encoding="utf-8"))
    with plots.settings():
        return environment.get_template("page.html.jinja").render(story=story, style=style)


def date(finished: str) -> str:
    """`2026-11-23T05:58:00+00:00` as `2026-11-23 05:58 UTC`."""
    return f"{finished[:16].replace('T', ' ')} UTC" if finished else ""


def slug(text: str) -> str:
    """`text` as an id of the page."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def percent(part: float) -> str:
    """A part of 1 as CSS writes it."""
    return f"{100 * part:.3f}%"


def tone(word: str) -> str:
    """The kind of colour a verdict or standing is shown in."""
    if word in {"passed", "met", "ran", "from the cache", "kept"}:
        return "good"
    return "bad" if word in {"failed", "not met"} else "open" if word else "plain"
