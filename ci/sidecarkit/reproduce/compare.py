"""Two builds, byte by byte: folders, files, and what lies in archives."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Sequence
from pathlib import Path

from sidecarkit.reproduce import archives
from sidecarkit.reproduce.archives import Member
from sidecarkit.reproduce.difference import Difference, first_difference, shown

_MISSING = "not there"


def trees(left: Path, right: Path) -> list[Difference]:
    """Where two folders differ in names, bytes, executable bits or links; an empty list when they are the same."""
    ours, theirs = _files(left), _files(right)
    found = []
    for name in sorted(ours.keys() | theirs.keys()):
        if name not in ours or name not in theirs:
            there, missing = f"a file of {(ours.get(name) or theirs[name]).lstat().st_size} bytes", _MISSING
            sides = (there, missing) if name in ours else (missing, there)
            found.append(Difference(path=name, where="only one build has it", left=sides[0], right=sides[1]))
        else:
            found += _entries(ours[name], theirs[name], name)
    return found


def files(left: Path, right: Path, name: str = "") -> list[Difference]:
    """Where two files differ: in archives by member, in programs by section; empty when they are the same.

    `name` is what the report calls them; without it, the left one's own.
    """
    name = name or left.name
    with left.open("rb") as ours, right.open("rb") as theirs:
        offset = first_difference(ours, theirs)
        if offset is None:
            return []
        inside = _members(left, right, name)
        if inside:
            return inside
        found = _sections(left, right, name)
        if found:
            return found
        how = "the same members, packed otherwise: " if inside is not None else ""
        where = f"{how}byte {offset}, {_count(left.read_bytes(), right.read_bytes())}"
        return [Difference(path=name, where=where, left=shown(ours, offset), right=shown(theirs, offset))]


def _sections(left: Path, right: Path, name: str) -> list[Difference]:
    """The first difference of each section, so that a hash in the headers does not hide what changed it.

    Nothing for files that are no programs, or whose sections have other places.
    """
    # Only here: LIEF takes longer to load than most commands to run.
    from sidecarkit.reproduce import sections

    parts = sections.of(left)
    if parts != sections.of(right):
        return []
    ours, theirs = left.read_bytes(), right.read_bytes()
    found = []
    for part in parts:
        end = part.begin + part.size
        a, b = ours[part.begin : end], theirs[part.begin : end]
        offset = first_difference(io.BytesIO(a), io.BytesIO(b))
        if offset is not None:
            sides = [shown(io.BytesIO(data), part.begin + offset) for data in (ours, theirs)]
            where = f"{part.place(part.begin + offset)}, {_count(a, b)}"
            found.append(Difference(path=name, where=where, left=sides[0], right=sides[1]))
    return found


def _files(root: Path) -> dict[str, Path]:
    return {
        path.relative_to(root).as_posix(): path for path in root.rglob("*") if path.is_symlink() or not path.is_dir()
    }


def _entries(left: Path, right: Path, name: str) -> list[Difference]:
    links = [str(path.readlink()) if path.is_symlink() else "no link" for path in (left, right)]
    if links[0] != links[1]:
        return [Difference(path=name, where="the link's target", left=links[0], right=links[1])]
    if left.is_symlink():
        return []
    modes = [bool(path.stat().st_mode & 0o100) for path in (left, right)]
    found = files(left, right, name)
    if modes[0] != modes[1]:
        said = ["executable" if mode else "not executable" for mode in modes]
        found.append(Difference(path=name, where="its mode", left=said[0], right=said[1]))
    return found


def _count(left: bytes, right: bytes) -> str:
    """How much differs, which tells a stray time stamp from another compiler."""
    if len(left) != len(right):
        return f"{len(left)} and {len(right)} bytes long"
    return f"{sum(a != b for a, b in zip(left, right, strict=True))} of {len(left)} bytes differ"


def _members(left: Path, right: Path, name: str) -> list[Difference] | None:
    """In which members two archives differ; None when they are no archives."""
    with tempfile.TemporaryDirectory() as workplace:
        folders = [Path(workplace, side) for side in ("left", "right")]
        for folder in folders:
            folder.mkdir()
        ours, theirs = archives.members(left, folders[0]), archives.members(right, folders[1])
        if ours is None or theirs is None:
            return None
        return _of_members(ours, theirs, name)


def _of_members(ours: Sequence[Member], theirs: Sequence[Member], name: str) -> list[Difference]:
    names = [[member.name for member in members] for members in (ours, theirs)]
    found: list[Difference] = []
    pairs = list(zip(ours, theirs, strict=False))
    if names[0] != names[1]:
        found.append(_of_names(names[0], names[1], name))
        named = {member.name: member for member in theirs}
        pairs = [(member, named[member.name]) for member in ours if member.name in named]
    for left, right in pairs:
        path = f"{name} » {left.name}"
        inside = files(left.content, right.content, path) if left.content and right.content else []
        found += inside
        found += [
            Difference(path=path, where=f"its {fact} in the archive", left=left.header[fact], right=right.header[fact])
            for fact in left.header
            if left.header[fact] != right.header[fact] and not (fact == "size" and inside)
        ]
    return found


def _of_names(ours: list[str], theirs: list[str], name: str) -> Difference:
    lacking = [sorted(set(theirs) - set(ours)), sorted(set(ours) - set(theirs))]
    if any(lacking):
        said = [f"lacks {', '.join(names)}" if names else "has them all" for names in lacking]
        return Difference(path=name, where="its members", left=said[0], right=said[1])
    at = next(i for i in range(len(ours)) if ours[i] != theirs[i])
    return Difference(
        path=name, where=f"the order of its members, from number {at + 1}", left=ours[at], right=theirs[at]
    )
