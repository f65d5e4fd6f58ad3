"""Needed libraries: the system's, the sidecar's own where the loader looks for them, and nothing else."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest

from sidecarkit.audit import CompiledFacts, Rules, libraries
from sidecarkit.recipes.llama import promises

PROGRAM = PurePosixPath("sidecar")


def elf(*needed: str, search_path: tuple[str, ...] = ("$ORIGIN",)) -> CompiledFacts:
    return CompiledFacts(format="ELF", machine="x86_64", needed=needed, search_path=search_path)


def pe(*needed: str) -> CompiledFacts:
    return CompiledFacts(format="PE", machine="x86_64", needed=needed)


def absent(files: dict[str, CompiledFacts], rules: Rules | None = None, program: str = "sidecar") -> list[str]:
    by_path = {PurePosixPath(name): facts for name, facts in files.items()}
    found = libraries.problems(by_path, PurePosixPath(program), rules or Rules())
    return [f"{problem.file} needs {problem.found}" for problem in found]


def test_the_c_library_and_the_loader_are_every_systems() -> None:
    assert absent({"sidecar": elf("libc.so.6", "libm.so.6", "ld-linux-aarch64.so.1")}) == []


@pytest.mark.parametrize("name", ["libstdc++.so.6", "libgcc_s.so.1", "libz.so.1", "libc.musl-x86_64.so.1"])
def test_a_library_that_only_some_systems_have_is_refused(name: str) -> None:
    assert absent({"sidecar": elf("libc.so.6", name)}) == [f"sidecar needs {name}"]


def test_a_library_is_found_where_the_search_path_leads_and_nowhere_else() -> None:
    files = {"sidecar": elf(), "llama/liba.so": elf("libb.so"), "llama/libb.so": elf("libpython.so")}
    assert absent(files | {"libpython.so": elf()}) == ["llama/libb.so needs libpython.so"]
    upwards = elf("libpython.so", search_path=("$ORIGIN", "$ORIGIN/.."))
    assert absent(files | {"libpython.so": elf(), "llama/libb.so": upwards}) == []
    outside = elf("libpython.so", search_path=("$ORIGIN/../..",))
    assert absent(files | {"llama/libb.so": outside}) == ["llama/libb.so needs libpython.so"]


def test_a_library_that_many_need_is_told_once() -> None:
    users = {name: elf("libb.so") for name in ("liba.so", "libc.so", "libd.so")}
    assert absent({"sidecar": elf(), **users}) == ["liba.so needs libb.so, which 2 more need"]


def test_what_the_program_has_loaded_is_there_for_its_modules() -> None:
    files = {"sidecar": elf("libpython.so"), "libpython.so": elf(), "modules/_json.so": elf("libpython.so")}
    assert absent(files) == []
    assert absent(files | {"sidecar": elf()}) == ["modules/_json.so needs libpython.so"]


def test_on_windows_cases_do_not_differ_and_two_folders_are_looked_in() -> None:
    needs = pe("KERNEL32.dll", "api-ms-win-crt-heap-l1-1-0.dll", "GGML-Base.dll", "Python313.dll")
    files = {"sidecar.exe": pe("python313.DLL"), "python313.dll": pe(), "llama/llama.dll": needs}
    assert absent(files, program="sidecar.exe") == ["llama/llama.dll needs GGML-Base.dll"]
    assert absent(files | {"llama/ggml-base.dll": pe()}, program="sidecar.exe") == []


@pytest.mark.parametrize("name", ["VCRUNTIME140.dll", "libstdc++-6.dll", "msvcrt.dll"])
def test_a_compilers_run_time_library_is_not_part_of_windows(name: str) -> None:
    assert absent({"sidecar.exe": pe(name)}, program="sidecar.exe") == [f"sidecar.exe needs {name}"]


def test_a_drivers_library_comes_from_the_user_only_where_the_recipe_says_so() -> None:
    files = {"sidecar": elf(), "libggml-vulkan.so": elf("libvulkan.so.1")}
    assert absent(files) == ["libggml-vulkan.so needs libvulkan.so.1"]
    assert absent(files, Rules(from_user=frozenset({"libvulkan.so.1"}))) == []


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("libcudart.so.12", "12"),
        ("libcublasLt.so.12.4.5", "12"),
        ("cudart64_12.dll", "12"),
        ("libcudart.so.13", None),
        ("cublasLt64_13.dll", None),
        ("libcuda.so.1", None),
    ],
)
def test_libraries_of_another_cuda_release_are_refused_needed_or_shipped(name: str, found: str | None) -> None:
    rules = Rules(majors={promises.CUDA_LIBRARY: "13"}, from_user=frozenset({name}))
    for files in ({PROGRAM: elf(name)}, {PROGRAM: elf(), PurePosixPath(name): elf()}):
        told = [problem.found for problem in libraries.problems(files, PROGRAM, rules)]
        assert told == ([found] if found else [])
