"""Instruction sets as a real disassembler finds them in what a real compiler made of one loop."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from sidecarkit.audit import CodeRule, instructions, machine_code
from sidecarkit.audit.problems import Problem

LINUX, WINDOWS = "x86_64-linux-gnu.2.28", "x86_64-windows-gnu"
LIBRARY = ("-shared", "-nostdlib", "-O3")
# A loop over floats, which becomes what the flags allow, and the entry point of a Windows library.
LOOP = """
void scale(float *x, long n) { for (long i = 0; i < n; i++) x[i] = x[i] * 3.0f + 1.0f; }
int DllMainCRTStartup(void *m, int r, void *p) { return 1; }
"""
AVX2 = CodeRule(allowed=frozenset({"AVX", "AVX2", "FMA"}), shown_by=(frozenset({"AVX"}), frozenset({"FMA"})))

Compile = Callable[..., Path]


def judged(path: Path, rule: CodeRule | None) -> list[Problem]:
    return list(machine_code.problems("file", path, instructions.used_by(path), rule))


@pytest.mark.parametrize("zig_target", [LINUX, WINDOWS])
def test_plain_code_stays_in_the_baseline(compile_c: Compile, zig_target: str) -> None:
    path = compile_c(zig_target, *LIBRARY, source=LOOP)
    assert instructions.used_by(path) == instructions.InstructionSets(features=frozenset(), readable=True)
    assert judged(path, None) == []


@pytest.mark.parametrize("zig_target", [LINUX, WINDOWS])
def test_what_a_flag_allows_is_found_in_the_code(compile_c: Compile, zig_target: str) -> None:
    path = compile_c(zig_target, *LIBRARY, "-mavx2", "-mfma", source=LOOP)
    assert {"AVX", "FMA"} <= instructions.used_by(path).features <= AVX2.allowed
    assert judged(path, AVX2) == []


def test_avx512_in_a_file_for_every_processor_is_refused_with_its_first_use(compile_c: Compile) -> None:
    path = compile_c(LINUX, *LIBRARY, "-mavx512f", "-mprefer-vector-width=512", source=LOOP)
    (problem,) = judged(path, None)
    assert problem.expected == "the machine's baseline"
    assert "AVX512F" in problem.found
    assert "zmm" in instructions.first_use(path, frozenset({"AVX512F"}))
    assert " at 0x" in problem.found
    assert problem.found.endswith(" in .text")


def test_a_file_compiled_with_less_than_its_name_says_is_refused(compile_c: Compile) -> None:
    (problem,) = judged(compile_c(LINUX, *LIBRARY, source=LOOP), AVX2)
    assert (problem.expected, problem.found) == ("AVX, FMA", "none beyond the machine's baseline")
    assert "SOURCE_DATE_EPOCH" in problem.hint


def test_one_of_several_alternatives_is_enough(compile_c: Compile) -> None:
    rule = CodeRule(allowed=AVX2.allowed, shown_by=(frozenset({"SSE4_1", "AVX"}),))
    assert judged(compile_c(LINUX, *LIBRARY, "-mavx", source=LOOP), rule) == []


@pytest.mark.parametrize("instruction", ["rep bsf %rax, %rax", "endbr64", "xgetbv", "pause", "rdtsc"])
def test_what_older_processors_run_or_are_asked_by_is_baseline(compile_c: Compile, instruction: str) -> None:
    source = f'__asm__(".text\\n{instruction}\\n");\n{LOOP}'
    assert judged(compile_c(LINUX, *LIBRARY, source=source), None) == []


def test_lzcnt_is_not_taken_for_the_bsr_that_older_processors_make_of_it(compile_c: Compile) -> None:
    (problem,) = judged(compile_c(LINUX, *LIBRARY, source='__asm__(".text\\nlzcnt %rax, %rax\\n");\n' + LOOP), None)
    assert problem.found.startswith("LZCNT too, first in `lzcnt rax,rax`")


def test_data_among_code_is_refused_in_a_file_of_ours_and_not_judged_in_others(compile_c: Compile) -> None:
    # 0x06 is no instruction in 64-bit code; what follows it would be one of AVX-512.
    source = '__asm__(".text\\n.byte 6\\nvaddps %zmm0, %zmm0, %zmm0\\n");\n' + LOOP
    path = compile_c(LINUX, *LIBRARY, source=source)
    (problem,) = judged(path, CodeRule())
    assert (problem.expected, problem.found) == ("instructions only", "bytes that are none among them")
    assert judged(path, None) == []


def test_code_in_a_section_of_its_own_is_read_too(compile_c: Compile) -> None:
    source = '__attribute__((section(".faster"))) void faster(void) { __asm__("vaddps %ymm0, %ymm0, %ymm0"); }\n' + LOOP
    (problem,) = judged(compile_c(LINUX, *LIBRARY, source=source), None)
    assert problem.found.endswith("in .faster")
