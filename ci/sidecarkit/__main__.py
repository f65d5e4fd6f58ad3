"""Arguments → stages → exit code; the only place where an exception becomes text."""

from __future__ import annotations

import argparse
import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path

from sidecarkit import config, doctor, final_report, host, plan, records, runner, testing
from sidecarkit.cache import Cache
from sidecarkit.errors import INTERRUPTED, DiskFull, NothingSelected, ToolkitError
from sidecarkit.job import Job, Options
from sidecarkit.report import Report, table
from sidecarkit.stages import BY_NAME, LINE, OPT_IN

ROOT = Path(__file__).resolve().parents[2]
_DISK_FULL = 28  # errno.ENOSPC, the same on every system


def main(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code; a failure is said with its hint and log."""
    report = Report()
    try:
        _run(_arguments(arguments), report)
    except ToolkitError as error:
        report.error(error)
        return error.exit_code
    except KeyboardInterrupt:
        report.say("interrupted: what was finished is kept, the same command goes on from there")
        return INTERRUPTED
    except OSError as error:
        if error.errno != _DISK_FULL:
            return _defect(report)
        report.error(DiskFull(f"no room left on the disk: {error}", hint="free some gigabytes, then run it again"))
        return DiskFull.exit_code
    except Exception:
        return _defect(report)
    return 0


def _defect(report: Report) -> int:
    report.say(traceback.format_exc())
    report.error(ToolkitError("this is a defect of the toolkit", hint="report the lines above with your command"))
    return ToolkitError.exit_code


def _arguments(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="sidecarkit", description="Build, prove, measure and package sidecars.")
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--again", action="append", default=[], choices=sorted(BY_NAME), help="repeat this stage")
    common.add_argument("--pairs", type=int, default=Options.pairs, help="pairs that the gate measures")
    common.add_argument("--model", default=Options.model, choices=["135m", "1.1b"], help="shape that is measured")
    common.add_argument("-k", dest="rows", action="append", default=[], help="part of a name in the full benchmarks")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("doctor", parents=[common], help="name and install what the machine lacks")
    commands.add_parser("plan", parents=[common], help="what a run will do")
    stage = commands.add_parser("stage", parents=[common], help="run one stage and those it stands on")
    stage.add_argument("name", choices=list(BY_NAME))
    stage.add_argument("--target", required=True, help="a name from ci/targets.toml")
    commands.add_parser("report", parents=[common], help="write the report of what was built")
    commands.add_parser("tests", parents=[common], help="pass everything")
    return parser.parse_args(arguments)


def _run(arguments: argparse.Namespace, report: Report) -> None:
    if arguments.command == "doctor":
        doctor.run(ROOT, report)
    elif arguments.command == "plan":
        for target in config.load_targets(ROOT / "ci" / "targets.toml"):
            _show_plan(_job(target, arguments, report))
    elif arguments.command == "stage":
        job = _job(_target(arguments.target), arguments, report)
        runner.run(runner.line_until((*LINE, *OPT_IN), arguments.name), job, asked={arguments.name})
    elif arguments.command == "report":
        final_report.write(ROOT, config.load_targets(ROOT / "ci" / "targets.toml"), LINE, report)
    else:
        testing.run(_job(_target(f"cpu-{host.target_triple()}"), arguments, report), LINE)


def _show_plan(job: Job) -> None:
    planned = plan.plan(LINE, job)
    job.report.say(f"\n{job.target.name}")
    job.report.say(table(["stage", "state", "changed since the last run", "took last time"], plan.rows(planned)))
    job.build.mkdir(parents=True, exist_ok=True)
    rows = [{"stage": p.stage, "key": p.key, "state": p.state, "inputs": dict(p.inputs)} for p in planned]
    records.write_json(job.build / "plan.json", {"schema": records.SCHEMA, "target": job.target.name, "stages": rows})


def _target(name: str) -> config.Target:
    targets = config.load_targets(ROOT / "ci" / "targets.toml")
    for target in targets:
        if target.name == name:
            return target
    raise NothingSelected(
        f"there is no target `{name}`", hint=f"ci/targets.toml lists {', '.join(target.name for target in targets)}"
    )


def _job(target: config.Target, arguments: argparse.Namespace, report: Report) -> Job:
    return Job(
        stage="", root=ROOT, target=target, toolchain=config.load_toolchain(ROOT / "ci" / "toolchain.toml"),
        options=Options(
            again=frozenset(arguments.again), pairs=arguments.pairs, model=arguments.model,
            rows=tuple(arguments.rows),
        ),
        report=report, cache=Cache.of_user(report), keys={}, records={},
    )  # fmt: skip


def _remember_exit_code(code: int) -> None:
    """nox ends with 1 whatever failed, so the first failed stage's own code is left for noxfile.py to pass on."""
    name = os.environ.get("SIDECARKIT_EXIT_CODE_FILE")
    if name and code and not Path(name).exists():
        Path(name).write_text(str(code), encoding="utf-8")


if __name__ == "__main__":
    exit_code = main(sys.argv[1:])
    _remember_exit_code(exit_code)
    sys.exit(exit_code)
