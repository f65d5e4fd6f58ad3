"""The words of licences: out of a part's own folder or pinned archive, or ci/licences where it brings none."""

from __future__ import annotations

import re
import tarfile
import zipfile
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

from sidecarkit.release.part import Part

KEPT = Path("ci", "licences")
_FILES = re.compile(r"(?i)(un)?licen[cs]e|copying|notice")
_ARCHIVE = "archive:"


def of(part: Part, root: Path) -> list[str]:
    """Every text that states the licence of `part`; none when none is found."""
    kept = root / KEPT / f"{part.name}.txt"
    if part.folder is not None:
        own = [_read(path) for path in sorted(part.folder.iterdir()) if path.is_file() and _FILES.match(path.name)]
        return own or ([_read(kept)] if kept.is_file() else [])
    return [text for reference in part.texts for text in _referred(reference, part, root)]


def _referred(reference: str, part: Part, root: Path) -> Iterator[str]:
    if not reference.startswith(_ARCHIVE):
        path, _, heading = reference.partition("#")
        text = _read(root / path)
        yield _section(text, heading) if heading else text
    elif part.archive is not None:
        yield from _inside(part.archive, reference.removeprefix(_ARCHIVE))


def _inside(archive: Path, pattern: str) -> Iterator[str]:
    if archive.is_dir():
        yield from (_read(path) for path in sorted(archive.glob(pattern)))
    elif zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as opened:
            yield from (_text(opened.read(name)) for name in sorted(opened.namelist()) if _fits(name, pattern))
    else:
        with tarfile.open(archive) as unpacked:
            for member in unpacked:
                content = unpacked.extractfile(member) if member.isfile() and _fits(member.name, pattern) else None
                if content is not None:
                    yield _text(content.read())


def _fits(name: str, pattern: str) -> bool:
    """Whether `name` is what `pattern` means, folder by folder: `*` stands for no `/`."""
    names, patterns = name.split("/"), pattern.split("/")
    return len(names) == len(patterns) and all(map(fnmatchcase, names, patterns))


def _section(text: str, heading: str) -> str:
    """What stands under `heading` of a Markdown file."""
    found = re.search(rf"^(#+) {re.escape(heading)}\n(?P<body>.*?)(?=^\1? |\Z)", text, re.MULTILINE | re.DOTALL)
    return found["body"] if found else ""


def _read(path: Path) -> str:
    return _text(path.read_bytes())


def _text(content: bytes) -> str:
    """Old licences are written in Latin-1, and some with Windows' line ends."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("latin-1")
    lines = (line.rstrip() for line in text.replace("\r\n", "\n").replace("\f", "\n").split("\n"))
    return "\n".join(lines).strip("\n")
