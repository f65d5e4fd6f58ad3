"""The commands of `python -m sidecarkit`: what each takes, and the function it calls."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from sidecarkit import audit, doctor, layers, pipeline, placed, plan, records, runner, testing
from sidecarkit.cache import commands as cache_commands
from sidecarkit.cache.store import folder_of_user
from sidecarkit.cache.why import Planned
from sidecarkit.config import Target
from sidecarkit.errors import NothingSelected
from sidecarkit.job import Options
from sidecarkit.report import Report, table
from sidecarkit.reproduce import rebuild
from sidecarkit.reproduce import session as reproduce
from sidecarkit.stages import BY_NAME, LINE, OPT_IN
from sidecarkit.workspace import Workspace

ROOT = Path(__file__).resolve().parents[2]


def run(arguments: Sequence[str], report: Report) -> None:
    """Parse and do. Raises ToolkitError, SystemExit for words that are no command."""
    parsed = _parser().parse_args(arguments)
    parsed.run(Workspace.read(parsed.root.resolve(), report), parsed)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="sidecarkit", description="Build, prove, measure and package sidecars.")
    parser.add_argument("--root", type=Path, default=ROOT, help="folder of the project (that of the toolkit)")
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--again", action="append", default=[], choices=sorted(BY_NAME), help="repeat this stage")
    common.add_argument("--pairs", type=int, help="pairs to measure; the gate ends earlier when it can tell")
    common.add_argument("--strict", action="store_true", help="end with 11 when the gate cannot tell")
    common.add_argument("--compare", type=Path, metavar="OLD.json", help="an earlier bench.json to be no slower than")
    common.add_argument("--model", default=Options.model, help="shape that is measured")
    common.add_argument("-k", dest="rows", action="append", default=[], help="part of a name in the full benchmarks")
    commands = parser.add_subparsers(dest="command", required=True)

    def command(name: str, help: str, run: object) -> argparse.ArgumentParser:
        added = commands.add_parser(name, parents=[common], help=help)
        added.set_defaults(run=run)
        return added

    command("doctor", "name and install what the machine lacks", _doctor)
    planned = command("plan", "what a run will do for each target", _plan)
    planned.add_argument("--only", action="append", default=[], metavar="TARGET", help="this target alone")
    form = planned.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="for other programs")
    form.add_argument("--matrix", choices=["github"], help="the targets and machines of CI")
    form.add_argument("--explain", metavar="LAYER", help="every input of that layer's key")
    stage = command("stage", "run one stage and those it stands on", _stage)
    stage.add_argument("name", choices=list(BY_NAME))
    stage.add_argument("--target", required=True, help="a name from ci/targets.toml")
    audited = command("audit", "hold every file of the placed sidecar against what its target promises", _audit)
    audited.add_argument("--target", required=True, help="a name from ci/targets.toml")
    built = command("build", "build layers and what they stand on, without verdicts", _build)
    built.add_argument("layers", nargs="+", metavar="LAYER", help="native, engine, pack, bundle")
    built.add_argument("--target", required=True, help="a name from ci/targets.toml")
    built.add_argument("--write", type=Path, required=True, metavar="FILE", help="where to write their paths, as JSON")
    compared = command("reproduce", "build the commit twice in different circumstances and compare", _reproduce)
    compared.add_argument("--target", help="a name from ci/targets.toml (the cpu target of this machine)")
    compared.add_argument("--layers", default=",".join(rebuild.LAYERS), help="which to build anew, by commas (all)")
    cache_commands.add_parser(command("cache", "what is kept, why something is built, and room again", _cache))
    command("report", "write the report of what was built", _report)
    command("tests", "pass everything", _tests)
    released = command("release", "write build/release: artefacts, manifest, SBOM, licences, provenance", _release)
    released.add_argument("--target", action="append", default=[], help="a name from ci/targets.toml; repeatable")
    verified = command("verify", "hold a downloaded release against its manifest", _verify)
    verified.add_argument("folder", type=Path, metavar="RELEASE_FOLDER")
    verified.add_argument("--public-key", metavar="KEY", help="a file, or minisign's text: check the signatures too")
    verified.add_argument("--rebuild", action="store_true", help="build its commit again and compare bit for bit")
    command("workflow", f"write {pipeline.FILE.as_posix()}", _workflow)
    return parser


def _options(arguments: argparse.Namespace) -> Options:
    return Options(
        again=frozenset(arguments.again), pairs=arguments.pairs, strict=arguments.strict, compare=arguments.compare,
        model=arguments.model, rows=tuple(arguments.rows),
    )  # fmt: skip


def _doctor(workspace: Workspace, _: argparse.Namespace) -> None:
    doctor.run(workspace.root, workspace.targets[0].project, workspace.report)


def _plan(workspace: Workspace, arguments: argparse.Namespace) -> None:
    report = workspace.report
    if arguments.matrix:
        report.say(json.dumps(pipeline.matrix(workspace)))
        return
    targets = [workspace.target(name) for name in arguments.only] or list(workspace.targets)
    planned = [_planned(workspace, target, arguments) for target in targets]
    if arguments.json:
        report.say(json.dumps([plan.as_json(each) for each in planned], indent=2))
    elif arguments.explain:
        for each in planned:
            if each.obstacle is None or arguments.only:
                report.say(f"\n{each.target}, {arguments.explain}")
                report.say(table(["input", "value", ""], plan.explained(each, arguments.explain)))
    else:
        for each in planned:
            _show_plan(each, report)


def _planned(workspace: Workspace, target: Target, arguments: argparse.Namespace) -> plan.PlannedTarget:
    job = workspace.job(target, _options(arguments))
    planned = plan.of_target(LINE, job, workspace.obstacle(target))
    job.build.mkdir(parents=True, exist_ok=True)
    records.write_json(job.build / "plan.json", {"schema": records.SCHEMA, **plan.as_json(planned)})
    return planned


def _show_plan(planned: plan.PlannedTarget, report: Report) -> None:
    report.say(f"\n{planned.target}: {f'not here, {planned.obstacle}' if planned.obstacle else 'can be built here'}")
    report.say(f"   to come: {', '.join(planned.files)}")
    if planned.stages:
        report.say(table(["stage", "state", "changed since the last run", "took last time"], plan.rows(planned)))


def _buildable(workspace: Workspace, name: str) -> Target:
    target = workspace.target(name)
    obstacle = workspace.obstacle(target)
    if obstacle:
        raise NothingSelected(
            f"`{target.name}` cannot be built here: {obstacle}", hint="`plan` says what can be built on this machine"
        )
    return target


def _build(workspace: Workspace, arguments: argparse.Namespace) -> None:
    job = workspace.job(_buildable(workspace, arguments.target), _options(arguments))
    records.write_json(arguments.write, layers.build(LINE, job, arguments.layers))


def _reproduce(workspace: Workspace, arguments: argparse.Namespace) -> None:
    target = _buildable(workspace, arguments.target or workspace.host_target().name)
    reproduce.run(workspace.root, target.name, tuple(arguments.layers.split(",")), workspace.report)


def _stage(workspace: Workspace, arguments: argparse.Namespace) -> None:
    target = _buildable(workspace, arguments.target)
    line = runner.line_until((*LINE, *OPT_IN), arguments.name)
    runner.run(line, workspace.job(target, _options(arguments)), asked={arguments.name})


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
        planned = plan.of_target(LINE, workspace.job(target, _options(arguments)), workspace.obstacle(target))
        layers = {stage.name: stage.layer for stage in LINE if stage.layer}
        return {
            layers[each.stage]: Planned(layer=layers[each.stage], target=name, key=each.key, inputs=each.inputs)
            for each in planned.stages
            if each.stage in layers
        }

    cache_commands.run(arguments, folder_of_user(), plan_of, workspace.report)


def _report(workspace: Workspace, _: argparse.Namespace) -> None:
    from sidecarkit import page  # matplotlib takes half a second, which no other command has to wait for

    page.write(workspace.root, workspace.targets, LINE, workspace.report)


def _release(workspace: Workspace, arguments: argparse.Namespace) -> None:
    from sidecarkit.release import commands  # CycloneDX takes longer to import than a plan to be made

    targets = [workspace.target(name) for name in arguments.target] or [workspace.host_target()]
    commands.release(workspace, targets, _options(arguments))


def _verify(workspace: Workspace, arguments: argparse.Namespace) -> None:
    from sidecarkit.release import commands

    commands.check(workspace, arguments.folder, public_key=arguments.public_key, rebuild=arguments.rebuild)


def _tests(workspace: Workspace, arguments: argparse.Namespace) -> None:
    testing.run(workspace.job(workspace.host_target(), _options(arguments)), LINE)


def _workflow(workspace: Workspace, _: argparse.Namespace) -> None:
    path = workspace.root / pipeline.FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(pipeline.workflow(workspace), encoding="utf-8")
    workspace.report.say(f"wrote {pipeline.FILE.as_posix()}")
