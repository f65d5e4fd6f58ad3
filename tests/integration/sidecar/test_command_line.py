"""`--version`, `--self-test`, `--bench`, and wrong options."""

import json
import os
import shutil
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


def test_bench_measures_prefill_and_decode(sidecar_command: tuple[str, ...], tiny_model: Path) -> None:
    sizes = ("--prompt-tokens", "64", "--predict", "16", "--repetitions", "3", "--threads", "1")
    done = run(sidecar_command, "--bench", "--model", tiny_model.name, *sizes, cwd=tiny_model.parent)
    report = json.loads(done.stdout)
    assert done.returncode == 0
    assert (report["device"], report["threads"], report["error"]) == ("CPU", 1, None)
    assert (report["promptTokens"], report["predict"]) == (64, 16)
    for rates in (report["promptTokensPerSecond"], report["decodeTokensPerSecond"]):
        assert len(rates) == 3
        assert min(rates) > 0
    assert report["buildId"] in run(sidecar_command, "--version").stdout


@pytest.mark.parametrize(
    ("arguments", "kind"),
    [
        (("--model", "/nowhere.gguf"), "model_not_found"),
        (("--model", "${MODEL}", "--device", "Vulkan0"), "device_unavailable"),
        (("--model", "${MODEL}", "--prompt-tokens", "513"), "invalid_params"),
    ],
)
def test_bench_tells_what_failed(
    sidecar_command: tuple[str, ...], tiny_model: Path, arguments: tuple[str, ...], kind: str
) -> None:
    done = run(sidecar_command, "--bench", *(word.replace("${MODEL}", str(tiny_model)) for word in arguments))
    report = json.loads(done.stdout)
    assert done.returncode == 70
    assert report["error"]["kind"] == kind
    assert report["error"]["hint"]
    assert (report["promptTokensPerSecond"], report["decodeTokensPerSecond"]) == ([], [])


@pytest.mark.parametrize(
    "arguments",
    [
        ("--nonsense",),
        ("file.gguf",),
        ("--self-test", "--tokens", "0"),
        ("--model", "x"),
        ("--version", "--self-test"),
        ("--bench",),
        ("--bench", "--model", "x", "--threads", "513"),
    ],
    ids=" ".join,
)
def test_a_wrong_option_exits_with_64_and_a_hint(sidecar_command: tuple[str, ...], arguments: tuple[str, ...]) -> None:
    done = run(sidecar_command, *arguments)
    assert done.returncode == 64
    assert done.stdout == ""
    assert "hint:" in done.stderr


def test_missing_libraries_exit_with_69_and_a_hint(sidecar_command: tuple[str, ...], tmp_path: Path) -> None:
    command, env = without_libraries(sidecar_command, tmp_path)
    serving = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, timeout=LIMIT_S, env=env, check=False
    )
    assert serving.returncode == 69
    assert b"libggml-base.so" in serving.stderr
    testing = subprocess.run(
        [*command, "--self-test"], stdin=subprocess.DEVNULL, capture_output=True, timeout=LIMIT_S, env=env, check=False
    )
    assert testing.returncode == 69
    assert json.loads(testing.stdout)["error"]["kind"] == "libraries"


def without_libraries(command: tuple[str, ...], folder: Path) -> tuple[list[str], dict[str, str]]:
    """The same engine with no `llama/` beside it."""
    env = {**os.environ, "XDG_CACHE_HOME": str(folder / "cache")}
    if "-m" in command:
        build = {"buildId": "0", "variant": "cpu", "triple": "none"}
        (folder / "build.json").write_text(json.dumps(build))
        return [*command], {**env, "LOCALAI_SIDECAR_FOLDER": str(folder)}
    engine, copy = engine_of(Path(command[0]), env), folder / "engine"
    shutil.copytree(engine, copy, ignore=lambda _, names: {"llama"} & set(names))
    return [str(copy / "localai-sidecar")], env


def engine_of(program: Path, env: dict[str, str]) -> Path:
    """The engine's folder; the single file makes it on its first start, in the user's cache."""
    if (program.parent / "build.json").is_file():
        return program.parent
    subprocess.run([program, "--version"], env=env, capture_output=True, timeout=LIMIT_S, check=True)
    (found,) = Path(env["XDG_CACHE_HOME"]).glob("localai-sidecar/*/build.json")
    return found.parent
