"""Make room: the entries whose last use lies longest back go first, and never one that a living process uses."""

from __future__ import annotations

import shutil
import time
from collections.abc import Collection, Sequence
from pathlib import Path

from sidecarkit import report as reporting
from sidecarkit.cache import entry as entries
from sidecarkit.cache.leases import Leases
from sidecarkit.cache.listing import Listed, ago, bytes_beside, entries_of
from sidecarkit.errors import ConfigError
from sidecarkit.report import Report, size


def bytes_of(text: str) -> int:
    """`5G`, `500 MB`, `0`: decimal units, as sizes are shown everywhere. Raises ConfigError."""
    try:
        return reporting.bytes_of(text)
    except ValueError as error:
        raise ConfigError(str(error), hint="a number with k, M, G or T, e.g. `--keep 5G`") from error


def chosen(listed: Sequence[Listed], *, keep: int, beside: int, in_use: Collection[str]) -> list[Listed]:
    """The entries to remove so that at most `keep` bytes stay, of which `beside` are no entries; oldest use first."""
    surplus = beside + sum(each.bytes for each in listed) - keep
    doomed: list[Listed] = []
    for each in sorted(listed, key=lambda one: one.used):
        if surplus <= 0:
            break
        if each.name not in in_use:
            doomed.append(each)
            surplus -= each.bytes
    return doomed


def prune(root: Path, keep: int, report: Report) -> list[Listed]:
    """Remove entries until at most `keep` bytes lie under `root`, saying which; returns them."""
    listed, leases = entries_of(root), Leases(root)
    beside = sum(bytes_beside(root, listed).values())
    with leases.settled():
        in_use = leases.of_all()
    removed = [each for each in chosen(listed, keep=keep, beside=beside, in_use=in_use) if _remove(each, leases)]
    for each in removed:
        report.say(f"   removed {each.shown} ({size(each.bytes)}, last used {ago(time.time() - each.used)} ago)")
    left = beside + sum(each.bytes for each in listed) - sum(each.bytes for each in removed)
    report.say(f"   {len(removed)} entries removed, {size(left)} left in {root}")
    if left > keep:
        used = sum(each.bytes for each in listed if each.name in in_use)
        report.say(f"   that is more than {size(keep)}: {size(used)} are in use, {size(beside)} are no entries")
    return removed


def _remove(each: Listed, leases: Leases) -> bool:
    """Remove the entry unless it came into use meanwhile."""
    with leases.settled():
        if each.name in leases.of_all():
            return False
        doomed = entries.hide(each.path)
    shutil.rmtree(doomed, ignore_errors=True)
    return True
