"""Commands about what was built: its audit, its cache, the report, a release, and whether it can be built again."""

from __future__ import annotations

import argparse
from pathlib import Path

from sidecarkit import audit, placed, plan
from sidecarkit.cache import commands as cache_commands
from sidecarkit.cache.store import folder_of_user
from sidecarkit.cache.why import Planned
from sidecarkit.commands import Add
from sidecarkit.commands.building import options
from sidecarkit.report import table
from sidecarkit.reproduce import rebuild
from sidecarkit.reproduce import session as reproduce
from sidecarkit.stages import LINE, line_for
from sidecarkit.workspace import Workspace


def add(command: Add) -> None:
    """Make the commands."""
    audited = command("audit", "hold every file of the placed sidecar against what its target promises", _audit)
    audited.add_argument("--target", required=True, help="a name from ci/targets.toml")
    cache_commands.add_parser(command("cache", "what is kept, why something is built, and room again", _cache))
    compared = command("reproduce", "build the commit twice in different circumstances and compare", _reproduce)
    compared.add_argument("--target", help="a name from ci/targets.toml (the cpu target of this machine)")
    compared.add_argument("--layers", default=",".join(rebuild.LAYERS), help="which to build anew, by commas (all)")
    command("report", "write the report of what was built", _report)
    released = command("release", "write build/release: artefacts, manifest, SBOM, licences, provenance", _release)
    released.add_argument("--target", action="append", default=[], help="a name from ci/targets.toml; repeatable")
    verified = command("verify", "hold a downloaded release against its manifest", _verify)
    verified.add_argument("folder", type=Path, metavar="RELEASE_FOLDER")
    verified.add_argument("--public-key", metavar="KEY", help="a file, or minisign's text: check the signatures too")
    verified.add_argument("--rebuild", action="store_true", help="build its commit again and compare bit for bit")


def _audit(workspace: Workspace, arguments: argparse.Namespace) -> None:
    target, report = workspace.target(arguments.target), workspace.report
    folder = workspace.root / target.project.placed
    found = placed.examine(folder, target, audit.Builder.here(workspace.root, folder_of_user()))
    report.say(table(audit.HEADER, audit.rows(found.files)))
    report.say(audit.sizes(found.layers, target.budget))
    audit.refuse(found.problems, where=target.project.placed.as_posix())


def _cache(workspace: Workspace, arguments: argparse.Namespace) -> None:
    def plan_of(name: str) -> dict[str, Planned]:
        target = workspace.target(name)
        planned = plan.of_target(
            line_for(target), workspace.job(target, options(arguments)), workspace.obstacle(target)
        )
        layers = {stage.name: stage.layer for stage in LINE if stage.layer}
        return {
            layers[each.stage]: Planned(layer=layers[each.stage], target=name, key=each.key, inputs=each.inputs)
            for each in planned.stages
            if each.stage in layers
        }

    cache_commands.run(arguments, folder_of_user(), plan_of, workspace.report)


def _reproduce(workspace: Workspace, arguments: argparse.Namespace) -> None:
    target = workspace.buildable(arguments.target or workspace.host_target().name)
    reproduce.run(workspace.root, target.name, tuple(arguments.layers.split(",")), workspace.report)


def _report(workspace: Workspace, _: argparse.Namespace) -> None:
    from sidecarkit import page  # matplotlib takes half a second, which no other command has to wait for

    page.write(workspace.root, workspace.targets, LINE, workspace.report)


def _release(workspace: Workspace, arguments: argparse.Namespace) -> None:
    from sidecarkit.release import commands  # CycloneDX takes longer to import than a plan to be made

    targets = [workspace.target(name) for name in arguments.target] or [workspace.host_target()]
    commands.release(workspace, targets, options(arguments))


def _verify(workspace: Workspace, arguments: argparse.Namespace) -> None:
    from sidecarkit.release import commands

    commands.check(workspace, arguments.folder, public_key=arguments.public_key, rebuild=arguments.rebuild)
