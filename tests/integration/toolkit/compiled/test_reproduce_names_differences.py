"""Two builds that differ are told apart by file, section, archive member and bytes; the same ones are the same."""

from __future__ import annotations

import os
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from sidecarkit.errors import NotReproducible
from sidecarkit.report import Report
from sidecarkit.reproduce import compare, session
from sidecarkit.reproduce.rebuild import Built
from tests.unit.ci.test_deb_is_settled import CONTROL

from .conftest import Compile

LINUX, WINDOWS = "x86_64-linux-gnu.2.28", "x86_64-windows-gnu"
LIBRARY = 'const char *built_in(void) {{ return "{folder}/llama.cpp"; }}\nint DllMainCRTStartup(void) {{ return 1; }}\n'


def library(compile_c: Compile, zig_target: str, folder: str) -> Path:
    return compile_c(zig_target, "-shared", "-nostdlib", source=LIBRARY.format(folder=folder))


@pytest.mark.parametrize(("zig_target", "section"), [(LINUX, ".rodata"), (WINDOWS, ".rdata")])
def test_a_path_compiled_into_a_library_is_named_by_section_address_and_text(
    compile_c: Compile, zig_target: str, section: str
) -> None:
    left, right = library(compile_c, zig_target, "/home/ada"), library(compile_c, zig_target, "/home/eve")
    (found,) = [each for each in compare.files(left, right, "lib/libllama.so") if section in each.where]
    assert found.path == "lib/libllama.so"
    assert found.where.startswith(f"section {section} at 0x")
    assert " bytes differ" in found.where
    assert "/home/ada/llama.cpp" in found.left
    assert "| 61 64 61 2f 6c 6c 61 6d 61" in found.left
    assert "| 65 76 65 2f 6c 6c 61 6d 61" in found.right


def test_the_same_compile_twice_has_no_differences(compile_c: Compile, tmp_path: Path) -> None:
    left = library(compile_c, LINUX, "/home/ada")
    (tmp_path / "copy").write_bytes(left.read_bytes())
    assert compare.files(left, tmp_path / "copy") == []


def a_deb(folder: Path, files: dict[str, bytes], *, times: int = 1_700_000_000) -> Path:
    for name, content in files.items():
        path = folder / "tree" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        path.chmod(0o644)
    (folder / "tree" / "DEBIAN").mkdir(mode=0o755)
    (folder / "tree" / "DEBIAN" / "control").write_text(CONTROL, encoding="utf-8")
    for path in (folder / "tree").rglob("*"):
        os.utime(path, (times, times))
    environment = os.environ | {"SOURCE_DATE_EPOCH": str(times)}
    words = ["dpkg-deb", "--root-owner-group", "-Zgzip", "--build", str(folder / "tree"), str(folder / "app.deb")]
    subprocess.run(words, check=True, capture_output=True, env=environment)
    return folder / "app.deb"


def test_a_changed_library_in_a_deb_is_named_through_both_archives_by_its_section(
    compile_c: Compile, tmp_path: Path
) -> None:
    name = "usr/lib/localaiapp/engine/libllama.so"
    left, right = (
        a_deb(tmp_path / folder, {name: library(compile_c, LINUX, f"/home/{folder}").read_bytes(), "usr/bin/app": b"a"})
        for folder in ("ada", "eve")
    )
    (found,) = [each for each in compare.files(left, right) if "libllama" in each.path and "rodata" in each.where]
    assert found.path == f"app.deb » data.tar.gz » ./{name}"
    assert found.where.startswith("section .rodata at 0x")
    assert "/home/eve" in found.right


def test_a_deb_with_other_times_is_told_by_its_members_headers(tmp_path: Path) -> None:
    files = {"usr/bin/app": b"a"}
    left, right = a_deb(tmp_path / "a", files), a_deb(tmp_path / "b", files, times=1_700_000_060)
    found = {(each.path, each.where): (each.left, each.right) for each in compare.files(left, right)}
    assert found["app.deb » debian-binary", "its mtime in the archive"] == ("1700000000", "1700000060")
    assert found["app.deb » data.tar.gz » ./usr/bin/app", "its mtime in the archive"] == ("1700000000", "1700000060")


def test_members_in_another_order_are_told(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / name).write_text(name, encoding="utf-8")
    archives = []
    for order in ("ab", "ba"):
        archives.append(tmp_path / f"{order}.tar")
        with tarfile.open(archives[-1], "w") as archive:
            for name in order:
                archive.add(tmp_path / name, name)
    (found,) = compare.files(archives[0], archives[1], "app.tar")
    assert (found.path, found.where) == ("app.tar", "the order of its members, from number 1")
    assert (found.left, found.right) == ("a", "b")


def test_a_member_that_only_one_archive_has_hides_no_difference_of_the_others(tmp_path: Path) -> None:
    left, right = a_deb(tmp_path / "a", {"app": b"one"}), a_deb(tmp_path / "b", {"app": b"two", "extra": b""})
    found = {(each.path, each.where): (each.left, each.right) for each in compare.files(left, right)}
    assert found["app.deb » data.tar.gz", "its members"] == ("lacks ./extra", "has them all")
    assert any(path == "app.deb » data.tar.gz » ./app" and "3 of 3 bytes differ" in where for path, where in found)


