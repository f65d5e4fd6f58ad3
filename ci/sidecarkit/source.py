"""Which commit the checkout stands at; the only place where the toolkit asks git."""

from __future__ import annotations

import subprocess
from pathlib import Path

_ANSWER_LIMIT_S = 10
# What `commit` appends where tracked files differ from the commit.
CHANGED = "-changed"


def commit(root: Path) -> str:
    """The commit's full hash, with CHANGED behind it where tracked files differ; empty outside of a git checkout."""
    words = ["git", "describe", "--always", "--abbrev=40", "--exclude=*", f"--dirty={CHANGED}"]
    try:
        done = subprocess.run(
            words, cwd=root, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
            timeout=_ANSWER_LIMIT_S,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
