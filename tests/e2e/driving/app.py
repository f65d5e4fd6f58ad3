"""The packaged app, started as a user starts it, with a page to read and processes to look after."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from driving import processes, window
from driving.processes import Process
from driving.waiting import until
from driving.webdriver import Browser, ready

# Each is many times what an idle machine needs; they only end what would hang.
DRIVER_LIMIT_S = 20.0
PAGE_LIMIT_S = 60.0
ANSWER_LIMIT_S = 120.0
END_LIMIT_S = 10.0

# What the driver and the app themselves print, in the folder of the run.
LOG = "app.log"
# A stopped or crashed engine is started by the next prompt.
TAKES_A_PROMPT = ("idle", "ready", "stopped", "crashed")

_MESSAGES = """
return [...document.querySelectorAll('[data-testid="message"]')].map((message) => ({
  role: message.dataset.role,
  state: message.dataset.state,
  text: message.querySelector('[data-testid="message-text"]').textContent,
}));
"""
_TEXT = """
const found = document.querySelector(`[data-testid="${arguments[0]}"]`);
return found === null ? null : found.textContent;
"""
_COUNT = """
return document.querySelectorAll(`[data-testid="${arguments[0]}"]`).length;
"""
_DEVICE = """
const found = document.querySelector('[data-testid="device"]');
return found === null ? "" : found.dataset.device;
"""
_STATE = """
const found = document.querySelector(`[data-testid="${arguments[0]}"]`);
return found === null ? null : found.dataset.state;
"""
# Fades that end; a blinking cursor never does.
_STANDS_STILL = """
return document.getAnimations().every(
  (each) => each.playState !== "running" || each.effect.getComputedTiming().endTime === Infinity,
);
"""


@dataclass(frozen=True, kw_only=True)
class Message:
    """One message as the page shows it."""

    role: str
    state: str
    text: str


class App:
    """The running app: what its page shows, what a user can do with it, and its processes."""

    def __init__(self, browser: Browser, program: Path, environment: dict[str, str], driver_pid: int) -> None:
        self.browser = browser
        self.program = program
        self.environment = environment
        self.home = Path(environment["HOME"])
        self._driver_pid = driver_pid

    def messages(self) -> list[Message]:
        """The conversation."""
        return [Message(**each) for each in self.browser.run(_MESSAGES)]

    def answer(self) -> Message | None:
        """The last message if it is the assistant's."""
        shown = self.messages()
        return shown[-1] if shown and shown[-1].role == "assistant" else None

    def text(self, test_id: str) -> str | None:
        """What the element with this data-testid says; None when it is not there."""
        said: str | None = self.browser.run(_TEXT, test_id)
        return said

    def state(self, test_id: str) -> str | None:
        """The data-state of the element with this data-testid; None when it is not there."""
        state: str | None = self.browser.run(_STATE, test_id)
        return state

    def count(self, test_id: str) -> int:
        """How many elements with this data-testid there are."""
        found: int = self.browser.run(_COUNT, test_id)
        return found

    def device(self) -> str:
        """The id of the device that computes; empty while none does."""
        device: str = self.browser.run(_DEVICE)
        return device

    def send(self, prompt: str) -> None:
        """Types a prompt and clicks Send, once the engine is neither starting nor busy."""
        until("the engine takes a prompt", lambda: self.state("engine-status") in TAKES_A_PROMPT, ANSWER_LIMIT_S)
        self.browser.type("prompt", prompt)
        self.browser.click("send")

    def wait_for_answer(self, state: str, *, characters: int = 1, timeout_s: float = ANSWER_LIMIT_S) -> Message:
        """The assistant's last message once it is in `state` with at least this much text."""

        def look() -> Message | None:
            answer = self.answer()
            return answer if answer and answer.state == state and len(answer.text) >= characters else None

        return until(f"an answer that is {state}, with {characters} characters", look, timeout_s)

    def switch(self, test_id: str, wanted: str) -> None:
        """Clicks a button that goes round its states until it shows the wanted one."""
        seen: list[str | None] = []
        while (state := self.state(test_id)) != wanted:
            assert state not in seen, f"`{test_id}` goes round {seen} and never shows {wanted!r}"
            seen.append(state)
            self.browser.click(test_id)
            until(f"`{test_id}` changes", lambda: self.state(test_id) != seen[-1], END_LIMIT_S)

    def picture(self, path: Path) -> None:
        """Writes what the window shows as a PNG, once nothing fades any more."""
        until("the page stands still", lambda: self.browser.run(_STANDS_STILL), END_LIMIT_S)
        self.browser.screenshot(path)

    def process(self) -> Process:
        """The app's own process."""
        (process,) = processes.of_program(self.program)
        return process

    def sidecars(self) -> list[Process]:
        """The engine's processes of this run, oldest first; one is right."""
        return sorted(each for each in self.family() if Path(each.program).name == "localai-sidecar")

    def family(self) -> set[Process]:
        """Every process this run started, the driver aside: WebKit's carry the mark, the engine lies in the package."""
        marked = {each for each in processes.with_environment(_mark(self.environment)) if each.pid != self._driver_pid}
        return marked | processes.of_folder(_package(self.program))

    def close_window(self) -> None:
        """Clicks the window's cross."""
        assert window.close(self.process().pid), "the app has no window that can be closed"


