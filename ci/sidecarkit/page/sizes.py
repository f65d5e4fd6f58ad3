"""How large what was built is, against the budget of its target."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sidecarkit.records import Record

# A budget, what it is for by its name on the page, and where in which records the bytes are; of several their sum.
_PLACES = (
    ("native", "native libraries", ("native", "plugin"), "bytes"),
    ("engine", "engine", ("engine",), "bytes"),
    ("pack", "packed folder", ("pack",), "folder_bytes"),
    ("pack", "packed single file", ("pack",), "single_file_bytes"),
    ("bundle", "package", ("assemble",), "bytes"),
)


@dataclass(frozen=True, kw_only=True)
class Size:
    """Bytes of one thing that was built; `budget` is the most it may take, None where nothing is said."""

    title: str
    stage: str
    bytes: int
    budget: int | None

    @property
    def over(self) -> bool:
        """Whether it takes more than it may."""
        return self.budget is not None and self.bytes > self.budget


def sizes(found: Mapping[str, Record], budget: Mapping[str, int]) -> tuple[Size, ...]:
    """What the records say about sizes, in the order of building."""
    known = []
    for layer, title, stages, key in _PLACES:
        counts = [_bytes(found[stage].data.get(key)) for stage in stages if stage in found]
        if counts and None not in counts:
            total = sum(filter(None, counts))
            known.append(Size(title=title, stage=stages[0], bytes=total, budget=budget.get(layer)))
    return tuple(known)


def _bytes(value: object) -> int | None:
    """`value` if it can be a size."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def scale(found: tuple[Size, ...]) -> int:
    """What the whole width of a bar stands for, in bytes."""
    return max((max(each.bytes, each.budget or 0) for each in found), default=1) or 1
