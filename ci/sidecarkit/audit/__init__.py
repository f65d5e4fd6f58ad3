"""Whether compiled files are what their names, targets and recipes promise; ELF and PE alike, from either system."""

from sidecarkit.audit.compiled import CompiledFacts, description, is_binary, read, soname
from sidecarkit.audit.contents import size_problems
from sidecarkit.audit.files import FileFacts, facts_of
from sidecarkit.audit.fit import check, expected_format
from sidecarkit.audit.problems import Problem, refuse
from sidecarkit.audit.program import of_program
from sidecarkit.audit.rules import CodeRule, Rules
from sidecarkit.audit.show import HEADER, rows, sizes
from sidecarkit.audit.sidecar import Audit, of_folder, of_single_file
from sidecarkit.audit.traces import Builder

__all__ = [
    "HEADER",
    "Audit",
    "Builder",
    "CodeRule",
    "CompiledFacts",
    "FileFacts",
    "Problem",
    "Rules",
    "check",
    "description",
    "expected_format",
    "facts_of",
    "is_binary",
    "of_folder",
    "of_program",
    "of_single_file",
    "read",
    "refuse",
    "rows",
    "size_problems",
    "sizes",
    "soname",
]
