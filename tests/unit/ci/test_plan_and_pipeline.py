"""The plan says what can be built here and why not, what decides a layer's key, and CI's jobs follow from it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sidecarkit import __main__ as cli
from sidecarkit import host, pipeline
from sidecarkit.errors import NothingSelected
from sidecarkit.report import Report
from sidecarkit.workspace import Workspace

ROOT = Path(__file__).resolve().parents[3]
LINUX = "cpu-x86_64-unknown-linux-gnu"


@pytest.fixture
def workspace() -> Workspace:
    return Workspace.read(ROOT, Report())


def said_by(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    code = cli.main(["plan", *words])
    said = capsys.readouterr().out
    assert code == 0, said
    return said


def test_every_target_is_planned_or_told_why_not(workspace: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    planned = {each["target"]: each for each in json.loads(said_by(capsys, "--json"))}
    assert set(planned) == {target.name for target in workspace.targets}
    assert [stage["stage"] for stage in planned[LINUX]["stages"]][:3] == ["native", "plugin", "engine"]
    for each in planned.values():
        assert each["buildable"] is (each["obstacle"] is None)
        assert bool(each["stages"]) is each["buildable"]
    assert planned["cuda-x86_64-pc-windows-msvc"]["files"] == [
        "localai-sidecar-cuda-x86_64-pc-windows-msvc.dist", "*.nsis"
    ]  # fmt: skip


def test_a_target_for_another_machine_is_not_built_here(workspace: Workspace) -> None:
    linux = workspace.target(LINUX)
    assert workspace.obstacle(linux, machine="x86_64-unknown-linux-gnu") is None
    obstacle = workspace.obstacle(linux, machine="aarch64-unknown-linux-gnu")
    assert (
        obstacle == "its engine is compiled by its own system's Python, and this machine is aarch64-unknown-linux-gnu"
    )


def test_only_some_targets_are_planned_when_asked(capsys: pytest.CaptureFixture[str]) -> None:
    said = said_by(capsys, "--only", "vulkan-x86_64-pc-windows-msvc")
    assert "vulkan-x86_64-pc-windows-msvc: not here" in said
    assert LINUX not in said


def test_a_layer_is_explained_by_every_input_of_its_key(capsys: pytest.CaptureFixture[str]) -> None:
    said = said_by(capsys, "--only", LINUX, "--explain", "engine")
    for name in ("sidecar", "cpython", "zig target", "engine.txt"):
        assert f"| {name} " in said


@pytest.mark.parametrize(("words", "reason"), [
    (("--only", "cpu-x86_64-unknown-linux-gun"), f"did you mean `{LINUX}`?"),
    (("--only", LINUX, "--explain", "engin"), "did you mean `engine`?"),
])  # fmt: skip
def test_a_name_that_does_not_exist_is_told_with_the_nearest(
    capsys: pytest.CaptureFixture[str], words: tuple[str, ...], reason: str
) -> None:
    assert cli.main(["plan", *words]) == NothingSelected.exit_code
    assert reason in capsys.readouterr().out


def test_a_target_that_cannot_be_built_here_is_refused_with_the_reason(capsys: pytest.CaptureFixture[str]) -> None:
    code = cli.main(["stage", "native", "--target", "cuda-x86_64-pc-windows-msvc"])
    assert code == NothingSelected.exit_code
    assert "`cuda-x86_64-pc-windows-msvc` cannot be built here: " in capsys.readouterr().out


def test_the_matrix_has_every_buildable_target_on_each_of_its_machines(
    workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    matrix = json.loads(said_by(capsys, "--matrix", "github"))
    assert matrix == pipeline.matrix(workspace)
    jobs = [(entry["target"], entry["machine"]) for entry in matrix["include"]]
    assert (LINUX, "debian") in jobs
    assert (LINUX, "manjaro") in jobs
    buildable = {target for target in workspace.targets if not workspace.obstacle(target, machine=target.triple)}
    assert {target for target, _ in jobs} == {target.name for target in buildable if target.machines}


def test_the_workflow_in_the_repository_is_the_one_that_the_targets_make(workspace: Workspace) -> None:
    written = (ROOT / pipeline.FILE).read_text(encoding="utf-8")
    assert written == pipeline.workflow(workspace), "run `python3 noxfile.py -s workflow`"


def test_every_test_runs_once_on_each_machine(workspace: Workspace) -> None:
    jobs = pipeline.workflow(workspace).split("\n\n")
    tested = [job for job in jobs if "noxfile.py -s tests" in job]
    assert tested
    assert all("noxfile.py --target cpu-" in job for job in tested)
    assert len(tested) == len({entry["machine"] for entry in pipeline.matrix(workspace)["include"]})


def test_variants_of_a_triple_share_their_native_layer_and_their_engine(capsys: pytest.CaptureFixture[str]) -> None:
    planned = {each["target"]: each for each in json.loads(said_by(capsys, "--json"))}
    keys = {
        variant: {stage["stage"]: stage["key"] for stage in planned[f"{variant}-x86_64-unknown-linux-gnu"]["stages"]}
        for variant in ("cpu", "vulkan")
    }
    same = {name for name, key in keys["cpu"].items() if keys["vulkan"][name] == key}
    assert {"native", "engine", "app"} <= same
    assert not {"plugin", "pack", "place", "assemble"} & same


def test_this_machines_cpu_target_is_found(workspace: Workspace) -> None:
    assert workspace.host_target().name == f"cpu-{host.target_triple()}"
