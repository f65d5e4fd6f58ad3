"""The app's own program is held against its target, and must not tell who built it."""

from __future__ import annotations

from pathlib import Path

from sidecarkit import audit
from sidecarkit.audit import Builder
from sidecarkit.config import Target

from .conftest import Compile

PROGRAM = 'const char *built_in = "{folder}/main.rs";\nint main(void) {{ return built_in[0] == 0; }}\n'
ADA = Builder(folders=(Path("/build/ada"),))


def program(compile_c: Compile, zig_target: str, *flags: str, folder: str = "source") -> Path:
    path = compile_c(zig_target, "-s", *flags, source=PROGRAM.format(folder=folder))
    path.chmod(0o755)
    return path


def test_a_program_that_says_nothing_of_its_builder_passes(compile_c: Compile, linux: Target) -> None:
    assert audit.of_program(program(compile_c, linux.zig_target), linux, ADA) == []


def test_the_builders_folder_in_it_is_told(compile_c: Compile, linux: Target) -> None:
    (problem,) = audit.of_program(program(compile_c, linux.zig_target, folder="/build/ada/src"), linux, ADA)
    assert problem.found.startswith("`/build/ada` at byte ")


def test_a_search_path_of_the_build_machine_is_told(compile_c: Compile, linux: Target) -> None:
    found = audit.of_program(program(compile_c, linux.zig_target, "-Wl,-rpath,/opt/lib"), linux, ADA)
    assert [(each.what, each.found) for each in found] == [("search path for libraries", "/opt/lib")]


def test_a_program_for_another_machine_is_told(compile_c: Compile, linux: Target) -> None:
    (problem,) = audit.of_program(program(compile_c, "aarch64-linux-gnu.2.28"), linux, ADA)
    assert (problem.what, problem.found) == (f"fit for `{linux.triple}`", "ELF for aarch64")
