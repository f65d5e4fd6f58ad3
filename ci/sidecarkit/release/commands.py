"""The sessions `release` and `verify` of the command line."""

from __future__ import annotations

from pathlib import Path

from sidecarkit import runner
from sidecarkit.config import Target
from sidecarkit.errors import NothingSelected
from sidecarkit.job import Options
from sidecarkit.release import compose, verify
from sidecarkit.stages import LINE
from sidecarkit.workspace import Workspace

_LAST_STAGE = "e2e"
# A package carries its commit's time, which is no part of any key: it is dated anew, in a second.
_AGAIN = {"assemble"}


def release(workspace: Workspace, targets: list[Target], options: Options) -> Path:
    """Write build/release for `targets`; stages that do not stand are run first. Raises NothingSelected for a target
    that cannot be built here, and whatever a stage raises.
    """
    built = []
    line = runner.line_until(LINE, _LAST_STAGE)
    for target in targets:
        obstacle = workspace.obstacle(target)
        if obstacle:
            raise NothingSelected(
                f"`{target.name}` cannot be released here: {obstacle}", hint="name with --target what is to be released"
            )
        job = workspace.job(target, options)
        built.append(compose.Built(job=job, records=runner.run(line, job, asked=_AGAIN)))
    return compose.compose(workspace.root, built, workspace.report)


def check(workspace: Workspace, folder: Path, *, public_key: str | None, rebuild: bool) -> None:
    """Hold the release in `folder` against its manifest, and with `rebuild` against its commit built again.

    Raises WrongBinary and NotReproducible naming every difference.
    """
    log, report = workspace.root / compose.LOG, workspace.report
    document = verify.verify(folder, public_key=public_key, log=log, report=report)
    source = document["source"]
    signed = "signed by that key" if public_key else "its signatures were not checked: no --public-key"
    report.say(f"{folder.name} is what its manifest says; {signed}")
    report.say(f"   commit {source['commit']} of {source['time']}{'' if source['clean'] else ', with changes'}")
    if rebuild:
        from sidecarkit.release import rebuilt  # what builds again is not needed to check

        rebuilt.hold_against(folder, document, workspace.root, log=log, report=report)
        report.say("   built again from that commit: bit for bit the same")
