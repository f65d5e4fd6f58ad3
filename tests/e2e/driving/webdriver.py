"""A small WebDriver client: plain HTTP to WebKitWebDriver, as much of the W3C's protocol as the tests use."""

from __future__ import annotations

import base64
import contextlib
import json
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

# https://www.w3.org/TR/webdriver2/#elements
_ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
# Starting the app under software rendering on a busy machine is the slowest thing asked for.
_SESSION_LIMIT_S = 90.0
_ANSWER_LIMIT_S = 30.0

# A change that nobody sees, in every frame.
_BEGIN_TO_DRAW = """
window.drawing = document.body.animate({ opacity: [0.999, 1] }, { duration: 1000, iterations: Infinity });
"""
_END_TO_DRAW = "window.drawing.cancel();"


class WebDriverError(Exception):
    """The driver refused or failed a command, or cannot be reached."""


class Browser:
    """One session: the app's window with its page."""

    def __init__(self, address: str, program: Path, arguments: list[str]) -> None:
        """Starts `program` through the driver at `address`. Raises WebDriverError."""
        options = {"binary": str(program), "args": arguments}
        wanted = {"capabilities": {"alwaysMatch": {"webkitgtk:browserOptions": options}}}
        started = _ask(f"{address}/session", wanted, timeout_s=_SESSION_LIMIT_S)
        self._session = f"{address}/session/{started['sessionId']}"

    def run(self, script: str, *arguments: object) -> Any:
        """The result of a JavaScript function body in the page."""
        return _ask(f"{self._session}/execute/sync", {"script": script, "args": list(arguments)})

    def click(self, test_id: str) -> None:
        """Clicks the element with this data-testid. Raises WebDriverError when it is not there or not clickable."""
        _ask(f"{self._session}/element/{self._find(test_id)}/click", {})

    def type(self, test_id: str, text: str) -> None:
        """Types into the element with this data-testid."""
        _ask(f"{self._session}/element/{self._find(test_id)}/value", {"text": text})

    def screenshot(self, path: Path) -> None:
        """Writes what the window shows as a PNG."""
        path.parent.mkdir(parents=True, exist_ok=True)
        # WebKitGTK answers with the next frame it draws, and a page in which nothing moves draws none.
        self.run(_BEGIN_TO_DRAW)
        try:
            path.write_bytes(base64.b64decode(_ask(f"{self._session}/screenshot")))
        finally:
            self.run(_END_TO_DRAW)

    def end(self) -> None:
        """Ends the session; a window that is gone already is fine."""
        with contextlib.suppress(WebDriverError):
            _ask(self._session, method="DELETE")

    def _find(self, test_id: str) -> str:
        selector = {"using": "css selector", "value": f'[data-testid="{test_id}"]'}
        return str(_ask(f"{self._session}/element", selector)[_ELEMENT])


def ready(address: str) -> bool:
    """Whether the driver takes sessions."""
    try:
        return bool(_ask(f"{address}/status")["ready"])
    except WebDriverError:
        return False


def _ask(url: str, body: object = None, *, method: str | None = None, timeout_s: float = _ANSWER_LIMIT_S) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=timeout_s) as response:
            return json.load(response)["value"]
    except urllib.error.HTTPError as error:
        with error:
            raise WebDriverError(f"{url}: {error.read().decode(errors='replace')}") from error
    except OSError as error:
        raise WebDriverError(f"{url}: {error}") from error
