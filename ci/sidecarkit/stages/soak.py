"""Stage soak: the engine under the packaged app's window is killed a thousand times; asked for by name alone."""

from __future__ import annotations

import json
from typing import Any
from xml.etree import ElementTree

from sidecarkit.job import Job, Stage
from sidecarkit.stages import e2e

KILLS = 1000
_LIMIT_S = 7200


def run(job: Job) -> dict[str, Any]:
    """Run the soak of the packaged app. Raises E2eFailed."""
    results, _ = e2e.play(
        job, job.root / e2e.TESTS / "test_soak.py", "--kills", str(KILLS), test_limit_s=_LIMIT_S, limit_s=_LIMIT_S
    )
    (told,) = ElementTree.parse(results).iterfind(".//property[@name='soak']")
    figures = json.loads(told.attrib["value"])
    return {"summary": ", ".join(f"{name} {value}" for name, value in figures.items()), "figures": figures}


STAGE = Stage(
    name="soak",
    summary="kill the engine a thousand times under the window",
    needs=("assemble",),
    inputs=e2e.inputs,
    run=run,
)
