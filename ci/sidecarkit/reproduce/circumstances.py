"""What must not matter to a build: where it is, whose home, which time zone and locale, which umask, how many jobs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Circumstances:
    """One way to build. `folder` lies below the workplace; `spare_cores` are left out, so that fewer jobs run."""

    name: str
    folder: Path
    timezone: str
    locale: str
    umask: int
    spare_cores: int

    def __str__(self) -> str:
        return f"{self.folder.as_posix()}, {self.timezone}, {self.locale}, umask {self.umask:03o}, {self.jobs()} jobs"

    def jobs(self) -> int:
        """How many cores the build may use, and so how many jobs compilers run at once."""
        return len(self._cores())

    @contextmanager
    def hold(self) -> Iterator[None]:
        """What this process starts in the block inherits umask and cores."""
        umask, cores = os.umask(self.umask), os.sched_getaffinity(0)
        os.sched_setaffinity(0, self._cores())
        try:
            yield
        finally:
            os.sched_setaffinity(0, cores)
            os.umask(umask)

    def _cores(self) -> set[int]:
        usable = sorted(os.sched_getaffinity(0))
        return set(usable[self.spare_cores :] or usable[-1:])


FIRST = Circumstances(
    name="first", folder=Path("a"), timezone="UTC", locale="C.UTF-8", umask=0o022, spare_cores=0
)  # fmt: skip
SECOND = Circumstances(
    name="second", folder=Path("another", "folder-with-a-longer-name"), timezone="Asia/Kathmandu", locale="C",
    umask=0o077, spare_cores=1,
)  # fmt: skip
