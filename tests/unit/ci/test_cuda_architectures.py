"""A plug-in for chosen graphics processors alone: what the command line says reaches keys, promises and the folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from sidecarkit import __main__ as cli
from sidecarkit.errors import ConfigError
from sidecarkit.recipes.llama import promises
from sidecarkit.report import Report
from sidecarkit.workspace import Workspace

ROOT = Path(__file__).resolve().parents[3]
CUDA, LINUX = "cuda-x86_64-unknown-linux-gnu", "cpu-x86_64-unknown-linux-gnu"


@pytest.fixture
def workspace() -> Workspace:
    return Workspace.read(ROOT, Report())


def test_the_audit_expects_what_the_command_line_chose(workspace: Workspace) -> None:
    chosen = workspace.for_architectures(["90-real"])
    assert promises.rules(chosen.target(CUDA)).device_code == {"ggml-cuda": frozenset({"90-real"})}
    assert chosen.target(LINUX) == workspace.target(LINUX)
    assert workspace.for_architectures([]) == workspace


def test_without_a_choice_every_generation_since_turing_is_promised(workspace: Workspace) -> None:
    promised = promises.rules(workspace.target(CUDA)).device_code["ggml-cuda"]
    assert {"75-real", "80-real", "86-real", "89-real", "90-real", "120a-real"} < promised
    assert any(name.endswith("-virtual") for name in promised), "cards newer than this list would have nothing"
    assert promises.rules(workspace.target(LINUX)).device_code == {}


@pytest.mark.parametrize("wrong", ["90", "sm_90", "90-both", ""])
def test_a_name_that_is_no_architecture_is_refused(workspace: Workspace, wrong: str) -> None:
    with pytest.raises(ConfigError, match="no architecture of a graphics processor"):
        workspace.for_architectures(["86-real", wrong])


def test_another_choice_is_another_plug_in_beside_the_same_libraries(capsys: pytest.CaptureFixture[str]) -> None:
    def keys(*words: str) -> dict[str, str]:
        assert cli.main(["plan", "--only", CUDA, "--explain", "plugin", *words]) == 0
        said = capsys.readouterr().out
        return {cells[1].strip(): cells[2].strip() for row in said.splitlines() if len(cells := row.split("|")) > 2}

    everything, one = keys(), keys("--architectures", "90-real")
    assert (one["architectures"], one["stage native"]) == ("90-real", everything["stage native"])
    assert everything["architectures"].count("-real") > 4


def test_the_plug_in_shares_its_libraries_with_the_cpu_s_target(capsys: pytest.CaptureFixture[str]) -> None:
    def key(target: str) -> str:
        assert cli.main(["plan", "--only", target, "--explain", "pack"]) == 0
        (row,) = (row for row in capsys.readouterr().out.splitlines() if "stage native" in row)
        return row.split("|")[2]

    assert key(CUDA) == key(LINUX)
