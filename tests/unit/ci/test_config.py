"""targets.toml and toolchain.toml: what is accepted, and how everything wrong is told at once."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema_rs
import pytest

from sidecarkit import config, recipes
from sidecarkit.errors import ConfigError

CI = Path(__file__).resolve().parents[3] / "ci"
GOOD = (CI / "targets.toml").read_text(encoding="utf-8")
PINS = (CI / "toolchain.toml").read_text(encoding="utf-8")


def problems_of(tmp_path: Path, text: str) -> str:
    path = tmp_path / "targets.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as failure:
        config.load_targets(path)
    assert failure.value.exit_code == 2
    assert failure.value.hint
    return failure.value.message


def test_the_projects_own_targets_and_pins_are_sound() -> None:
    targets = config.load_targets(CI / "targets.toml")
    toolchain = config.load_toolchain(CI / "toolchain.toml")
    assert [target.name for target in targets] == [
        "cpu-x86_64-unknown-linux-gnu",
        "vulkan-x86_64-unknown-linux-gnu",
        "cuda-x86_64-unknown-linux-gnu",
        "cpu-x86_64-pc-windows-msvc",
        "vulkan-x86_64-pc-windows-msvc",
        "cuda-x86_64-pc-windows-msvc",
        "cpu-aarch64-unknown-linux-gnu",
    ]
    assert targets[0].budget.engine == 20_000_000
    assert targets[3].native_glibc_floor is None
    assert toolchain.cpython_for(targets[0].triple).python.count(".") >= 1
    assert len(toolchain.sdist("llama").facts["commit"]) >= 7


def test_all_problems_are_told_at_once_with_key_value_and_what_is_allowed(tmp_path: Path) -> None:
    text = (
        GOOD.replace('variant = "cpu"', 'variant = "vulcan"', 1)
        .replace('bundles = ["deb"]', 'bundles = ["zip"]', 1)
        .replace('engine = "20 MB"', 'engine = "20 MiB"', 1)
        .replace('smoke = "ci/smoke/exchange.jsonl"\n', "")
    )
    message = problems_of(tmp_path, text)
    assert "target 1 → variant: 'vulcan' is not one of cpu, vulkan, cuda, did you mean `vulkan`?" in message
    assert "target 1 → bundles 1: 'zip' is not one of deb, nsis, app" in message
    assert "target 1 → budget → engine: '20 MiB' has not the form" in message
    assert "project: `smoke` is missing" in message


def test_an_unknown_key_comes_with_a_suggestion(tmp_path: Path) -> None:
    assert "target 7: unknown key `machinse`, did you mean `machines`?" in problems_of(
        tmp_path, GOOD + "machinse = []\n"
    )


def test_a_target_listed_twice_is_refused(tmp_path: Path) -> None:
    again = GOOD[GOOD.index("[[target]]") :]
    assert "`cpu-x86_64-unknown-linux-gnu` is listed twice" in problems_of(tmp_path, GOOD + "\n" + again)


def test_a_machine_that_is_not_described_is_refused(tmp_path: Path) -> None:
    text = GOOD.replace('machines = ["windows"]', 'machines = ["window"]', 1)
    message = problems_of(tmp_path, text)
    assert "`cpu-x86_64-pc-windows-msvc`: there is no [machine.window], did you mean `windows`?" in message


def test_linux_needs_glibc_floors_and_windows_none(tmp_path: Path) -> None:
    message = problems_of(tmp_path, GOOD.replace('native_glibc_floor = "2.28"\n', "", 1))
    assert message.count("is missing") == 1
    assert "target 1: `native_glibc_floor` is missing" in message


def test_a_file_that_is_no_toml_names_the_line(tmp_path: Path) -> None:
    assert "line 2" in problems_of(tmp_path, "[[target]]\nvariant = \n")


def test_a_missing_pin_for_a_triple_says_where_it_belongs() -> None:
    toolchain = config.load_toolchain(CI / "toolchain.toml")
    with pytest.raises(ConfigError, match=r"pins no \[cpython\] for `riscv64-unknown-linux-gnu`"):
        toolchain.cpython_for("riscv64-unknown-linux-gnu")
    with pytest.raises(ConfigError, match=r"pins no \[sdist\] for `whisper`; it has llama"):
        toolchain.sdist("whisper")


def test_a_shortened_hash_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "toolchain.toml"
    path.write_text(PINS.replace('sha256 = "832db069', 'sha256 = "832d'), encoding="utf-8")
    with pytest.raises(ConfigError, match="sdist → llama → sha256: '832d"):
        config.load_toolchain(path)


def test_the_schema_and_the_toolkit_know_the_same_recipes() -> None:
    schema = json.loads((config.SCHEMAS / "targets.json").read_text(encoding="utf-8"))
    named = schema["$defs"]["project"]["properties"]["recipe"]["enum"]
    assert sorted(named) == recipes.names()


def test_the_schemas_are_valid_themselves() -> None:
    for path in config.SCHEMAS.glob("*.json"):
        jsonschema_rs.meta.validate(json.loads(path.read_text(encoding="utf-8")))


def test_only_cuda_targets_name_architectures_and_each_must(tmp_path: Path) -> None:
    named = [target for target in config.load_targets(CI / "targets.toml") if target.architectures]
    assert {target.variant for target in named} == {"cuda"}
    line = next(line for line in GOOD.splitlines() if line.startswith("architectures = "))
    assert "target 3: `architectures` is missing" in problems_of(tmp_path, GOOD.replace(f"{line}\n", "", 1))
    wrong = problems_of(tmp_path, GOOD.replace('"86-real"', '"sm_86"', 1))
    assert "target 3 → architectures 3: 'sm_86' has not the form" in wrong
    assert "architectures" in problems_of(tmp_path, GOOD.replace('variant = "cpu"', f'variant = "cpu"\n{line}', 1))


def test_a_plug_in_may_need_another_glibc_than_the_libraries_beside_it() -> None:
    floors = {
        target.variant: (target.native_glibc_floor, target.plug_in_glibc_floor)
        for target in config.load_targets(CI / "targets.toml")
        if target.triple == "x86_64-unknown-linux-gnu"
    }
    assert floors == {"cpu": ("2.28", "2.28"), "vulkan": ("2.28", "2.28"), "cuda": ("2.28", "2.35")}
