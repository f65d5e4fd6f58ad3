"""What CI runs, made of targets.toml: the matrix, and the GitHub workflow that a test compares with the file; pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sidecarkit.workspace import Workspace

FILE = Path(".github", "workflows", "build.yml")
_TIME_LIMIT_MINUTES = 90
# What platformdirs calls the user's cache folder there.
_CACHE, _CACHE_ON_WINDOWS = "~/.cache/localaiapp", r"~\AppData\Local\localaiapp\Cache"

_HEAD = """\
# Made of ci/targets.toml by `python3 noxfile.py -s workflow`; a test fails when it is not.
name: build
on:
  push:
    branches: [main]
  pull_request:
permissions:
  contents: read
concurrency:
  group: build-${{ github.ref }}
  cancel-in-progress: true
jobs:
"""

_JOB = """\
  {id}:
    name: {target} on {machine}
    runs-on: {runner}
    timeout-minutes: {limit}
{container}    steps:
{prepare}      - uses: actions/checkout@v5
      - uses: actions/cache@v4
        with:
          path: {cache}
          key: {id}-${{{{ hashFiles('ci/**', 'sidecar/**', 'tauri-app/**') }}}}
          restore-keys: {id}-
      - name: build, prove, measure and package
        run: {python} noxfile.py --target {target}
{tests}      - name: room in the cache
        run: {python} noxfile.py -s cache -- prune --keep 3G
      - uses: actions/upload-artifact@v4
        if: always()
        with:
          name: {id}
          path: |
            build/report
            build/{target}/packages
            build/{target}/logs
"""

# They test every variant of the machine's triple.
_TESTS = """\
      - name: every test
        run: {python} noxfile.py -s tests
"""

_NOTHING_YET = """\
  none:
    runs-on: ubuntu-24.04
    steps:
      - run: echo "no target of ci/targets.toml can be built yet"
"""


def matrix(workspace: Workspace) -> dict[str, Any]:
    """Every target that can be built, with each machine it is built on, as GitHub's `strategy.matrix` wants it."""
    return {
        "include": [
            {
                "target": target.name,
                "machine": machine.name,
                "runner": machine.runner,
                "container": machine.container or "",
                "prepare": machine.prepare or "",
            }
            for target in workspace.targets
            if workspace.obstacle(target, machine=target.triple) is None
            for machine in target.machines
        ]
    }


def workflow(workspace: Workspace) -> str:
    """The text of the workflow's file."""
    jobs = [_job(entry) for entry in matrix(workspace)["include"]]
    return _HEAD + ("\n".join(jobs) or _NOTHING_YET)


def _job(entry: Mapping[str, str]) -> str:
    for_windows = "-windows-" in entry["target"]
    python = "py" if for_windows else "python3"
    prepare = f"      - name: git and Python\n        run: {json.dumps(entry['prepare'])}\n" if entry["prepare"] else ""
    return _JOB.format(
        id=f"{entry['target']}-on-{entry['machine']}",
        target=entry["target"],
        machine=entry["machine"],
        runner=entry["runner"],
        limit=_TIME_LIMIT_MINUTES,
        container=f"    container: {entry['container']}\n" if entry["container"] else "",
        prepare=prepare,
        python=python,
        tests=_TESTS.format(python=python) if entry["target"].startswith("cpu-") else "",
        cache=_CACHE_ON_WINDOWS if for_windows else _CACHE,
    )
