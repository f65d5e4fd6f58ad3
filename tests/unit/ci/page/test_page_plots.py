"""The dot plots: every sample is in them, in the page's colours, with the goal and its good side."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from markupsafe import Markup

from sidecarkit.page import plots
from sidecarkit.page.measured import Measured, Side

PAIRED = Measured(
    title="decode",
    sides=(
        Side(name="sidecar", unit="tok/s", samples=(99.0, 101.0, 98.0), median=99.0),
        Side(name="llama-bench", unit="tok/s", samples=(100.0, 100.0, 101.0), median=100.0),
    ),
    judged=(0.99, 1.01, 0.97), unit="×", median=0.99, low=0.97, high=1.01, sense="≥", bound=0.97, verdict="passed",
)  # fmt: skip
ALONE = Measured(
    title="start", sides=(Side(name="sidecar", unit="ms", samples=(50.0, 52.0), median=51.0),), judged=(50.0, 52.0),
    unit="ms", median=51.0, low=None, high=None, sense="", bound=None, verdict="",
)  # fmt: skip


def card(figure: Measured) -> Markup:
    with plots.settings():
        return plots.card(figure, "x")


def marks(drawn: str) -> int:
    return len(re.findall("<use ", drawn))


def test_every_sample_is_a_dot() -> None:
    fewer = replace(PAIRED, judged=PAIRED.judged[:2])
    assert marks(card(PAIRED)) - marks(card(fewer)) == 1
    with plots.settings():
        assert marks(plots.strip(ALONE, "x")) == len(ALONE.judged) + 1, "the samples and their median"


def test_equal_samples_stay_apart() -> None:
    same = replace(ALONE, judged=(50.0, 50.0, 50.0), median=50.0)
    with plots.settings():
        drawn = plots.strip(same, "x")
    dots = set(re.findall(r'<use [^>]*x="([\d.]+)" y="([\d.]+)"', drawn))
    assert len(dots) == 3, "three lanes, and the median on the first"


def test_plots_take_their_colours_from_the_page() -> None:
    drawn = card(PAIRED)
    assert "#010" not in drawn
    for name in ("--ours", "--theirs", "--text", "--good-ground"):
        assert f"var({name})" in drawn
    assert "font-family" not in drawn
    assert "DejaVu" not in drawn


def test_only_a_figure_with_a_goal_has_a_dashed_line_and_a_good_side() -> None:
    assert "stroke-dasharray" in card(PAIRED)
    assert "var(--good-ground)" not in card(ALONE)
    assert "stroke-dasharray" not in card(ALONE)


@pytest.mark.parametrize(("sense", "bound"), [("≥", 10.0), ("≤", 0.01)])
def test_a_goal_far_from_the_samples_is_still_in_the_picture(sense: str, bound: float) -> None:
    with plots.settings():
        drawn = plots.strip(replace(PAIRED, sense=sense, bound=bound), "x")
    width = float(re.findall(r'viewBox="0 0 ([\d.]+) ', drawn)[0])
    dashed = next(path for path in re.findall("<path [^>]*>", drawn) if "dasharray" in path)
    x = float(re.findall(r"M ([\d.-]+)", dashed)[0])
    assert 0 < x < width


def test_the_plot_says_its_figures_in_words() -> None:
    assert plots.described(PAIRED) == (
        "Dot plot of decode. sidecar: median 99.0 tok/s of 3 samples; llama-bench: median 100.0 tok/s of 3 samples; "
        "median ratio 0.990 ×, 95 % interval 0.970 … 1.010 ×, goal ≥ 0.97 ×: passed."
    )
