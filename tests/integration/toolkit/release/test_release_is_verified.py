"""`verify`: a third party's look at a downloaded release finds every difference, and says all of them at once."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sidecarkit.__main__ import main
from sidecarkit.errors import ConfigError, WrongBinary
from sidecarkit.release import checksums, licences, manifest, provenance, sbom
from sidecarkit.release.verify import verify
from sidecarkit.report import Report

Check = Callable[[Path], dict[str, Any]]


@pytest.fixture
def check(tmp_path: Path, report: Report) -> Check:
    return lambda folder: verify(folder, public_key=None, log=tmp_path / "verify.log", report=report)


def differences(check: Check, folder: Path) -> str:
    with pytest.raises(WrongBinary) as caught:
        check(folder)
    assert caught.value.exit_code == 7
    return caught.value.message


def flip_last_byte(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def test_a_release_as_it_was_made_is_what_its_manifest_says(release: Path, check: Check) -> None:
    assert check(release)["source"]["clean"] is True


@pytest.mark.parametrize("name", [licences.NAME, provenance.NAME, sbom.NAME, "localaiapp_0.1.0_amd64_cpu.deb"])
def test_a_changed_byte_is_found_in_any_file(release: Path, check: Check, name: str) -> None:
    flip_last_byte(release / name)
    said = differences(check, release)
    assert f"{name} has the hash" in said
    assert f"{checksums.NAME} gives {name} the hash" in said


def test_a_truncated_archive_is_one_more_difference(release: Path, check: Check) -> None:
    (archive,) = release.glob("*.tar.gz")
    archive.write_bytes(archive.read_bytes()[:-50])
    said = differences(check, release)
    assert f"{archive.name} cannot be unpacked" in said
    assert f"{archive.name} has " in said


def test_another_size_is_said_with_both_numbers(release: Path, check: Check) -> None:
    size = (release / licences.NAME).stat().st_size
    (release / licences.NAME).write_text("", encoding="utf-8")
    assert f"{licences.NAME} has 0 bytes, the manifest says {size}" in differences(check, release)


def test_files_that_are_missing_or_too_many_are_named_together(release: Path, check: Check) -> None:
    (release / licences.NAME).unlink()
    (release / "virus.exe").write_text("!", encoding="utf-8")
    said = differences(check, release)
    assert f"{licences.NAME} is missing" in said
    assert "virus.exe is not in the manifest" in said
    assert f"{checksums.NAME} does not list virus.exe" in said


def test_a_manifest_that_tells_something_else_of_a_binary_is_found_out(release: Path, check: Check) -> None:
    document = manifest.read(release)[0]
    (facts,) = [facts for facts in document["targets"][0]["artefacts"][-1]["contents"] if facts["format"]]
    facts["glibc"] = "2.1"
    (release / manifest.NAME).write_text(json.dumps(document), encoding="utf-8")
    checksums.write(release)
    assert "glibc is " in differences(check, release)
    assert "the manifest says '2.1'" in differences(check, release)


def test_a_provenance_of_another_commit_is_found_out(release: Path, check: Check) -> None:
    document = manifest.read(release)[0]
    document["source"]["commit"] = "0" * 40
    (release / manifest.NAME).write_text(json.dumps(document), encoding="utf-8")
    checksums.write(release)
    assert "`buildDefinition` does not agree with the manifest" in differences(check, release)


def test_an_sbom_that_is_none_is_found_out_even_with_the_right_hash(release: Path, check: Check) -> None:
    (release / sbom.NAME).write_text('{"bomFormat": "CycloneDX", "specVersion": "1.6", "parts": []}', encoding="utf-8")
    assert f"{sbom.NAME} does not fit CycloneDX 1.6" in differences(check, release)


def test_a_manifest_with_an_unknown_key_is_refused_with_the_key(release: Path, check: Check) -> None:
    document = manifest.read(release)[0]
    (release / manifest.NAME).write_text(json.dumps({**document, "comit": "x"}), encoding="utf-8")
    assert "unknown key `comit`" in differences(check, release)


@pytest.mark.parametrize("content", [None, "no JSON"])
def test_a_folder_without_a_readable_manifest_is_no_release(release: Path, check: Check, content: str | None) -> None:
    (release / manifest.NAME).unlink()
    if content:
        (release / manifest.NAME).write_text(content, encoding="utf-8")
    assert "holds no manifest that can be read" in differences(check, release)


def test_a_checksum_file_that_is_none_is_said_with_its_line(release: Path, check: Check) -> None:
    (release / checksums.NAME).write_text("not a hash\n", encoding="utf-8")
    assert "has the line 'not a hash'" in differences(check, release)


def test_a_folder_that_is_not_there_is_a_wrong_option(tmp_path: Path, check: Check) -> None:
    with pytest.raises(ConfigError, match="there is no folder"):
        check(tmp_path / "nothing")


def test_where_the_release_lies_does_not_matter(release: Path, check: Check, tmp_path: Path) -> None:
    moved = tmp_path / "a folder with spaces"
    shutil.move(release, moved)
    check(moved)


def test_the_command_ends_with_0_or_with_7_and_every_difference(
    release: Path, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--root", str(project), "verify", str(release)]
    assert main(words) == 0
    assert "is what its manifest says; its signatures were not checked" in capsys.readouterr().out
    (release / licences.NAME).unlink()
    flip_last_byte(release / sbom.NAME)
    assert main(words) == 7
    said = capsys.readouterr().out
    assert f"{licences.NAME} is missing" in said
    assert f"{sbom.NAME} has the hash" in said
    assert "hint: download it again" in said
