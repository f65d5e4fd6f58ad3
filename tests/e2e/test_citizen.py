"""The app among others: one instance, its window as it was left, a log that tells nothing of what was said."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import pytest

from driving import processes, window
from driving.app import END_LIMIT_S, PAGE_LIMIT_S, Start
from driving.waiting import until

PROMPT = "Once upon a time, there was a little girl named"


def test_a_second_start_hands_its_model_to_the_first_and_ends(start: Start, slow_model: Path, tmp_path: Path) -> None:
    app = start()
    until("the demo model is shown", lambda: app.text("demo-badge"), PAGE_LIMIT_S)
    model = tmp_path / "another one.gguf"
    shutil.copy2(slow_model, model)
    # Also where there is no D-Bus session.
    environment = {name: text for name, text in app.environment.items() if name != "DBUS_SESSION_BUS_ADDRESS"}
    second = subprocess.run(
        [app.program, model.name], cwd=tmp_path, env=environment, timeout=PAGE_LIMIT_S, check=False,
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert second.returncode == 0, second.stderr
    until("the first one uses its model", lambda: app.text("model-name") == "another one", PAGE_LIMIT_S)
    assert app.count("demo-badge") == 0
    assert len(processes.of_program(app.program)) == 1


def test_the_package_tells_the_desktop_which_files_the_app_opens(request: pytest.FixtureRequest) -> None:
    share = Path(request.config.getoption("--app")).resolve().parents[1] / "share"
    (entry,) = (share / "applications").glob("*.desktop")
    assert "MimeType=application/x-gguf;" in entry.read_text(encoding="utf-8")
    kinds = ElementTree.parse(share / "mime" / "packages" / "localaiapp.xml").getroot()
    assert [kind.attrib["type"] for kind in kinds] == ["application/x-gguf"]


def test_the_window_is_as_large_as_it_was_left(start: Start) -> None:
    app = start()
    window.resize(app.process().pid, 1000, 640)
    until("it is resized", lambda: window.size(app.process().pid) == (1000, 640), END_LIMIT_S)
    family = app.family()
    app.close_window()
    until("every process of the app is gone", lambda: not processes.still_alive(family), END_LIMIT_S)
    again = start()
    assert until("there is a window", lambda: window.size(again.process().pid), END_LIMIT_S) == (1000, 640)


def test_the_log_tells_what_the_app_did_and_nothing_of_what_was_said(start: Start) -> None:
    app = start()
    app.send(PROMPT)
    answer = app.wait_for_answer("done", characters=40).text.strip()
    (log,) = app.home.rglob("localaiapp.log")
    text = log.read_text(encoding="utf-8")
    assert "model loaded" in text
    assert PROMPT not in text
    assert answer[:20] not in text


def test_a_model_that_is_none_is_refused_by_its_name_and_the_app_goes_on(start: Start, tmp_path: Path) -> None:
    broken = tmp_path / "broken.gguf"
    broken.write_text("no model", encoding="utf-8")
    app = start(broken)
    told = until("the window says what is wrong", lambda: app.text("notice"), PAGE_LIMIT_S)
    assert "broken.gguf" in told
    assert str(tmp_path) not in told
    app.send(PROMPT)
    app.wait_for_answer("done")
