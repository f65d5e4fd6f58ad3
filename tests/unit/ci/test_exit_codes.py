"""From a failure to the exit code and the text: `python -m sidecarkit` and `python3 noxfile.py` agree."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from sidecarkit import __main__ as cli
from sidecarkit import commandline, errors

ROOT = Path(__file__).resolve().parents[3]


def raising(failure: BaseException) -> object:
    def run(*_: object) -> None:
        raise failure

    return run


@pytest.mark.parametrize(
    ("failure", "code"),
    [
        (errors.MissingTool("no cc", hint="install it"), 4),
        (errors.SlowerThanGate("decode is 0.80"), 6),
        (errors.E2eFailed("no window"), 10),
        (KeyboardInterrupt(), 130),
        (OSError(28, "No space left on device"), 14),
        (ValueError("unforeseen"), 1),
    ],
)
def test_each_failure_has_its_exit_code(
    monkeypatch: pytest.MonkeyPatch, failure: BaseException, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(commandline, "run", raising(failure))
    assert cli.main(["plan"]) == code
    assert capsys.readouterr().out.strip()


def test_no_two_kinds_of_failure_share_an_exit_code() -> None:
    kinds = errors.ToolkitError.__subclasses__()
    codes = [kind.exit_code for kind in kinds]
    assert len(codes) == len(set(codes))
    assert errors.ToolkitError.exit_code not in codes


def test_the_readme_lists_every_exit_code() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    kinds: list[type[errors.ToolkitError]] = [errors.ToolkitError, *errors.ToolkitError.__subclasses__()]
    for kind in kinds:
        assert f"| {kind.exit_code} |" in readme, f"README.md does not list exit code {kind.exit_code}"


def test_an_unknown_target_names_the_known_ones(capsys: pytest.CaptureFixture[str]) -> None:
    code = cli.main(["stage", "native", "--target", "gpu-atari"])
    assert code == errors.NothingSelected.exit_code
    said = capsys.readouterr().out
    assert "there is no target `gpu-atari`" in said
    assert "hint: ci/targets.toml lists cpu-x86_64-unknown-linux-gnu" in said


def bare_noxfile(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, ROOT / "noxfile.py", *words], capture_output=True, text=True, timeout=60, check=False, cwd="/"
    )


def test_the_noxfile_refuses_an_unknown_target_before_it_installs_anything() -> None:
    done = bare_noxfile("--target", "gpu-atari")
    assert done.returncode == errors.ConfigError.exit_code
    assert "hint: `all`, or one of: cpu-x86_64-unknown-linux-gnu" in done.stderr


def test_the_sessions_are_those_of_the_readme() -> None:
    done = bare_noxfile("-l")
    assert done.returncode == 0, done.stderr
    stages = ("native", "plugin", "engine", "pack", "place", "smoke", "bench", "app", "assemble", "e2e")
    names = ["doctor", "plan", *(f"{stage}(cpu-x86_64-unknown-linux-gnu)" for stage in stages), "report", "tests"]
    for name in names:
        (line,) = [line for line in done.stdout.splitlines() if line.lstrip("*- ").startswith(f"{name} -> ")]
        assert len(line.partition("->")[2].strip()) > 10, f"`nox -l` does not explain {name}"


def test_a_failed_stage_passes_its_exit_code_through_nox(tmp_path: Path) -> None:
    checkout = tmp_path / "checkout"
    shutil.copytree(ROOT / "ci", checkout / "ci", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy2(ROOT / "noxfile.py", checkout)
    (checkout / "build").mkdir()
    (checkout / "build" / "environment").symlink_to(ROOT / "build" / "environment")
    toolchain = checkout / "ci" / "toolchain.toml"
    toolchain.write_text(
        toolchain.read_text(encoding="utf-8").replace("[sdist.llama]", "[sdists.llama]"), encoding="utf-8"
    )
    done = subprocess.run(
        [sys.executable, checkout / "noxfile.py", "-s", "plan"], capture_output=True, text=True, timeout=60,
        check=False, env={key: value for key, value in os.environ.items() if key != "SIDECARKIT_EXIT_CODE_FILE"},
    )  # fmt: skip
    assert done.returncode == errors.ConfigError.exit_code, done.stdout + done.stderr
    assert "unknown key `sdists`, did you mean `sdist`?" in done.stdout
