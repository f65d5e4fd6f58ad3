"""However the app ends in mid-answer: no process of it is left, and the next start shows the conversation whole."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from driving import processes
from driving.app import END_LIMIT_S, App, Start
from driving.waiting import until

PROMPT = "Tell me something that takes a while."
# What was shown before this is on disk, even if the app is killed: text is saved twice a second.
SAVED_WITHIN_S = 0.5


def by(number: signal.Signals) -> Callable[[App], None]:
    return lambda app: os.kill(app.process().pid, number)


ENDINGS: dict[str, Callable[[App], None]] = {
    "SIGTERM, as at logout": by(signal.SIGTERM),
    "SIGINT, as by Ctrl-C": by(signal.SIGINT),
    "SIGHUP, as by a closed terminal": by(signal.SIGHUP),
    "the window's cross": App.close_window,
    "kill -9 of the app": by(signal.SIGKILL),
}


def text_shown_for_a_while(app: App) -> str:
    """What the page shows of a growing answer, at least as long before the return as saving may take."""
    app.send(PROMPT)
    shown = app.wait_for_answer("streaming", characters=40).text
    since = time.monotonic()
    grown = len(shown) + 1
    until("time passes", lambda: time.monotonic() > since + 2 * SAVED_WITHIN_S, END_LIMIT_S)
    app.wait_for_answer("streaming", characters=grown)
    return shown


@pytest.mark.parametrize("ending", ENDINGS)
def test_nothing_is_left_running_and_the_conversation_is_whole(ending: str, start: Start, slow_model: Path) -> None:
    app = start(slow_model)
    shown = text_shown_for_a_while(app)
    family = app.family()
    assert len(app.sidecars()) >= 1
    ENDINGS[ending](app)
    until("every process of the app is gone", lambda: not processes.still_alive(family), END_LIMIT_S)

    again = start()
    until("the conversation is back", lambda: len(again.messages()) == 2, END_LIMIT_S)
    question, answer = again.messages()
    assert (question.role, question.text) == ("user", PROMPT)
    assert answer.state == "interrupted"
    assert answer.text.startswith(shown)


def test_a_killed_page_comes_back_and_the_app_still_ends_in_order(start: Start, slow_model: Path) -> None:
    app = start(slow_model)
    shown = text_shown_for_a_while(app)
    (page,) = pages(app)
    page.kill()
    until("another page takes its place", lambda: pages(app) not in ([], [page]), END_LIMIT_S)
    assert len(app.sidecars()) >= 1, "the answer is still being written"
    family = app.family()
    app.close_window()
    until("every process of the app is gone", lambda: not processes.still_alive(family), END_LIMIT_S)

    again = start()
    until("the conversation is back", lambda: len(again.messages()) == 2, END_LIMIT_S)
    assert again.messages()[1].text.startswith(shown)


def load_anew(app: App) -> None:
    """Loading begins some time after it is asked for: until then the old page answers."""
    app.browser.run("window.isTheOldPage = true; location.reload()")
    until("the page is a new one", lambda: app.browser.run("return !window.isTheOldPage"), END_LIMIT_S)


def pages(app: App) -> list[processes.Process]:
    """The processes that pages of this run live in."""
    return [each for each in app.family() if Path(each.program).name == "WebKitWebProcess"]


def test_a_page_that_is_loaded_anew_in_mid_answer_goes_on_at_its_place(start: Start, slow_model: Path) -> None:
    app = start(slow_model)
    shown = text_shown_for_a_while(app)
    load_anew(app)
    more = app.wait_for_answer("streaming", characters=len(shown) + 80).text
    assert more.startswith(shown)
    assert len(app.messages()) == 2
    app.browser.click("stop")
    whole = app.wait_for_answer("interrupted").text
    assert whole.startswith(more)
    load_anew(app)
    until("the conversation is back", lambda: len(app.messages()) == 2, END_LIMIT_S)
    assert app.wait_for_answer("interrupted").text == whole
