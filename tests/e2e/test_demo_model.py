"""The first minutes with the app as it comes: the built-in model answers, and closing the window ends everything."""

from __future__ import annotations

from pathlib import Path

from driving import processes
from driving.app import END_LIMIT_S, PAGE_LIMIT_S, Start
from driving.waiting import until

PROMPT = "Once upon a time, there was a little girl named"


def test_the_built_in_model_answers_in_the_page_and_says_that_it_is_a_demo(start: Start, screenshots: Path) -> None:
    app = start()
    app.switch("theme", "light")
    app.send(PROMPT)
    answer = app.wait_for_answer("done", characters=20)
    assert [message.role for message in app.messages()] == ["user", "assistant"]
    assert app.messages()[0].text == PROMPT
    assert " " in answer.text.strip(), f"this is no text of a story: {answer.text!r}"
    assert app.text("demo-badge")
    assert app.text("model-name")
    app.picture(screenshots / "1-answer-light-en.png")


def test_theme_and_language_follow_their_buttons(start: Start, screenshots: Path) -> None:
    app = start()
    app.send(PROMPT)
    app.wait_for_answer("done")
    app.switch("theme", "dark")
    app.picture(screenshots / "2-answer-dark-en.png")
    english = app.text("engine-status")
    app.switch("language", "pt-BR")
    assert app.browser.run("return document.documentElement.lang") == "pt-BR"
    assert app.text("engine-status") != english
    app.picture(screenshots / "3-answer-dark-pt-BR.png")


def test_the_licences_of_what_others_wrote_are_found_by_name_and_opened(start: Start, screenshots: Path) -> None:
    app = start()
    app.switch("theme", "light")
    app.browser.click("show-licences")
    until("all parts are listed", lambda: app.count("licence") > 100, PAGE_LIMIT_S)
    app.picture(screenshots / "6-licences-light-en.png")
    app.browser.type("licences-search", "jinja2")
    until("one part is found", lambda: app.count("licence") == 1, PAGE_LIMIT_S)
    app.browser.click("licence")
    until("its words are shown", lambda: "Redistribution and use" in (app.text("licence") or ""), PAGE_LIMIT_S)
    app.browser.click("licences-close")
    app.switch("theme", "dark")
    app.switch("language", "pt-BR")
    app.browser.click("show-licences")
    until("all parts are listed again", lambda: app.count("licence") > 100, PAGE_LIMIT_S)
    app.picture(screenshots / "7-licences-dark-pt-BR.png")


def test_closing_the_window_leaves_no_process_behind(start: Start) -> None:
    app = start()
    app.send(PROMPT)
    app.wait_for_answer("done")
    family = app.family()
    assert len(app.sidecars()) == 1
    app.close_window()
    until("every process of the app is gone", lambda: not processes.still_alive(family), END_LIMIT_S)
    assert app.family() == set()
