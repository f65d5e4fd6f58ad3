"""A sidecar's folder held against what target and recipe promise: each kind of damage, made with a real compiler."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from sidecarkit import audit, layout
from sidecarkit.audit import Audit, Builder, Rules
from sidecarkit.config import Target
from sidecarkit.errors import WrongBinary
from sidecarkit.recipes.llama import promises

Compile = Callable[..., Path]
ROOT = Path(__file__).resolve().parents[4]
OLD, NEW = "x86_64-linux-gnu.2.28", "x86_64-linux-gnu.2.35"
SHARED = ("-shared", "-s")
AVX2, AVX512 = ("-nostdlib", "-O3", "-mavx2"), ("-nostdlib", "-O3", "-mavx512f", "-mprefer-vector-width=512")
PROGRAM = "int main(void) { return 0; }\n"
LOOP = "void scale(float *x, long n) { for (long i = 0; i < n; i++) x[i] = x[i] * 3.0f + 1.0f; }\n"
# `pthread_create` moved from libpthread into libc with GLIBC 2.34.
NEEDS_A_THREAD = (
    "#include <pthread.h>\nint go(void *(*f)(void *)) { pthread_t t; return pthread_create(&t, 0, f, 0); }\n"
)
BUILDER = Builder(folders=(Path("/src/checkout"),))


@pytest.fixture
def rules(linux: Target) -> Rules:
    """The recipe's, for a sidecar with two of its libraries."""
    return replace(promises.rules(linux), present=("ggml-base", "ggml-cpu-x64"))


@pytest.fixture
def folder(compile_c: Compile, linux: Target, tmp_path: Path) -> Path:
    path = tmp_path / linux.folder_name
    put(path / linux.program_name, compile_c(OLD, "-s", source=PROGRAM), mode=0o755)
    put(path / "llama" / "libggml-base.so", compile_c(OLD, *SHARED, "-O3", source=LOOP))
    put(path / "llama" / "libggml-cpu-x64.so", compile_c(OLD, *SHARED, "-O3", source=LOOP))
    for made in (path, path / "llama"):
        made.chmod(0o755)
    return path


def put(path: Path, content: Path, mode: int = 0o644) -> None:
    path.parent.mkdir(exist_ok=True)
    shutil.copyfile(content, path)
    path.chmod(mode)


@pytest.fixture
def look(folder: Path, linux: Target, rules: Rules) -> Callable[..., Audit]:
    def look(target: Target = linux) -> Audit:
        return audit.of_folder(folder, target, rules, BUILDER)

    return look


def told(found: Audit) -> str:
    """The only problem: as stage place would end with it."""
    with pytest.raises(WrongBinary) as refusal:
        audit.refuse(found.problems)
    assert len(found.problems) == 1
    assert refusal.value.exit_code == 7
    assert refusal.value.hint
    return refusal.value.message


def test_a_sidecar_as_promised_passes(look: Callable[..., Audit]) -> None:
    assert look().problems == ()


def test_a_library_for_another_machine_is_refused(compile_c: Compile, folder: Path, look: Callable[..., Audit]) -> None:
    put(folder / "llama" / "libggml-base.so", compile_c("aarch64-linux-gnu.2.28", *SHARED, "-nostdlib"))
    text = told(look())
    assert "llama/libggml-base.so`: fit for `x86_64-unknown-linux-gnu`: expected ELF for x86_64" in text
    assert text.endswith("found ELF for aarch64")


def test_a_folder_without_one_of_its_libraries_is_refused(folder: Path, look: Callable[..., Audit]) -> None:
    (folder / "llama" / "libggml-base.so").unlink()
    assert told(look()).endswith("llama`: libraries: expected ggml-base, found all others that belong there")


def test_a_search_path_of_the_build_machine_is_refused(
    compile_c: Compile, folder: Path, look: Callable[..., Audit]
) -> None:
    put(folder / "llama" / "libggml-base.so", compile_c(OLD, *SHARED, "-Wl,-rpath,/opt/build/lib"))
    assert told(look()).endswith("search path for libraries: expected only $ORIGIN, found /opt/build/lib")


def test_native_libraries_have_a_lower_floor_than_the_engine(
    compile_c: Compile, folder: Path, look: Callable[..., Audit]
) -> None:
    put(folder / "_thread.so", compile_c(NEW, *SHARED, source=NEEDS_A_THREAD))
    assert look().problems == ()
    put(folder / "llama" / "libggml-base.so", compile_c(NEW, *SHARED, source=NEEDS_A_THREAD))
    assert "llama/libggml-base.so`: needed GLIBC: expected at most 2.28" in told(look())


