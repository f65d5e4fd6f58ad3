"""The engine is killed again and again under the window: the app lives on, and every text it has shown is kept."""

from __future__ import annotations

import json
import random
import re
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from driving import processes, recorder
from driving.app import ANSWER_LIMIT_S, END_LIMIT_S, App, Start
from driving.recorder import Answer
from driving.waiting import until
from driving.webdriver import WebDriverError

# From the moment of one kill to the next: an engine is started, loads the model and writes some lines in it.
LONGEST_PAUSE_S = 1.0
# Ends a wait for text of an engine that is given up, or whose model is in quarantine.
LONGEST_WAIT_FOR_TEXT_S = 10.0
# A stopped engine, five restarts and the model's loading, many times over.
ONE_KILL_LIMIT_S = 30.0


class Killer(threading.Thread):
    """Kills the app's engine at random moments, whatever it is doing; every second time once text appears.

    On a busy machine an engine that starts and loads would else hardly ever live to write.
    """

    def __init__(self, app: App, kills: int, seed: int) -> None:
        super().__init__(daemon=True)
        self.killed: set[processes.Process] = set()
        self.gave_up = threading.Event()
        self.text_appears = threading.Event()
        self._app, self._kills, self._random = app, kills, random.Random(seed)

    def run(self) -> None:
        """Ends after the last kill."""
        while len(self.killed) < self._kills and not self.gave_up.is_set():
            self.text_appears.clear()
            if len(self.killed) % 2:
                self.text_appears.wait(LONGEST_WAIT_FOR_TEXT_S)
            self.gave_up.wait(self._random.uniform(0, LONGEST_PAUSE_S))
            for engine in self._app.sidecars()[:1]:
                engine.kill()
                self.killed.add(engine)


def test_an_engine_killed_at_random_moments_takes_neither_the_app_nor_a_word_along(
    start: Start,
    slow_model: Path,
    pytestconfig: pytest.Config,
    record_testsuite_property: Callable[[str, object], None],
) -> None:
    kills, seed = pytestconfig.getoption("kills"), pytestconfig.getoption("seed")
    began = time.monotonic()
    app = start(slow_model)
    process = app.process()
    recorder.record(app)
    killer = Killer(app, kills, seed)
    ask_and_wait(app, "Tell me story number 0.", killer.text_appears)
    descriptors = open_descriptors(process)
    killer.start()
    try:
        stories = talk(app, killer, began + kills * ONE_KILL_LIMIT_S)
    finally:
        killer.gave_up.set()
        killer.join(END_LIMIT_S)
    ask_and_wait(app, "Tell me a last story.", killer.text_appears)
    more = settled(lambda: open_descriptors(process) - descriptors)
    assert not more, f"descriptors that were not there before: {more}"
    assert app.process() == process, "the app was another process at the end"
    shown, family = recorder.recorded(app), app.family()
    app.close_window()
    until("every process of the app is gone", lambda: not processes.still_alive(family), END_LIMIT_S)

    again = start()
    held = {answer.question: answer for answer in recorder.kept(again)}
    lost = [answer for answer in shown if not holds(held.get(answer.question), answer)]
    figures = {
        "kills": len(killer.killed), "questions": stories, "answers": Counter(answer.state for answer in shown),
        "charactersShown": sum(len(answer.shown) for answer in shown), "answersLost": len(lost),
        "descriptorsBeforeAndAfter": descriptors.total(), "seed": seed, "seconds": round(time.monotonic() - began),
    }  # fmt: skip
    record_testsuite_property("soak", json.dumps(figures))
    assert lost == []
    assert not any(answer.changed for answer in shown), "a text that was seen was taken back"
    assert len(killer.killed) == kills


def talk(app: App, killer: Killer, deadline: float) -> int:
    """Asks one thing after another until the killer has done its work; how many times."""
    asked = 0
    while killer.is_alive():
        assert time.monotonic() < deadline, f"{len(killer.killed)} kills took too long"
        asked += 1
        ask_and_wait(app, f"Tell me story number {asked}.", killer.text_appears)
    return asked


def ask_and_wait(app: App, prompt: str, text_appears: threading.Event) -> None:
    """Asks in a conversation of its own, as often as it takes to get an answer that begins."""

    def ended() -> bool:
        answer = app.answer()
        if answer is not None and answer.text:
            text_appears.set()
        return app.count("send") > 0

    def answered() -> bool:
        help_the_engine(app)
        if not app.messages():
            if not app.browser.run("return document.querySelector('textarea').value"):
                app.browser.type("prompt", prompt)
            app.browser.click("send")
        until("the answer ended", ended, ANSWER_LIMIT_S)
        return bool(app.messages())

    with suppress(WebDriverError):
        app.browser.click("start-over")
    until(f"{prompt!r} is answered", answered, ANSWER_LIMIT_S)


def help_the_engine(app: App) -> None:
    """Does what the window offers: starts an engine that is given up, loads a model that is in quarantine."""
    if app.state("engine-status") == "failed":
        with suppress(WebDriverError):  # it came back by itself
            app.browser.click("engine-restart")
    if app.count("remedy"):
        with suppress(WebDriverError):
            app.browser.click("remedy")


def holds(kept: Answer | None, shown: Answer) -> bool:
    """Whether the history has all of it, and knows as well as the page how it ended."""
    return kept is not None and kept.shown == shown.shown and kept.state == shown.state


def open_descriptors(process: processes.Process) -> Counter[str]:
    """Files, pipes and sockets that a process holds, by what they are.

    Those of the system's own accounts are left out: WebKit opens them once it watches the memory, and keeps them.
    """
    found: Counter[str] = Counter()
    for link in Path(f"/proc/{process.pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # closed meanwhile
            name = str(link.readlink())
            if not name.startswith(("/proc/", "/sys/")):
                found[re.sub(r"\d+", "#", name)] += 1
    return found


def settled(look: Callable[[], Counter[str]]) -> Counter[str]:
    """What is seen last, within the time in which it should become nothing."""
    seen: list[Counter[str]] = []

    def is_nothing() -> bool:
        seen.append(look())
        return not seen[-1]

    with suppress(AssertionError):
        until("nothing is seen", is_nothing, END_LIMIT_S)
    return seen[-1]
