"""The launcher, the engine and everybody else mean the same cache folder."""

from __future__ import annotations

import os
import pwd
import subprocess
from pathlib import Path

import platformdirs
import pytest

from localai_sidecar.kept.cachefolder import default_folder

from .conftest import LIMIT_S, SingleFile

HERE = "{here}"
UNSET = None
# XDG_CACHE_HOME, HOME
PLACES = [(f"{HERE}/xdg", f"{HERE}/home"), (UNSET, f"{HERE}/home"), ("", f"{HERE}/home"), ("relative", f"{HERE}/home")]


@pytest.mark.parametrize(("xdg", "home"), PLACES, ids=str)
def test_the_launcher_unpacks_where_the_engine_keeps_its_things(
    single_file: SingleFile, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, xdg: str | None, home: str
) -> None:
    environment = {"HOME": home.format(here=tmp_path)}
    if xdg is not None:
        environment["XDG_CACHE_HOME"] = xdg.format(here=tmp_path)
    (tmp_path / "home").mkdir()
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    done = subprocess.run(
        [single_file.path], env=environment, capture_output=True, text=True, timeout=LIMIT_S, check=True
    )
    expected = default_folder()
    assert expected is not None
    assert expected.is_relative_to(tmp_path)
    assert f"program {expected}/{single_file.payload_hash}/localai-sidecar" in done.stdout.splitlines()


@pytest.mark.parametrize(("xdg", "home"), [("/x/cache", "/h"), (UNSET, "/h"), ("", "/h")], ids=str)
def test_platformdirs_names_the_same_folder(monkeypatch: pytest.MonkeyPatch, xdg: str | None, home: str) -> None:
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    if xdg is not None:
        monkeypatch.setenv("XDG_CACHE_HOME", xdg)
    monkeypatch.setenv("HOME", home)
    assert default_folder() == platformdirs.user_cache_path("localai-sidecar", appauthor=False)


@pytest.mark.parametrize("home", [UNSET, "", "relative"], ids=str)
def test_without_a_usable_home_the_user_database_knows_it(monkeypatch: pytest.MonkeyPatch, home: str | None) -> None:
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.delenv("HOME", raising=False)
    if home is not None:
        monkeypatch.setenv("HOME", home)
    assert default_folder() == Path(pwd.getpwuid(os.geteuid()).pw_dir) / ".cache" / "localai-sidecar"
