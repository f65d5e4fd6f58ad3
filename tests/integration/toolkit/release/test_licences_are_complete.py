"""Every part that ships is covered by the words of a licence it may be used under, or named as one that is not."""

from __future__ import annotations

import tarfile
import zipfile
from pathlib import Path

import pytest

from sidecarkit.errors import ConfigError
from sidecarkit.release import licences, texts
from sidecarkit.release.part import Part

MIT = "Copyright (c) A\nPermission is hereby granted, free of charge, to any person obtaining a copy of this"
APACHE = "Apache License\n   Version 2.0, January 2004"
MPL = "Mozilla Public License Version 2.0"


def part(name: str, licence: str, folder: Path, **files: str) -> Part:
    """A part whose sources lie in a folder with these files."""
    own = folder / name
    own.mkdir()
    for file, text in files.items():
        (own / file.replace("_", "-")).write_text(text, encoding="utf-8")
    return Part(name=name, version="1.0", kind="cargo", licence=licence, folder=own)


@pytest.mark.parametrize(
    ("licence", "found", "needed"),
    [
        ("MIT", [MIT], [MIT]),
        ("MIT OR Apache-2.0", [APACHE, MIT], [MIT]),
        ("Apache-2.0 OR MPL-2.0", [APACHE, MPL], [APACHE]),
        ("MIT AND Apache-2.0", [APACHE, MIT], [MIT, APACHE]),
        ("(MIT OR Apache-2.0) AND MPL-2.0", [MPL, APACHE], [APACHE, MPL]),
        ("MIT AND Apache-2.0", [MIT], []),
        ("MPL-2.0", [MIT], []),
        ("", [MIT], []),
    ],
)
def test_an_expression_is_fulfilled_by_the_texts_with_the_least_duties(
    licence: str, found: list[str], needed: list[str]
) -> None:
    assert licences.covering(licence, found) == needed


def test_parts_without_the_words_of_their_licence_are_all_named(tmp_path: Path) -> None:
    good = part("good", "MIT", tmp_path, LICENSE=MIT)
    wrong = part("wrong", "MPL-2.0", tmp_path, LICENSE=MIT)
    none = part("none", "MIT", tmp_path, README="no licence")
    with pytest.raises(ConfigError) as caught:
        licences.collect([good, wrong, none], tmp_path)
    assert "none 1.0 (MIT), wrong 1.0 (MPL-2.0)" in caught.value.message
    assert "good" not in caught.value.message
    assert "ci/licences/<name>.txt" in caught.value.hint


def test_a_text_that_was_kept_covers_a_part_whose_archive_brings_none(tmp_path: Path) -> None:
    (tmp_path / texts.KEPT).mkdir(parents=True)
    (tmp_path / texts.KEPT / "bare.txt").write_text(MIT, encoding="utf-8")
    assert MIT in licences.collect([part("bare", "MIT", tmp_path)], tmp_path)


def test_a_text_that_several_parts_share_stands_there_once_under_their_names(tmp_path: Path) -> None:
    shared = [part("b", "MIT", tmp_path, LICENSE=MIT), part("a", "MIT", tmp_path, LICENCE_MIT=MIT)]
    other = part("c", "Apache-2.0", tmp_path, COPYING=APACHE)
    text = licences.collect([*shared, other], tmp_path)
    head, first, second = text.split(f"\n{licences.BETWEEN_ENTRIES}\n")
    assert "This program contains 3 of them" in head
    assert first == f"a 1.0 · MIT\nb 1.0 · MIT\n{licences.BETWEEN_PARTS_AND_TEXT}\n{MIT}"
    assert second.startswith("c 1.0 · Apache-2.0\n")


def test_windows_line_ends_and_latin_1_are_read_as_the_same_text(tmp_path: Path) -> None:
    found = part("old", "MIT", tmp_path)
    assert found.folder is not None
    (found.folder / "LICENSE").write_bytes("Copyright \xa9 M\xfcller\r\nAll \r\n".encode("latin-1"))
    assert texts.of(found, tmp_path) == ["Copyright © Müller\nAll"]


def test_texts_are_found_in_wheels_sdists_folders_and_sections(tmp_path: Path) -> None:
    wheel, sdist = tmp_path / "a.whl", tmp_path / "a.tar.gz"
    with zipfile.ZipFile(wheel, "w") as opened:
        opened.writestr("a-1.dist-info/licenses/LICENSE", "of the wheel")
    (tmp_path / "LICENSE").write_text("of the sdist", encoding="utf-8")
    with tarfile.open(sdist, "w:gz") as packed:
        packed.add(tmp_path / "LICENSE", "a-1/LICENSE")
        packed.add(tmp_path / "LICENSE", "a-1/vendor/LICENSE")
    (tmp_path / "README.md").write_text("# A\nwords\n## Licence\n\nof the section\n## More\nwords\n", encoding="utf-8")

    def found(reference: str, archive: Path | None = None) -> list[str]:
        declared = Part(
            name="a", version="1", kind="generic", licence="MIT", texts=(reference,), archive=archive
        )  # fmt: skip
        return texts.of(declared, tmp_path)

    assert found("archive:*.dist-info/licenses/*", wheel) == ["of the wheel"]
    assert found("archive:*/LICENSE", sdist) == ["of the sdist"]
    assert found("archive:LICEN*", tmp_path) == ["of the sdist"]
    assert [text.strip() for text in found("README.md#Licence")] == ["of the section"]
    assert found("archive:*/NOTICE", sdist) == []