def test_a_library_that_users_do_not_have_is_refused(
    compile_c: Compile, folder: Path, look: Callable[..., Audit], tmp_path: Path
) -> None:
    put(tmp_path / "libz.so.1", compile_c(OLD, *SHARED, "-nostdlib", "-Wl,-soname,libz.so.1"))
    source = "int answer(void);\nint ask(void) { return answer(); }\n"
    put(folder / "_zlib.so", compile_c(OLD, *SHARED, str(tmp_path / "libz.so.1"), source=source))
    assert "/_zlib.so`: needed library" in told(look())
    assert told(look()).endswith("found libz.so.1")


def test_a_build_path_in_a_file_is_refused(compile_c: Compile, folder: Path, look: Callable[..., Audit]) -> None:
    source = 'const char *where(void) { return "/src/checkout/ggml/src/ggml.c"; }\n'
    put(folder / "llama" / "libggml-base.so", compile_c(OLD, *SHARED, source=source))
    assert "build path: expected nothing of the build machine, found `/src/checkout` at byte" in told(look())


def test_debug_information_gives_the_workplace_away(
    compile_c: Compile, folder: Path, look: Callable[..., Audit], tmp_path: Path
) -> None:
    put(folder / "llama" / "libggml-base.so", compile_c(OLD, "-shared", "-g", source=LOOP))
    assert str(tmp_path.parent.parent) in str([problem.found for problem in look().problems])


def test_avx512_in_the_plug_in_for_every_processor_is_refused(
    compile_c: Compile, folder: Path, look: Callable[..., Audit]
) -> None:
    put(folder / "llama" / "libggml-cpu-x64.so", compile_c(OLD, *SHARED, *AVX512, source=LOOP))
    text = told(look())
    assert "libggml-cpu-x64.so`: instruction sets: expected the machine's baseline, found AVX" in text
    assert "AVX512F" in text


def test_a_plug_in_in_which_avx_was_switched_off_is_refused(
    compile_c: Compile, folder: Path, look: Callable[..., Audit]
) -> None:
    put(folder / "llama" / "libggml-cpu-haswell.so", compile_c(OLD, *SHARED, "-O3", source=LOOP))
    text = told(look())
    assert "expected AVX or SSE4_1, AVX, F16C, FMA, AVX2, BMI2, found none beyond the machine's baseline" in text


def test_a_program_for_newer_processors_is_refused_and_pinned_parts_are_held_to_the_same(
    compile_c: Compile, folder: Path, look: Callable[..., Audit]
) -> None:
    for name, mode in {"_fast.so": 0o644, "localai-sidecar": 0o755}.items():
        put(folder / name, compile_c(OLD, *SHARED, *AVX2, source=LOOP), mode=mode)
    assert [problem.what for problem in look().problems] == ["instruction sets"] * 2


@pytest.mark.parametrize(
    ("layer", "line"),
    [
        ("native", "`native`: size: expected at most 1.0 kB, found "),
        ("engine", "`engine`: size: expected at most 1.0 kB, found "),
        ("pack", "`pack`: size: expected at most 1.0 kB, found "),
    ],
)
def test_a_layer_over_its_budget_is_refused(linux: Target, look: Callable[..., Audit], layer: str, line: str) -> None:
    small = replace(linux, budget=replace(linux.budget, **{layer: 1000}))
    assert told(look(small)).startswith(line)


def test_a_package_over_its_budget_is_refused(linux: Target) -> None:
    (problem,) = audit.size_problems({"bundle": linux.budget.bundle + 1_000_000}, linux.budget)
    assert str(problem) == "`bundle`: size: expected at most 24.0 MB, found 25.0 MB"
    assert list(audit.size_problems({"bundle": linux.budget.bundle}, linux.budget)) == []


def test_what_everybody_may_change_is_refused(folder: Path, look: Callable[..., Audit]) -> None:
    (folder / "llama" / "libggml-base.so").chmod(0o666)
    assert told(look()).endswith("mode: expected 644, found 666, writable by everybody")
    (folder / "llama" / "libggml-base.so").chmod(0o644)
    (folder / "llama").chmod(0o777)
    assert told(look()).endswith("llama`: mode: expected 755, found 777, writable by everybody")


