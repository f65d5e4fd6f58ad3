"""What a compiled file is, read from real files of several systems and machines."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from sidecarkit import audit
from sidecarkit.errors import WrongBinary

LINUX = "x86_64-unknown-linux-gnu"
LIBRARY = ("-shared", "-nostdlib")
# `pthread_create` moved from libpthread into libc with GLIBC 2.34.
NEEDS_A_THREAD = (
    "#include <pthread.h>\nint go(void *(*f)(void *)) { pthread_t t; return pthread_create(&t, 0, f, 0); }\n"
)

Compile = Callable[..., Path]


@pytest.mark.parametrize(
    ("zig_target", "file_format", "machine"),
    [
        ("x86_64-linux-gnu.2.28", "ELF", "x86_64"),
        ("aarch64-linux-gnu.2.28", "ELF", "aarch64"),
        ("x86_64-windows-gnu", "PE", "x86_64"),
    ],
)
def test_format_and_machine_are_read(compile_c: Compile, zig_target: str, file_format: str, machine: str) -> None:
    facts = audit.read(compile_c(zig_target, *LIBRARY))
    assert (facts.format, facts.machine) == (file_format, machine)


def test_the_newest_glibc_that_is_needed_is_read(compile_c: Compile) -> None:
    old = audit.read(compile_c("x86_64-linux-gnu.2.28", "-shared", source=NEEDS_A_THREAD))
    new = audit.read(compile_c("x86_64-linux-gnu.2.35", "-shared", source=NEEDS_A_THREAD))
    assert old.glibc == "2.2.5"
    assert new.glibc == "2.34"
    assert "libc.so.6" in new.needed


def test_a_file_that_needs_a_newer_glibc_than_promised_is_refused(compile_c: Compile) -> None:
    path = compile_c("x86_64-linux-gnu.2.35", "-shared", source=NEEDS_A_THREAD)
    with pytest.raises(WrongBinary, match=r"needed GLIBC: expected at most 2\.28, .*, found 2\.34"):
        audit.check(path, triple=LINUX, glibc_floor="2.28")
    assert audit.check(path, triple=LINUX, glibc_floor="2.34").glibc == "2.34"


def test_versions_are_compared_as_numbers(compile_c: Compile) -> None:
    path = compile_c("x86_64-linux-gnu.2.35", "-shared", source=NEEDS_A_THREAD)
    with pytest.raises(WrongBinary):
        audit.check(path, triple=LINUX, glibc_floor="2.4")


def test_a_file_for_another_machine_is_refused(compile_c: Compile) -> None:
    path = compile_c("aarch64-linux-gnu.2.28", *LIBRARY)
    with pytest.raises(WrongBinary, match="expected ELF for x86_64, found ELF for aarch64"):
        audit.check(path, triple=LINUX)


def test_a_file_for_another_system_is_refused(compile_c: Compile) -> None:
    path = compile_c("x86_64-windows-gnu", *LIBRARY)
    with pytest.raises(WrongBinary, match="expected ELF for x86_64, found PE for x86_64"):
        audit.check(path, triple=LINUX)
    assert audit.check(path, triple="x86_64-pc-windows-msvc").format == "PE"


@pytest.mark.parametrize("foreign", ["/opt/build/lib", "lib", "$ORIGINAL/lib"])
def test_a_search_path_of_the_build_machine_is_refused(compile_c: Compile, foreign: str) -> None:
    flags = ("-shared", "-nostdlib", f"-Wl,-rpath,$ORIGIN:{foreign}:$ORIGIN/../lib")
    with pytest.raises(WrongBinary) as refusal:
        audit.check(compile_c("x86_64-linux-gnu.2.28", *flags), triple=LINUX)
    assert refusal.value.message.endswith(f"search path for libraries: expected only $ORIGIN, found {foreign}")


def test_all_that_is_wrong_with_a_file_is_told_at_once(compile_c: Compile) -> None:
    path = compile_c("x86_64-linux-gnu.2.35", "-shared", "-Wl,-rpath,/opt", source=NEEDS_A_THREAD)
    with pytest.raises(WrongBinary) as refusal:
        audit.check(path, triple=LINUX, glibc_floor="2.28")
    assert len(refusal.value.message.splitlines()) == len(refusal.value.hint.splitlines()) == 2
    assert refusal.value.exit_code == 7


def test_the_name_others_ask_for_is_read(compile_c: Compile) -> None:
    named = compile_c("x86_64-linux-gnu.2.28", *LIBRARY, "-Wl,-soname,libanswer.so.1")
    assert audit.soname(named) == "libanswer.so.1"
    assert audit.soname(compile_c("x86_64-linux-gnu.2.28", *LIBRARY)) is None


@pytest.mark.parametrize(
    ("content", "described"),
    [
        (b"#!/bin/sh\nexit 0\n", r"a script \(#!/bin/sh\)"),
        (b"", "an empty file"),
        (b"GGUF\x03\0\0\0", "a file that begins with the bytes 47 47 55 46"),
    ],
)
def test_what_is_no_compiled_file_is_described(tmp_path: Path, content: bytes, described: str) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(WrongBinary, match=f"no compiled program or library: found {described}"):
        audit.read(path)
    assert not audit.is_binary(path)


def test_what_is_not_there_is_described(tmp_path: Path) -> None:
    with pytest.raises(WrongBinary, match="found nothing there"):
        audit.read(tmp_path / "absent")
    with pytest.raises(WrongBinary, match="found a folder"):
        audit.read(tmp_path)
