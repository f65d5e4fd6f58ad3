"""targets.toml and toolchain.toml: what is accepted, and how everything wrong is told at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from sidecarkit import config
from sidecarkit.errors import ConfigError

CI = Path(__file__).resolve().parents[3] / "ci"
GOOD = (CI / "targets.toml").read_text(encoding="utf-8")


def problems_of(tmp_path: Path, text: str) -> str:
    path = tmp_path / "targets.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as failure:
        config.load_targets(path)
    return failure.value.message


def test_the_projects_own_targets_and_pins_are_sound() -> None:
    (target, *_) = config.load_targets(CI / "targets.toml")
    toolchain = config.load_toolchain(CI / "toolchain.toml")
    assert target.name == "cpu-x86_64-unknown-linux-gnu"
    assert toolchain.cpython_for(target.triple).python.count(".") >= 1


def test_all_problems_are_told_at_once_with_key_and_value(tmp_path: Path) -> None:
    text = GOOD.replace('variant = "cpu"', 'variant = "gpu"').replace('bundles = ["deb"]', 'bundles = ["zip"]')
    message = problems_of(tmp_path, text)
    assert "`variant` is 'gpu', allowed: cpu" in message
    assert "`bundles` must list some of deb, found ['zip']" in message


def test_an_unknown_key_comes_with_a_suggestion(tmp_path: Path) -> None:
    assert "unknown key `recipee`, did you mean `recipe`?" in problems_of(tmp_path, GOOD + 'recipee = "x"\n')


def test_a_target_listed_twice_is_refused(tmp_path: Path) -> None:
    assert "`cpu-x86_64-unknown-linux-gnu` is listed twice" in problems_of(tmp_path, GOOD + GOOD)


def test_a_file_that_is_no_toml_names_the_line(tmp_path: Path) -> None:
    assert "line 2" in problems_of(tmp_path, "[[target]]\nvariant = \n")


def test_a_missing_pin_for_a_triple_says_where_it_belongs() -> None:
    toolchain = config.load_toolchain(CI / "toolchain.toml")
    with pytest.raises(ConfigError, match="pins no CPython for `riscv64-unknown-linux-gnu`"):
        toolchain.cpython_for("riscv64-unknown-linux-gnu")


def test_a_shortened_hash_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "toolchain.toml"
    text = (CI / "toolchain.toml").read_text(encoding="utf-8")
    path.write_text(text.replace('sha256 = "832db069', 'sha256 = "832d'), encoding="utf-8")
    with pytest.raises(ConfigError, match=r"\[llama\]: `sha256` is '832d"):
        config.load_toolchain(path)
