"""Signing is a hook: with a key configured, minisign itself makes signatures that minisign itself accepts."""

from __future__ import annotations

import io
import shutil
import subprocess
from pathlib import Path

import pytest

from sidecarkit.errors import ConfigError, MissingTool, WrongBinary
from sidecarkit.release import checksums, provenance, signing
from sidecarkit.release.compose import Built, compose
from sidecarkit.release.verify import verify
from sidecarkit.report import Report

needs_minisign = pytest.mark.skipif(
    shutil.which("minisign") is None, reason="minisign is not installed: doctor names it"
)


def make_key(folder: Path) -> tuple[Path, Path]:
    """A key without a password: its secret and its public half."""
    folder.mkdir()
    secret, public = folder / "secret", folder / "public"
    words = ["minisign", "-G", "-W", "-f", "-s", str(secret), "-p", str(public)]
    subprocess.run(words, check=True, capture_output=True, timeout=60)
    return secret, public


@pytest.fixture
def signed(release: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, report: Report) -> tuple[Path, Path]:
    """A signed release and the public key's file."""
    secret, public = make_key(tmp_path / "key")
    monkeypatch.setenv(signing.MINISIGN_KEY, str(secret))
    log = tmp_path / "sign.log"
    signing.sign([release / provenance.NAME], comment="a test", log=log, report=report)
    signing.sign([checksums.write(release)], comment="a test", log=log, report=report)
    return release, public


def check(folder: Path, key: Path | str) -> None:
    verify(folder, public_key=str(key), log=folder.parent / "verify.log", report=Report(io.StringIO()))


@needs_minisign
def test_a_signed_release_is_accepted_by_its_key_as_file_and_as_text(signed: tuple[Path, Path]) -> None:
    release, public = signed
    check(release, public)
    check(release, public.read_text(encoding="utf-8").splitlines()[1])


@needs_minisign
def test_another_key_did_not_sign_it(signed: tuple[Path, Path], tmp_path: Path) -> None:
    release, _ = signed
    _, other = make_key(tmp_path / "other")
    with pytest.raises(WrongBinary, match=f"{checksums.NAME}{signing.MINISIGN_ENDING}"):
        check(release, other)


@needs_minisign
def test_checksums_written_anew_do_not_fit_the_signature(signed: tuple[Path, Path]) -> None:
    release, public = signed
    text = (release / checksums.NAME).read_text(encoding="utf-8")
    (release / checksums.NAME).write_text(text + "\n", encoding="utf-8")
    with pytest.raises(WrongBinary, match=signing.MINISIGN_ENDING):
        check(release, public)


@needs_minisign
def test_an_unsigned_release_does_not_pass_where_a_key_is_asked_for(release: Path, tmp_path: Path) -> None:
    _, public = make_key(tmp_path / "key")
    with pytest.raises(WrongBinary, match=f"{checksums.NAME} has no signature"):
        check(release, public)


@needs_minisign
def test_the_session_signs_checksums_and_provenance(
    project: Path, built: Built, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, report: Report
) -> None:
    secret, public = make_key(tmp_path / "key")
    monkeypatch.setenv(signing.MINISIGN_KEY, str(secret))
    folder = shutil.copytree(compose(project, [built], report), tmp_path / "release")
    assert (folder / f"{provenance.NAME}{signing.MINISIGN_ENDING}").is_file()
    check(folder, public)


def test_what_is_not_the_commits_own_is_not_signed(
    project: Path, built: Built, monkeypatch: pytest.MonkeyPatch, report: Report
) -> None:
    monkeypatch.setenv(signing.MINISIGN_KEY, "key")
    note = project / "note.txt"
    note.write_text("a change", encoding="utf-8")
    try:
        with pytest.raises(ConfigError, match=r"note\.txt"):
            compose(project, [built], report)
    finally:
        note.unlink()


def test_a_key_without_its_program_is_a_missing_tool(
    release: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, report: Report
) -> None:
    monkeypatch.setenv(signing.COSIGN_KEY, "cosign.key")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingTool, match="`cosign` was not found"):
        signing.sign([release / checksums.NAME], comment="", log=tmp_path / "log", report=report)


@needs_minisign
def test_a_key_that_is_not_there_is_a_wrong_option(
    release: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, report: Report
) -> None:
    monkeypatch.setenv(signing.MINISIGN_KEY, str(tmp_path / "none"))
    with pytest.raises(ConfigError, match="where no key is"):
        signing.sign([release / checksums.NAME], comment="", log=tmp_path / "log", report=report)
