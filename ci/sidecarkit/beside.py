"""Programs laid out beside libraries of another folder: they look for what they load beside their own real file."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path


def lay_out(folder: Path, copied: Iterable[Path], linked: Iterable[Path]) -> None:
    """Fill `folder` anew with copies of the programs in `copied`, and links to the libraries in `linked`."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for path in copied:
        shutil.copy2(path, folder / path.name)
    for path in linked:
        (folder / path.name).symlink_to(path)
