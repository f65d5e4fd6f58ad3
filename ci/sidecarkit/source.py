"""Which commit a checkout, or a folder that `git archive` made of one, holds: its hash and its time."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from sidecarkit import requirements
from sidecarkit.errors import ConfigError

# git fills in its fields when it exports a commit (.gitattributes), as setuptools-scm and others have it.
ARCHIVED = ".git_archival.txt"
_HASH = re.compile(r"^node: (?P<hash>[0-9a-f]{40,64})$", re.MULTILINE)
_TIME = re.compile(r"^node-time: (?P<time>\d+)$", re.MULTILINE)
# What `described` appends where tracked files differ from the commit.
CHANGED = "-changed"


@dataclass(frozen=True, kw_only=True)
class Commit:
    """A commit's full hash and the time of its committing, in seconds since 1970."""

    hash: str
    time: int


def commit(root: Path) -> Commit:
    """The commit whose files lie in `root`. Raises ConfigError when neither git nor an export tells."""
    found = _of_archive(root) or _of_git(root)
    if found is None:
        raise ConfigError(
            f"`{root}` does not say which commit it is: git answers nothing there, and `{ARCHIVED}` is not filled in",
            hint="work in a clone of the repository, or in what `git archive` made of one",
        )
    return found


def described(root: Path) -> str:
    """The commit's full hash, with CHANGED behind it where tracked files differ; empty where nothing tells it."""
    exported = _of_archive(root)
    words = ["git", "-C", str(root), "describe", "--always", "--abbrev=40", "--exclude=*", f"--dirty={CHANGED}"]
    return exported.hash if exported else requirements.answer(words) or ""


def short(described: str) -> str:
    """What `described` said as people write it: `1a2b3c4`, with words where files differed from it."""
    bare = described.removesuffix(CHANGED)
    return bare[:7] + (" with changes" if bare != described else "")


def _of_archive(root: Path) -> Commit | None:
    try:
        text = (root / ARCHIVED).read_text(encoding="utf-8")
    except OSError:
        return None
    found, time = _HASH.search(text), _TIME.search(text)
    return Commit(hash=found["hash"], time=int(time["time"])) if found and time else None


def _of_git(root: Path) -> Commit | None:
    said = requirements.answer(["git", "-C", str(root), "log", "-1", "--format=%H %ct"])
    found, _, time = (said or "").partition(" ")
    return Commit(hash=found, time=int(time)) if time else None
