"""What a release is made of: a commit, and whatever in the checkout differs from it."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sidecarkit import source

_GIT_LIMIT_S = 60


@dataclass(frozen=True, kw_only=True)
class Source:
    """`when` is the commit's time in UTC. `changed` lists files that differ from it, as git names them."""

    commit: str
    when: datetime
    changed: tuple[str, ...]

    @property
    def clean(self) -> bool:
        """Whether the files are the commit's own."""
        return not self.changed


def of(root: Path) -> Source:
    """The source in `root`. Raises ConfigError when nothing there tells of a commit."""
    commit = source.commit(root)
    return Source(commit=commit.hash, when=datetime.fromtimestamp(commit.time, UTC), changed=_changed(root))


def _changed(root: Path) -> tuple[str, ...]:
    """What `git status` lists; nothing in a folder that `git archive` made, where there is no git to ask."""
    if not (root / ".git").exists():
        return ()
    done = subprocess.run(
        ["git", "-C", str(root), "status", "--porcelain=v1"],
        capture_output=True, text=True, check=True, timeout=_GIT_LIMIT_S,
    )  # fmt: skip
    return tuple(line[3:] for line in done.stdout.splitlines())
