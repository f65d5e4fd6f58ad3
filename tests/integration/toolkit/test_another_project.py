"""The toolkit builds another sidecar than ours: a few lines of Python and a targets file of their own."""

from __future__ import annotations

import json

import pytest

from .conftest import BUILD_LIMIT_S, Project


def test_its_plan_names_what_is_to_come_and_nothing_of_our_recipe(project: Project) -> None:
    code, said = project.run("plan", "--json")
    assert code == 0, said
    (planned,) = json.loads(said)
    assert planned["buildable"]
    assert planned["files"] == [f"echo-sidecar-{project.target}.dist", f"echo-sidecar-{project.target}"]
    inputs = {stage["stage"]: stage["inputs"] for stage in planned["stages"]}
    assert "sidecar" in inputs["engine"]
    assert "llama" not in json.dumps([inputs[name] for name in ("native", "engine", "pack", "place", "smoke")])


@pytest.mark.timeout(BUILD_LIMIT_S)
def test_it_is_built_placed_and_answers_its_own_exchange(project: Project) -> None:
    code, said = project.stage("smoke")
    assert code == 0, said
    assert "the folder starts, answers as recorded and ends" in said
    assert "the single file starts, answers as recorded and ends" in said
    folder = project.root / "bin" / f"echo-sidecar-{project.target}.dist"
    assert json.loads((folder / "build.json").read_text(encoding="utf-8"))["version"] == "1.2.3"
    assert not (folder / "llama").exists()
    project.replace("ci/exchange.jsonl", '"hello from cpu"}, "within": 20', '"good bye"}, "within": 1')
    code, said = project.stage("smoke")
    assert code == 8, said
    assert 'a line like {"say": "good bye"} did not come in time' in said
