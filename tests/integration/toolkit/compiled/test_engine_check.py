"""The compiled engine stands alone: every library it needs is its own, the interpreter's, or the C library's."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from sidecarkit import audit
from sidecarkit.errors import WrongBinary
from sidecarkit.stages import engine
from sidecarkit.tools import nuitka

Compile = Callable[..., Path]
TRIPLE = "x86_64-unknown-linux-gnu"
ZIG_TARGET = "x86_64-linux-gnu.2.28"


@pytest.fixture
def interpreter(tmp_path: Path) -> Path:
    (tmp_path / "cpython" / "lib").mkdir(parents=True)
    return tmp_path / "cpython"


@pytest.fixture
def compiled(compile_c: Compile, interpreter: Path, tmp_path: Path) -> Path:
    """A program that needs libextra.so, which the interpreter brought."""
    folder = tmp_path / "engine"
    folder.mkdir()
    library = compile_c(ZIG_TARGET, "-shared", "-nostdlib", "-Wl,-soname,libextra.so")
    shutil.copy(library, folder / "libextra.so")
    shutil.copy(library, interpreter / "lib" / "libextra.so")
    source = "int answer(void);\nint main(void) { return answer(); }\n"
    shutil.copy(compile_c(ZIG_TARGET, str(folder / "libextra.so"), source=source), folder / "localai-sidecar")
    return folder


def check(folder: Path, interpreter: Path) -> None:
    engine.check(folder, interpreter, triple=TRIPLE, glibc_floor="2.35")


def test_an_engine_that_stands_alone_passes(compiled: Path, interpreter: Path) -> None:
    check(compiled, interpreter)


def test_a_library_that_is_nowhere_is_refused(compiled: Path, interpreter: Path) -> None:
    (compiled / "libextra.so").unlink()
    with pytest.raises(WrongBinary, match=r"`localai-sidecar` of the engine needs libextra\.so, which is not in"):
        check(compiled, interpreter)


def test_a_library_copied_from_this_machine_is_refused(compiled: Path, interpreter: Path) -> None:
    (interpreter / "lib" / "libextra.so").unlink()
    with pytest.raises(WrongBinary, match=r"`libextra\.so` was copied from this machine into the engine"):
        check(compiled, interpreter)


def test_an_extension_for_another_machine_is_refused(compile_c: Compile, compiled: Path, interpreter: Path) -> None:
    shutil.copy(compile_c("aarch64-linux-gnu.2.28", "-shared", "-nostdlib"), compiled / "_json.so")
    with pytest.raises(WrongBinary, match=r"`_json\.so`: fit for"):
        check(compiled, interpreter)


def test_nuitka_sees_no_compiler_but_zig_and_nothing_of_this_environment(tmp_path: Path) -> None:
    compiler = nuitka.Compiler(home=tmp_path / "cpython", program=tmp_path / "cpython" / "bin" / "python3.13")
    environment = nuitka.environment(compiler, tmp_path / "source", tmp_path / "work", zig_target=ZIG_TARGET)
    programs = [Path(folder) for folder in environment["PATH"].split(os.pathsep)]
    assert [sorted(path.name for path in folder.iterdir()) for folder in programs] == [
        ["ldd", "patchelf", "readelf", "zig"]
    ]
    assert not {"CC", "CFLAGS", "SOURCE_DATE_EPOCH", "LD_LIBRARY_PATH", "LANG"} & environment.keys()
    assert environment["PYTHONHASHSEED"] == "0"
    assert environment["CCFLAGS"] == f"-target {ZIG_TARGET}"


def test_the_program_does_not_remember_where_the_interpreter_lay(tmp_path: Path) -> None:
    compiler = nuitka.Compiler(home=tmp_path / "cpython", program=tmp_path / "cpython" / "bin" / "python3.13")
    nuitka.environment(compiler, tmp_path / "source", tmp_path / "work", zig_target=ZIG_TARGET)
    (tmp_path / "main.c").write_text("int main(void) { return 0; }\n")
    words = ["cc", "-target", ZIG_TARGET, "-Wl,-rpath=/where/it/lay/lib", "-Wl,-rpath,$ORIGIN", "main.c", "-o", "a b"]
    subprocess.run([tmp_path / "work" / "programs" / "zig", *words], cwd=tmp_path, check=True, timeout=100)
    assert audit.read(tmp_path / "a b").search_path == ("$ORIGIN",)
    assert b"/where/it/lay" not in (tmp_path / "a b").read_bytes()
