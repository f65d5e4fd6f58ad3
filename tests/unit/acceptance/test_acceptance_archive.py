"""What the archive for a machine with a card holds, and that it runs there with nothing but a Python."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from sidecarkit import acceptance
from sidecarkit.errors import NothingSelected, WrongBinary
from sidecarkit.job import Job, Options
from sidecarkit.report import Report
from sidecarkit.workspace import Workspace

ROOT = Path(__file__).resolve().parents[3]
LIMIT_S = 60
# Runs a program on a machine of which no library of a driver can be loaded.
NO_DRIVER = """
import ctypes, runpy, sys
def load(name): raise OSError("none")
ctypes.CDLL = load
del sys.argv[0]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


@pytest.fixture
def job() -> Job:
    workspace = Workspace.read(ROOT, Report(io.StringIO())).for_architectures(["90-real"])
    return workspace.job(workspace.target("cuda-x86_64-unknown-linux-gnu"), Options())


@pytest.fixture
def parts(tmp_path: Path) -> acceptance.Parts:
    engine, native, other = (tmp_path / name for name in ("packed", "native", "vulkan"))
    for path, text in {
        engine / "build.json": '{"variant": "cuda"}',
        engine / "localai-sidecar": "program",
        **{engine / "llama" / name: name for name in ("libllama.so", "libggml-cuda.so", *acceptance.LEFT_OUT)},
        native / "tools" / "llama-bench": "tool",
        native / "tools" / "libllama-common.so": "of the tool alone",
        other / "lib" / "libggml-vulkan.so": "vulkan",
    }.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (native / "tools" / "libllama.so").symlink_to("../lib/libllama.so")
    return acceptance.Parts(engine=engine, native=native, plug_ins=(other,))


def test_both_backends_lie_in_one_engine_and_cublas_comes_from_the_machine(
    job: Job, parts: acceptance.Parts, tmp_path: Path
) -> None:
    folder = tmp_path / acceptance.NAME
    acceptance.compose(folder, parts, job)
    libraries = {path.name for path in (folder / "engine" / "llama").iterdir()}
    assert libraries == {"libllama.so", "libggml-cuda.so", "libggml-vulkan.so"}
    assert acceptance.LEFT_OUT == ("libcublas.so.13", "libcublasLt.so.13")
    assert (folder / "models" / "stories260K.gguf").stat().st_size > 1_000_000


def test_the_tool_finds_the_engines_own_libraries_wherever_it_is_unpacked(
    job: Job, parts: acceptance.Parts, tmp_path: Path
) -> None:
    acceptance.compose(tmp_path / "first", parts, job)
    folder = (tmp_path / "first").rename(tmp_path / "elsewhere")
    tools = folder / "tools"
    assert (tools / "libggml-cuda.so").read_text() == "libggml-cuda.so"
    assert {path.name for path in tools.iterdir() if not path.is_symlink()} == {"llama-bench", "libllama-common.so"}
    assert {path.resolve().parent for path in tools.iterdir() if path.is_symlink()} == {folder / "engine" / "llama"}


def test_it_runs_with_the_standard_library_alone(job: Job, parts: acceptance.Parts, tmp_path: Path) -> None:
    folder = tmp_path / acceptance.NAME
    acceptance.compose(folder, parts, job)
    words = [sys.executable, "-I", "-S", str(folder / "accept.py")]
    shown = subprocess.run([*words, "--help"], capture_output=True, text=True, check=True, timeout=LIMIT_S)
    assert "--pairs" in shown.stdout
    words[3:] = ["-c", NO_DRIVER, str(folder / "accept.py")]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=LIMIT_S)
    assert done.returncode == 1, done.stderr
    result = json.loads((folder / "result.json").read_text())
    assert result["steps"][0]["said"] == "there is no NVIDIA driver: none"


def test_an_archive_for_several_architectures_or_an_unwieldy_one_is_refused(
    job: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = Workspace.read(ROOT, Report(io.StringIO()))
    with pytest.raises(NothingSelected, match="for one architecture, and 7 are chosen"):
        acceptance.make(whole.job(whole.target(job.target.name), Options()), [])
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "file").write_text("content")
    archive = acceptance.packed(tmp_path / "folder", tmp_path / "small.tar.xz", job)
    with tarfile.open(archive) as opened:
        assert opened.getnames() == ["folder/file"]
    monkeypatch.setattr(acceptance, "LIMIT_BYTES", 10)
    with pytest.raises(WrongBinary, match="more than 10 B"):
        acceptance.packed(tmp_path / "folder", tmp_path / "large.tar.xz", job)
