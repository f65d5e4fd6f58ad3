"""Whatever lies where records should be, there is a page."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from sidecarkit.page import fulltable
from sidecarkit.stages import LINE

Run = Any
STRANGE: list[Any] = [None, True, -1, 1e300, float("nan"), "", "\x00\x1b<&", [], {}, [None], {"x": [1]}, "9" * 50]


def changed(value: Any, dice: random.Random) -> Any:
    """`value` with one of its parts, at any depth, replaced or missing."""
    if isinstance(value, dict) and value and dice.random() < 0.85:
        key = dice.choice(sorted(value))
        if dice.random() < 0.2:
            return {name: part for name, part in value.items() if name != key}
        return value | {key: changed(value[key], dice)}
    if isinstance(value, list) and value and dice.random() < 0.85:
        at = dice.randrange(len(value))
        return [*value[:at], changed(value[at], dice), *value[at + 1 :]]
    return dice.choice(STRANGE)


@pytest.mark.parametrize("name", [*(f"{stage.name}.json" for stage in LINE), "smoke.failed.json", fulltable.FILE])
def test_a_changed_file_never_costs_the_page(run: Run, name: str) -> None:
    if name == "smoke.failed.json":
        run.failed("smoke")
    path = run.build / name
    sound = json.loads(path.read_text(encoding="utf-8"))
    dice = random.Random(name)
    for _ in range(6):
        path.write_text(json.dumps(changed(sound, dice)), encoding="utf-8")
        assert "</html>" in run.html()


def test_folders_where_files_should_be_do_not_cost_the_page(run: Run) -> None:
    for name in ("bench.json", "smoke.failed.json", fulltable.FILE, "screenshots/9-folder.png"):
        path = run.build / name
        path.unlink(missing_ok=True)
        path.mkdir()
    assert "</html>" in run.html()