def test_archives_that_only_are_packed_otherwise_are_told(tmp_path: Path) -> None:
    (tmp_path / "content").write_bytes(bytes(100_000))
    archives = []
    for level in (1, 9):
        archives.append(tmp_path / f"{level}.tar.gz")
        with tarfile.open(archives[-1], "w:gz", compresslevel=level) as archive:
            archive.add(tmp_path / "content", "content")
    (found,) = compare.files(archives[0], archives[1], "app.tar.gz")
    assert found.where.startswith("the same members, packed otherwise: byte ")


@pytest.mark.parametrize("packing", ["gz", "xz", "bz2", ""])
def test_a_damaged_archive_is_told_and_not_stumbled_over(tmp_path: Path, packing: str) -> None:
    (tmp_path / "content").write_bytes(os.urandom(20_000))
    whole, damaged = tmp_path / f"whole.tar.{packing}", tmp_path / f"damaged.tar.{packing}"
    with tarfile.open(whole, f"w:{packing}") as archive:  # type: ignore[call-overload]
        archive.add(tmp_path / "content", "content")
    content = bytearray(whole.read_bytes())
    content[10_000] ^= 0xFF
    damaged.write_bytes(content)
    found = compare.files(whole, damaged, "app.tar")
    assert [each for each in found if "bytes differ" in each.where and each.left != each.right]


Change = Callable[[Path], object]
CHANGES: dict[str, tuple[Change, str, str]] = {
    "a file more": (lambda folder: (folder / "new").touch(), "new", "only one build has it"),
    "a file less": (lambda folder: (folder / "lib" / "a").unlink(), "lib/a", "only one build has it"),
    "another mode": (lambda folder: (folder / "lib" / "a").chmod(0o755), "lib/a", "its mode"),
    "longer": (lambda folder: (folder / "lib" / "a").write_bytes(b"abcd"), "lib/a", "byte 3, 3 and 4 bytes long"),
    "another byte": (lambda folder: (folder / "lib" / "a").write_bytes(b"abd"), "lib/a", "byte 2, 1 of 3 bytes differ"),
    "another link": (lambda folder: relink(folder / "link", "lib"), "link", "the link's target"),
    "a copy for a link": (lambda folder: copied(folder / "link"), "link", "the link's target"),
}


def relink(link: Path, target: str) -> None:
    link.unlink()
    link.symlink_to(target)


def copied(link: Path) -> None:
    link.unlink()
    link.write_bytes(b"abc")


def a_tree(folder: Path) -> Path:
    (folder / "lib").mkdir(parents=True)
    (folder / "lib" / "a").write_bytes(b"abc")
    (folder / "lib" / "a").chmod(0o644)
    (folder / "link").symlink_to("lib/a")
    return folder


def test_folders_with_the_same_files_are_the_same(tmp_path: Path) -> None:
    left, right = a_tree(tmp_path / "left"), a_tree(tmp_path / "right")
    os.utime(right / "lib" / "a", (1, 1))
    assert compare.trees(left, right) == []


@pytest.mark.parametrize("change", CHANGES)
def test_every_change_in_a_folder_is_told(tmp_path: Path, change: str) -> None:
    left, right = a_tree(tmp_path / "left"), a_tree(tmp_path / "right")
    apply, path, where = CHANGES[change]
    apply(right)
    (found,) = compare.trees(left, right)
    assert (found.path, found.where) == (path, where)
    assert found.left != found.right


def test_two_builds_that_differ_end_with_exit_code_5_naming_file_and_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))  # no diffoscope
    left, right = a_tree(tmp_path / "left"), a_tree(tmp_path / "right")
    (right / "lib" / "a").write_bytes(b"abd")
    pairs = session.pairs_of(Built(engine=left, folder=left), Built(engine=right, folder=left))
    found = {pair.name: pair.differences() for pair in pairs}
    with pytest.raises(NotReproducible) as failure:
        session.judge(pairs, found, tmp_path, Report())
    assert failure.value.exit_code == 5
    assert "engine: two builds of the same commit differ, first in lib/a: byte 2" in failure.value.message
    assert "lib/a: byte 2, 1 of 3 bytes differ\n   first:  61 62 | 63  `abc`\n" in capsys.readouterr().out


def test_diffoscope_is_asked_where_there_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "diffoscope").write_text('#!/bin/sh\necho "$3 and $4 differ" > "$2"\nexit 1\n', encoding="utf-8")
    (programs / "diffoscope").chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    left, right = a_tree(tmp_path / "left"), a_tree(tmp_path / "right")
    (right / "lib" / "a").write_bytes(b"abd")
    pairs = session.pairs_of(Built(folder=left), Built(folder=right))
    with pytest.raises(NotReproducible) as failure:
        session.judge(pairs, {"folder": pairs[0].differences()}, tmp_path, Report())
    assert failure.value.log == tmp_path / "diffoscope.txt"
    assert failure.value.log.read_text(encoding="utf-8") == f"{left} and {right} differ\n"
