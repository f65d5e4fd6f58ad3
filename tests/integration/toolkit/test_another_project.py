"""The toolkit builds another sidecar than ours: a few lines of Python and a targets file of their own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sidecarkit.cache.store import folder_of_user

from .conftest import BUILD_LIMIT_S, Project

# What packing stands on. All of it but the packing may come from the user's cache.
BELOW_PACK = ("native", "plugin", "engine", "compiler", "parts", "zig")


def test_its_plan_names_what_is_to_come_and_nothing_of_our_recipe(project: Project) -> None:
    code, said = project.run("plan", "--json")
    assert code == 0, said
    (planned,) = json.loads(said)
    assert planned["buildable"]
    assert planned["files"] == [f"echo-sidecar-{project.target}.dist", f"echo-sidecar-{project.target}"]
    inputs = {stage["stage"]: stage["inputs"] for stage in planned["stages"]}
    assert "sidecar" in inputs["engine"]
    assert "llama" not in json.dumps(
        [inputs[name] for name in ("native", "plugin", "engine", "pack", "place", "smoke")]
    )


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


@pytest.mark.timeout(BUILD_LIMIT_S)
def test_everybody_may_read_and_run_it_whatever_the_builders_umask_is(project: Project, tmp_path: Path) -> None:
    cache = tmp_path / "cache" / folder_of_user().name
    cache.mkdir(parents=True)
    for layer in BELOW_PACK:
        (folder_of_user() / layer).mkdir(parents=True, exist_ok=True)
        (cache / layer).symlink_to(folder_of_user() / layer)
    careful = ["sh", "-c", 'umask 077; exec "$@"', "sh"]
    code, said = project.stage("place", env={"XDG_CACHE_HOME": str(cache.parent)}, inside=careful)
    assert code == 0, said
    placed = project.root / "bin" / f"echo-sidecar-{project.target}"
    modes = {path: path.stat().st_mode & 0o777 for path in (placed, placed.with_name(f"{placed.name}.dist"))}
    assert set(modes.values()) == {0o755}, modes


@pytest.mark.timeout(BUILD_LIMIT_S)
def test_all_of_its_layers_are_built_where_none_is_named(project: Project, tmp_path: Path) -> None:
    code, said = project.run("build", "--target", project.target, "--write", str(tmp_path / "built.json"))
    assert code == 0, said
    built = json.loads((tmp_path / "built.json").read_text(encoding="utf-8"))
    assert built.keys() == {"native", "plugin", "engine", "folder", "single_file"}
    assert all(Path(path).exists() for path in built.values())
