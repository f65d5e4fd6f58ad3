"""The window names the device that computes, and another one can be chosen there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from driving import processes
from driving.app import ANSWER_LIMIT_S, END_LIMIT_S, PAGE_LIMIT_S, App, Start
from driving.waiting import until

PROMPT = "Once upon a time, there was a little girl named"
SETTINGS = Path(".local", "share", "app.localai.desktop", "settings.json")
# Lavapipe on any machine without a graphics card.
CARD = "Vulkan0"
# The device is proven and its shaders are compiled, all by the processor: half a minute on two idle cores.
FIRST_USE_LIMIT_S = 300.0

pytestmark = pytest.mark.timeout(480)


@pytest.fixture
def on_card(start: Start, tmp_path: Path, pytestconfig: pytest.Config) -> App:
    """The app of a person who asked for the graphics card."""
    if pytestconfig.getoption("variant") != "vulkan":
        pytest.skip("the package brings no backend for what this machine has")
    settings = tmp_path / "home" / SETTINGS
    settings.parent.mkdir(parents=True)
    settings.write_text(json.dumps({"device": CARD}), encoding="utf-8")
    app = start()
    wait_for_device(app, CARD, FIRST_USE_LIMIT_S)
    return app


def wait_for_device(app: App, device: str, timeout_s: float = ANSWER_LIMIT_S) -> None:
    until(f"{device} computes", lambda: app.device() == device, timeout_s)


def open_chooser(app: App) -> None:
    until("a device computes", lambda: app.device() != "", ANSWER_LIMIT_S)
    app.browser.click("device")
    until("the devices are listed", lambda: app.count("device-option-CPU") == 1, PAGE_LIMIT_S)


def test_a_device_is_chosen_among_all_there_are_and_answers(start: Start, screenshots: Path) -> None:
    app = start()
    app.switch("theme", "light")
    open_chooser(app)
    assert app.count("device-option-automatic") == 1
    assert app.text("device-requested") == "Automatic"
    assert app.text("device-computing") == app.text("device")
    app.picture(screenshots / "8-devices-light-en.png")
    app.browser.click("device-option-CPU")
    app.browser.click("device-use")
    until("the model is loaded there", lambda: app.count("device-use") == 0, ANSWER_LIMIT_S)
    assert app.device() == "CPU"
    assert app.text("device") == "CPU"
    app.send(PROMPT)
    answer = app.wait_for_answer("done", characters=20)
    assert " " in answer.text.strip(), f"this is no text of a story: {answer.text!r}"
    app.switch("theme", "dark")
    app.switch("language", "pt-BR")
    open_chooser(app)
    assert app.text("device-requested") == "CPU"
    app.picture(screenshots / "9-devices-dark-pt-BR.png")


def test_the_device_that_was_chosen_is_the_one_of_the_next_start(start: Start) -> None:
    app = start()
    open_chooser(app)
    app.browser.click("device-option-CPU")
    app.browser.click("device-use")
    until("the model is loaded there", lambda: app.count("device-use") == 0, ANSWER_LIMIT_S)
    family = app.family()
    app.close_window()
    until("every process of the app is gone", lambda: not processes.still_alive(family), END_LIMIT_S)
    again = start()
    open_chooser(again)
    assert again.text("device-requested") == "CPU"
    assert again.device() == "CPU"


def test_the_window_names_the_processor_where_no_other_device_is_usable(
    start: Start, pytestconfig: pytest.Config
) -> None:
    if pytestconfig.getoption("variant") != "cpu":
        pytest.skip("a graphics card of this machine may be chosen by itself")
    app = start()
    app.send(PROMPT)
    app.wait_for_answer("done")
    wait_for_device(app, "CPU")


def test_a_graphics_card_that_was_asked_for_computes_the_answer_and_is_named(on_card: App, screenshots: Path) -> None:
    on_card.switch("theme", "light")
    on_card.send(PROMPT)
    answer = on_card.wait_for_answer("done", characters=20)
    assert " " in answer.text.strip(), f"this is no text of a story: {answer.text!r}"
    wait_for_device(on_card, CARD)
    on_card.picture(screenshots / "A-vulkan-light-en.png")


def test_a_killed_app_leaves_nothing_on_the_graphics_card(on_card: App) -> None:
    on_card.send(PROMPT)
    on_card.wait_for_answer("streaming")
    wait_for_device(on_card, CARD)
    (sidecar,) = on_card.sidecars()
    on_card.process().kill()
    until("the engine is gone, and with it all its memory", lambda: not sidecar.alive(), END_LIMIT_S)