def test_a_link_that_leads_out_of_the_folder_is_refused(folder: Path, look: Callable[..., Audit]) -> None:
    (folder / "python").symlink_to("/usr/bin/python3")
    links = [problem for problem in look().problems if problem.what == "link"]
    assert [problem.file.rpartition("/")[2] for problem in links] == ["python"]
    assert links[0].found == "/usr/bin/python3"


def test_everything_that_is_wrong_is_told_at_once_and_each_hint_once(
    compile_c: Compile, folder: Path, look: Callable[..., Audit]
) -> None:
    for name in ("libggml-base.so", "libggml-cpu-x64.so"):
        put(folder / "llama" / name, compile_c(OLD, *SHARED, "-Wl,-rpath,/opt/build/lib"), mode=0o600)
    with pytest.raises(WrongBinary) as refusal:
        audit.refuse(look().problems, where="bin")
    assert refusal.value.message.startswith("4 problems in `bin`\n")
    assert len(refusal.value.message.splitlines()) == 5
    assert len(refusal.value.hint.splitlines()) == 3


def test_the_command_shows_every_file_and_ends_with_the_code_of_a_wrong_binary(
    compile_c: Compile, folder: Path, linux: Target, tmp_path: Path
) -> None:
    project = tmp_path / "project"
    (project / "ci").mkdir(parents=True)
    for name in ("targets.toml", "toolchain.toml"):
        shutil.copy(ROOT / "ci" / name, project / "ci")
    shutil.copytree(folder, project / linux.project.placed / linux.folder_name)
    put(project / linux.project.placed / linux.single_file_name, compile_c(OLD, "-s", source=PROGRAM), mode=0o755)
    ended = subprocess.run(
        [sys.executable, "-m", "sidecarkit", "--root", project, "audit", "--target", linux.name],
        env={**os.environ, "PYTHONPATH": str(ROOT / "ci")}, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert ended.returncode == 7, ended.stdout + ended.stderr
    assert "| llama/libggml-cpu-x64.so" in ended.stdout
    assert f"/{layout.BUILD_FACTS}`: target that the folder says it is: expected `{linux.name}`" in ended.stdout
    assert "libraries: expected ggml, llama, ggml-cpu-sse42" in ended.stdout
    assert "\nhint: build it again: `python3 noxfile.py -s 'place(" in ended.stdout


SECTION = ROOT / "tests" / "unit" / "ci" / "device_code" / "scale.nv_fatbin"
KERNELS = f'__asm__(".section .nv_fatbin,\\"aR\\"\\n.incbin \\"{SECTION}\\"\\n.text\\n");\n'
COMPILED_FOR = ("75-real", "90-real", "90-virtual", "120a-real", "120f-virtual")


@pytest.fixture
def cuda(folder: Path, linux: Target, compile_c: Compile) -> Callable[..., Audit]:
    """Looks at the folder with a plug-in that has real code for cards, and needs a newer GLIBC than the rest."""
    put(folder / "llama" / "libggml-cuda.so", compile_c(NEW, *SHARED, "-O3", source=KERNELS + NEEDS_A_THREAD))

    def look(*architectures: str, floor: str = "2.35") -> Audit:
        target = replace(linux, variant="cuda", architectures=architectures, plug_in_glibc_floor=floor)
        rules = replace(promises.rules(target), present=())
        return audit.of_folder(folder, target, rules, BUILDER)

    return look


def test_a_plug_in_for_the_promised_cards_may_need_the_glibc_promised_of_it(cuda: Callable[..., Audit]) -> None:
    found = cuda(*COMPILED_FOR)
    assert found.problems == ()
    (plug_in,) = [file for file in found.files if file.path.endswith("libggml-cuda.so")]
    assert plug_in.architectures == COMPILED_FOR
    assert plug_in.as_dict()["architectures"] == list(COMPILED_FOR)


def test_a_plug_in_for_other_cards_than_promised_is_refused(cuda: Callable[..., Audit]) -> None:
    message = told(cuda("75-real", "86-real", "90-real", "90-virtual", "120f-virtual"))
    assert "llama/libggml-cuda.so`: GPU architectures: expected 75-real, 86-real, 90-real" in message
    assert message.endswith("found no 86-real and 120a-real besides")


def test_a_plug_in_that_needs_a_newer_glibc_than_promised_is_refused(cuda: Callable[..., Audit]) -> None:
    assert "libggml-cuda.so`: needed GLIBC: expected at most 2.28" in told(cuda(*COMPILED_FOR, floor="2.28"))
