"""`--version`, `--self-test`, and wrong options."""

import json
import subprocess
from pathlib import Path

import pytest

LIMIT_S = 60.0


def run(command: tuple[str, ...], *arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*command, *arguments], capture_output=True, text=True, timeout=LIMIT_S, cwd=cwd, check=False)


def test_version_names_the_build(sidecar_command: tuple[str, ...]) -> None:
    done = run(sidecar_command, "--version")
    assert done.returncode == 0
    assert done.stdout.startswith("localai-sidecar 0.1.0 (")
    assert done.stderr == ""


def test_self_test_without_a_model_lists_the_backends(sidecar_command: tuple[str, ...]) -> None:
    done = run(sidecar_command, "--self-test")
    report = json.loads(done.stdout)
    assert done.returncode == 0
    assert (report["ok"], report["error"], report["text"]) == (True, None, None)
    assert report["backends"][0]["state"] == "ready"
    assert report["buildId"] in run(sidecar_command, "--version").stdout


def test_self_test_with_a_model_writes_text(sidecar_command: tuple[str, ...], tiny_model: Path) -> None:
    done = run(sidecar_command, "--self-test", "--model", tiny_model.name, "--tokens", "12", cwd=tiny_model.parent)
    report = json.loads(done.stdout)
    assert done.returncode == 0
    assert report["text"].startswith(", there was a little")
    assert report["device"] == "CPU"
    assert report["tokensPerSecond"] > 0
    assert report["rssBytes"] > 0


@pytest.mark.parametrize(
    ("arguments", "kind"),
    [
        (("--self-test", "--model", "/nowhere.gguf"), "model_not_found"),
        (("--self-test", "--device", "Vulkan0"), "device_unavailable"),
    ],
)
def test_self_test_tells_what_failed(sidecar_command: tuple[str, ...], arguments: tuple[str, ...], kind: str) -> None:
    done = run(sidecar_command, *arguments)
    report = json.loads(done.stdout)
    assert done.returncode == 70
    assert (report["ok"], report["error"]["kind"]) == (False, kind)
    assert report["error"]["hint"]


@pytest.mark.parametrize(
    "arguments",
    [("--nonsense",), ("file.gguf",), ("--self-test", "--tokens", "0"), ("--model", "x"), ("--version", "--self-test")],
    ids=" ".join,
)
def test_a_wrong_option_exits_with_64_and_a_hint(sidecar_command: tuple[str, ...], arguments: tuple[str, ...]) -> None:
    done = run(sidecar_command, *arguments)
    assert done.returncode == 64
    assert done.stdout == ""
    assert "hint:" in done.stderr
