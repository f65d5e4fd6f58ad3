"""Which instruction sets x86-64 code uses: every instruction of every executable section, by the disassembler iced-x86.

All of it is read, front to back: the decoder does about 6 million instructions a second, because only the set of
different opcodes leaves it. 40 MB of sidecar take a second, so nothing has to be sampled or remembered.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import iced_x86

from sidecarkit.audit import compiled

# Every x86-64 processor has these: the psABI's baseline (x86-64-v1) and what came before it.
_BASELINE = frozenset({
    "INTEL8086", "INTEL186", "INTEL286", "INTEL386", "INTEL486", "X64", "FPU", "FPU287", "FPU387",
    "CMOV", "CX8", "CPUID", "TSC", "MMX", "FXSR", "SSE", "SSE2", "CLFSH", "SYSCALL", "PAUSE", "MULTIBYTENOP",
})  # fmt: skip
# Older processors run tzcnt as bsf, which compilers use where both give the same, and the marks for
# control-flow protection as nop. xgetbv is how a program asks what it may use, behind cpuid.
_HARMLESS = frozenset({
    iced_x86.Code.TZCNT_R16_RM16, iced_x86.Code.TZCNT_R32_RM32, iced_x86.Code.TZCNT_R64_RM64,
    iced_x86.Code.ENDBR64, iced_x86.Code.RDSSPD_R32, iced_x86.Code.RDSSPQ_R64, iced_x86.Code.XGETBV,
})  # fmt: skip
_NAMES = {value: name for name, value in vars(iced_x86.CpuidFeature).items() if isinstance(value, int)}


@dataclass(frozen=True, kw_only=True)
class InstructionSets:
    """`features`: CPUID names beyond the baseline, as iced-x86 spells them.

    `readable`: whether every byte was an instruction; else data lies among the code, and may look like some.
    """

    features: frozenset[str]
    readable: bool


def used_by(path: Path) -> InstructionSets:
    """The instruction sets of an x86-64 file. Raises WrongBinary when it is no compiled file."""
    opcodes: set[iced_x86.Code_] = set()
    for code in compiled.code(path):
        opcodes |= {instruction.code for instruction in iced_x86.Decoder(64, code.content)}
    return InstructionSets(
        features=frozenset().union(*map(_features, opcodes)), readable=iced_x86.Code.INVALID not in opcodes
    )


def first_use(path: Path, features: frozenset[str]) -> str:
    """Where the first instruction stands that needs one of `features`, and what it is."""
    for code in compiled.code(path):
        for instruction in iced_x86.Decoder(64, code.content, ip=code.address):
            if _features(instruction.code) & features:
                return f"`{instruction}` at {instruction.ip:#x} in {code.section}"
    return "nowhere"


@cache
def _features(opcode: iced_x86.Code_) -> frozenset[str]:
    if opcode in _HARMLESS or opcode == iced_x86.Code.INVALID:
        return frozenset()
    instruction = iced_x86.Instruction()
    instruction.code = opcode
    return frozenset(_NAMES[feature] for feature in instruction.cpuid_features()) - _BASELINE
