"""Options and fixtures of the tests of the packaged app; stage e2e gives the options."""

from __future__ import annotations

import random
from collections.abc import Generator, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from driving.app import LOG, App, Start, running
from driving.webdriver import WebDriverError

FAILED = pytest.StashKey[bool]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Where the app and its models lie, and where pictures go."""
    group = parser.getgroup("localaiapp")
    group.addoption("--app", type=Path, required=True, help="program of the unpacked package")
    group.addoption("--variant", required=True, help="the package's backends: cpu, vulkan, cuda")
    group.addoption("--slow-model", type=Path, required=True, help="a GGUF whose answers last seconds")
    group.addoption("--screenshots", type=Path, required=True, help="folder for the pictures")
    group.addoption("--kills", type=int, default=10, help="how often the soak kills the engine")
    group.addoption("--seed", type=int, default=random.randrange(2**32), help="repeats the moments of a soak")


@pytest.fixture
def slow_model(pytestconfig: pytest.Config) -> Path:
    """A model that leaves the time to stop it, or to kill it, in mid-answer."""
    path: Path = pytestconfig.getoption("slow_model")
    return path.resolve(strict=True)


@pytest.fixture
def screenshots(pytestconfig: pytest.Config) -> Path:
    """Where pictures for the report go."""
    path: Path = pytestconfig.getoption("screenshots")
    return path


@pytest.fixture
def start(tmp_path: Path, screenshots: Path, request: pytest.FixtureRequest) -> Iterator[Start]:
    """Starts the packaged app with arguments; a picture of a failed test's window is kept."""
    program: Path = request.config.getoption("app").resolve(strict=True)
    with ExitStack() as stack:
        apps: list[App] = []

        def begin(*arguments: Path) -> App:
            apps.append(stack.enter_context(running(program, tmp_path, *map(str, arguments))))
            return apps[-1]

        yield begin
        if apps and request.node.stash.get(FAILED, False):
            with suppress(WebDriverError):
                apps[-1].browser.screenshot(screenshots / "failed" / f"{request.node.name}.png")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Shows what the app printed beside a failure, and remembers it until the fixture that can take a picture ends."""
    report = yield
    if report.failed:
        item.stash[FAILED] = True
        folder: Path | None = getattr(item, "funcargs", {}).get("tmp_path")
        if folder and (folder / LOG).exists():
            report.sections.append(("the app printed", (folder / LOG).read_text(encoding="utf-8", errors="replace")))
    return report
