"""Commands that build: the machine, the plan, a stage, layers alone, every test, CI's workflow."""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path

from sidecarkit import acceptance, doctor, host, layers, pipeline, plan, records, runner, testing
from sidecarkit.commands import Add
from sidecarkit.config import Target
from sidecarkit.job import Options
from sidecarkit.report import Report, table
from sidecarkit.stages import BY_NAME, LINE, OPT_IN, line_for
from sidecarkit.workspace import Workspace


def add(command: Add) -> None:
    """Make the commands."""
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
    built = command("build", "build layers and what they stand on, without verdicts", _build)
    built.add_argument("layers", nargs="*", metavar="LAYER", help="native, plugin, engine … (default: all)")
    built.add_argument("--target", required=True, help="a name from ci/targets.toml")
    built.add_argument("--write", type=Path, required=True, metavar="FILE", help="where to write their paths, as JSON")
    accepted = command("acceptance", "write the archive that accepts a machine with an NVIDIA card", _acceptance)
    accepted.add_argument("--run", action="store_true", help="accept the card of this machine with it")
    command("tests", "pass everything", _tests)
    command("workflow", f"write {pipeline.FILE.as_posix()}", _workflow)


def options(arguments: argparse.Namespace) -> Options:
    """What the common options say."""
    return Options(
        again=frozenset(arguments.again), pairs=arguments.pairs, strict=arguments.strict, compare=arguments.compare,
        model=arguments.model, software=arguments.software, rows=tuple(arguments.rows),
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
    job = workspace.job(target, options(arguments))
    planned = plan.of_target(line_for(target), job, workspace.obstacle(target))
    job.build.mkdir(parents=True, exist_ok=True)
    records.write_json(job.build / "plan.json", {"schema": records.SCHEMA, **plan.as_json(planned)})
    return planned


def _show_plan(planned: plan.PlannedTarget, report: Report) -> None:
    report.say(f"\n{planned.target}: {f'not here, {planned.obstacle}' if planned.obstacle else 'can be built here'}")
    report.say(f"   to come: {', '.join(planned.files)}")
    if planned.stages:
        report.say(table(["stage", "state", "changed since the last run", "took last time"], plan.rows(planned)))


def _stage(workspace: Workspace, arguments: argparse.Namespace) -> None:
    target = workspace.buildable(arguments.target)
    line = runner.line_until((*LINE, *OPT_IN), arguments.name)
    runner.run(line, workspace.job(target, options(arguments)), asked={arguments.name})


def _build(workspace: Workspace, arguments: argparse.Namespace) -> None:
    job = workspace.job(workspace.buildable(arguments.target), options(arguments))
    records.write_json(arguments.write, layers.build(line_for(job.target), job, arguments.layers))


def _acceptance(workspace: Workspace, arguments: argparse.Namespace) -> None:
    triple = host.target_triple()
    job, other = (
        workspace.job(workspace.buildable(f"{variant}-{triple}"), options(arguments)) for variant in ("cuda", "vulkan")
    )
    archive = acceptance.make(replace(job, stage="acceptance"), [other])
    if arguments.run:
        acceptance.accept(archive.with_name(acceptance.NAME), replace(job, stage="acceptance"))


def _tests(workspace: Workspace, arguments: argparse.Namespace) -> None:
    chosen, name = options(arguments), f"vulkan-{host.target_triple()}"
    vulkan = next((each for each in workspace.targets if each.name == name and not workspace.obstacle(each)), None)
    testing.run(
        workspace.job(workspace.host_target(), chosen), LINE, vulkan=workspace.job(vulkan, chosen) if vulkan else None
    )


def _workflow(workspace: Workspace, _: argparse.Namespace) -> None:
    path = workspace.root / pipeline.FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(pipeline.workflow(workspace), encoding="utf-8")
    workspace.report.say(f"wrote {pipeline.FILE.as_posix()}")