Start = Callable[..., App]


@contextlib.contextmanager
def running(program: Path, folder: Path, *arguments: str) -> Iterator[App]:
    """The app with a home folder of its own under `folder`; whatever is left of it is killed at the end."""
    environment = _environment(folder)
    port = _free_port()
    address = f"http://127.0.0.1:{port}"
    with (folder / LOG).open("ab") as log:
        driver = subprocess.Popen(
            [_driver(), f"--port={port}"], env=environment,
            stdin=subprocess.DEVNULL, stdout=log, stderr=log,
        )  # fmt: skip
    try:
        until("WebKitWebDriver takes sessions", lambda: ready(address), DRIVER_LIMIT_S)
        browser = Browser(address, program, list(arguments))
        try:
            app = App(browser, program, environment, driver.pid)
            until("the page shows its prompt", lambda: app.text("prompt") is not None, PAGE_LIMIT_S)
            yield app
        finally:
            # An ended driver leaves the app running: the session first.
            browser.end()
    finally:
        driver.kill()
        driver.wait()
        for process in processes.with_environment(_mark(environment)) | processes.of_folder(_package(program)):
            process.kill()


def _package(program: Path) -> Path:
    """The folder that holds the package's bin and lib."""
    return program.parent.parent


def _driver() -> str:
    found = shutil.which("WebKitWebDriver")
    assert found, "WebKitWebDriver is not installed; hint: `python3 noxfile.py -s doctor` names its package"
    return found


def _mark(environment: dict[str, str]) -> str:
    """What tells the processes of a run: of what could mark them, the engine gets only HOME."""
    return f"HOME={environment['HOME']}"


def _environment(folder: Path) -> dict[str, str]:
    """The user's environment with a home of its own, and what WebKit needs without a graphics card."""
    home, runtime = folder / "home", folder / "runtime"
    # The same for every start of one test.
    home.mkdir(parents=True, exist_ok=True)
    runtime.mkdir(mode=0o700, exist_ok=True)
    kept = {key: text for key, text in os.environ.items() if not key.startswith("XDG_")}
    return kept | {
        "HOME": str(home),
        "XDG_RUNTIME_DIR": str(runtime),
        "LANG": "C.UTF-8",
        # Without it the driver waits for ever for the page.
        "TAURI_WEBVIEW_AUTOMATION": "true",
        "NO_AT_BRIDGE": "1",
        "WEBKIT_DISABLE_COMPOSITING_MODE": "1",
        "WEBKIT_DISABLE_DMABUF_RENDERER": "1",
        "LIBGL_ALWAYS_SOFTWARE": "1",
    }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
