"""Cuts the bindings down to what the sidecar calls: pure, source text to source text.

Of 450 functions it needs 60, and each costs time at every start and at every compile.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping, Sequence


def names_used(sources: Iterable[str]) -> frozenset[str]:
    """Every attribute that is asked of anything in Python `sources`, a superset of what is asked of the bindings."""
    nodes = (node for source in sources for node in ast.walk(ast.parse(source)))
    return frozenset(node.attr for node in nodes if isinstance(node, ast.Attribute))


def subset(source: str, wanted: Iterable[str]) -> str:
    """`source` with only those definitions that `wanted` names, or that they need in turn.

    What is no definition (imports, the code that finds the library) stays.
    """
    statements = ast.parse(source).body
    named = {index: name for index, node in enumerate(statements) if (name := _defines(node))}
    by_name: dict[str, list[int]] = {}
    for index, name in named.items():
        by_name.setdefault(name, []).append(index)
    kept = {index for index in range(len(statements)) if index not in named}
    _follow(kept, [index for name in wanted for index in by_name.get(name, ())], statements, by_name)
    lines = source.splitlines(keepends=True)
    return "".join(_text(statements[index], lines) for index in sorted(kept))


def _follow(kept: set[int], found: Sequence[int], statements: list[ast.stmt], by_name: Mapping[str, list[int]]) -> None:
    """Add `found` to `kept`, and all that anything in `kept` refers to."""
    waiting = [*kept, *found]
    kept |= set(found)
    while waiting:
        for name in _refers_to(statements[waiting.pop()]):
            fresh = [index for index in by_name.get(name, ()) if index not in kept]
            kept |= set(fresh)
            waiting += fresh


def _defines(node: ast.stmt) -> str | None:
    """The name a statement defines, or whose attribute it sets."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return node.name
    if isinstance(node, ast.Assign) and len(node.targets) == 1:
        target: ast.expr = node.targets[0]
    elif isinstance(node, ast.AnnAssign):
        target = node.target
    else:
        return None
    while isinstance(target, ast.Attribute):
        target = target.value
    return target.id if isinstance(target, ast.Name) else None


def _refers_to(node: ast.stmt) -> Iterator[str]:
    """Names in code; those in annotations are never looked up (`from __future__ import annotations`)."""
    if isinstance(node, ast.FunctionDef):
        parts: list[ast.AST] = [*node.decorator_list, *node.body]
    elif isinstance(node, ast.AnnAssign):
        parts = [node.value] if node.value else []
    else:
        parts = [node]
    for part in parts:
        yield from (each.id for each in ast.walk(part) if isinstance(each, ast.Name))


def _text(node: ast.stmt, lines: list[str]) -> str:
    decorators = getattr(node, "decorator_list", [])
    first = min([node.lineno, *(decorator.lineno for decorator in decorators)])
    return "".join(lines[first - 1 : node.end_lineno])
