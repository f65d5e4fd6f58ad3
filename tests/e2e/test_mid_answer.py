"""A long answer does not always end by itself: stopped by the user, cut by a crash, or orphaned with the app."""

from __future__ import annotations

from pathlib import Path

from driving.app import END_LIMIT_S, App, Start
from driving.waiting import until

PROMPT = "Tell me something that takes a while."
# Enough to see text grow, and a small part of the 512 tokens an answer may have.
SOME_CHARACTERS = 120


def answer_in_progress(app: App) -> int:
    """Waits until an answer streams and grows; returns how long its text is by then."""
    app.send(PROMPT)
    seen = len(app.wait_for_answer("streaming").text)
    return len(app.wait_for_answer("streaming", characters=seen + SOME_CHARACTERS).text)


def test_stop_keeps_the_text_so_far_and_the_next_prompt_is_answered(
    start: Start, slow_model: Path, screenshots: Path
) -> None:
    app = start(slow_model)
    written = answer_in_progress(app)
    app.browser.click("stop")
    stopped = app.wait_for_answer("interrupted")
    assert len(stopped.text) >= written
    assert app.text("notice") is None
    app.picture(screenshots / "4-stopped-light-en.png")
    (sidecar,) = app.sidecars()
    app.send("And now?")
    until("a second answer", lambda: len(app.messages()) == 4, END_LIMIT_S)
    app.wait_for_answer("streaming")
    assert app.sidecars() == [sidecar]


def test_a_killed_engine_is_told_of_and_a_new_one_answers_the_next_prompt(
    start: Start, slow_model: Path, screenshots: Path
) -> None:
    app = start(slow_model)
    written = answer_in_progress(app)
    (killed,) = app.sidecars()
    killed.kill()
    cut = app.wait_for_answer("interrupted", timeout_s=END_LIMIT_S)
    assert len(cut.text) >= written
    until("the window says what happened", lambda: app.text("notice"), END_LIMIT_S)
    app.picture(screenshots / "5-engine-killed-light-en.png")
    app.send("Are you still there?")
    until("a second answer", lambda: len(app.messages()) == 4, END_LIMIT_S)
    app.wait_for_answer("streaming")
    (successor,) = app.sidecars()
    assert successor != killed


def test_a_killed_app_takes_its_engine_along(start: Start, slow_model: Path) -> None:
    app = start(slow_model)
    answer_in_progress(app)
    (sidecar,) = app.sidecars()
    app.process().kill()
    until("the engine is gone", lambda: not sidecar.alive(), END_LIMIT_S)
