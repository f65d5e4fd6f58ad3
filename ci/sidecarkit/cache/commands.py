"""`sidecarkit cache list|why|prune`: what is there, why something will be built, and room again."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from sidecarkit.cache import listing, prune, why
from sidecarkit.cache.listing import Listed
from sidecarkit.cache.why import Planned
from sidecarkit.errors import NothingSelected
from sidecarkit.report import Report, size, table

PlanOf = Callable[[str], Mapping[str, Planned]]


def add_parser(parser: argparse.ArgumentParser) -> None:
    """Give `parser`, that of the command `cache`, its verbs."""
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("list", help="every entry: size, age, last use")
    reason = verbs.add_parser("why", help="what of a layer's key changed since the entry that is there")
    reason.add_argument("what", help="a target's name, or an entry as `cache list` names it: LAYER/KEY")
    reason.add_argument("layer", nargs="?", help="only this layer of the target")
    room = verbs.add_parser("prune", help="remove entries, the longest unused first")
    room.add_argument("--keep", required=True, metavar="SIZE", help="how much may stay, e.g. 5G")


def run(arguments: argparse.Namespace, root: Path, plan_of: PlanOf, report: Report) -> None:
    """Run one verb on the cache in `root`. `plan_of` makes a target's plan by layer.

    Raises ConfigError for a size that is none, NothingSelected for an entry, target or layer that is not there.
    """
    if arguments.verb == "list":
        show(root, report)
    elif arguments.verb == "prune":
        prune.prune(root, prune.bytes_of(arguments.keep), report)
    elif "/" in arguments.what:
        entry = _entry(arguments.what, listing.entries_of(root))
        report.say(why.compare(_planned(entry, plan_of), entry, time.time()))
    else:
        planned = plan_of(arguments.what)
        listed = listing.entries_of(root)
        for each in _layers(planned, arguments.layer):
            report.say(why.explain(each, listed, time.time()))


def show(root: Path, report: Report) -> None:
    """Say every entry, then what else lies there, then the sum."""
    listed = listing.entries_of(root)
    beside = listing.bytes_beside(root, listed)
    header = ["entry", "targets", "size", "age", "last used"]
    report.say(table(header, listing.rows(listed, time.time())))
    if beside:
        said = ", ".join(f"{name} {size(count)}" for name, count in beside.items())
        report.say(f"\nbeside the entries: {said}")
    report.say(f"\n{size(sum(each.bytes for each in listed) + sum(beside.values()))} in {root}")


def _entry(name: str, listed: Sequence[Listed]) -> Listed:
    found = [each for each in listed if each.name.startswith(name)]
    if len(found) == 1:
        return found[0]
    raise NothingSelected(
        f"{len(found)} entries are named `{name}`", hint="`python -m sidecarkit cache list` names them all"
    )


def _planned(entry: Listed, plan_of: PlanOf) -> Planned:
    if entry.origin is None or not entry.origin.target:
        raise NothingSelected(
            f"`{entry.shown}` does not say for which target it was made", hint="ask by target: `cache why TARGET`"
        )
    planned = plan_of(entry.origin.target)
    return _layers(planned, entry.layer)[0]


def _layers(planned: Mapping[str, Planned], layer: str | None) -> list[Planned]:
    if layer is None:
        return list(planned.values())
    if layer not in planned:
        raise NothingSelected(f"the plan has no layer `{layer}`", hint=f"it has {', '.join(planned)}")
    return [planned[layer]]
