"""NVIDIA's wheels made a toolkit: links, programs that run, no paths in symbols; and machines without a compiler."""

from __future__ import annotations

import io
import subprocess
import zipfile
from pathlib import Path

import lief
import pytest

from sidecarkit import wheels
from sidecarkit.errors import MissingTool
from sidecarkit.report import Report
from sidecarkit.tools import cuda

LIMIT_S = 60.0
# Says what it was told, as the real one never would.
TOLD = '#!/bin/sh\nfor word do echo "<$word>"; done\n'
FILES = {
    "nvidia-cuda-nvcc": {"bin/nvcc": TOLD, "bin/cudafe++": TOLD, "bin/crt/link.stub": "data"},
    "nvidia-nvvm": {"nvvm/bin/cicc": TOLD, "nvvm/libdevice/libdevice.10.bc": "data"},
    "nvidia-cuda-runtime": {"lib/libcudart.so.13": "cudart"},
    "nvidia-cublas": {"lib/libcublas.so.13": "cublas", "lib/libcublasLt.so.13": "cublasLt"},
}


@pytest.fixture
def toolkit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> cuda.Toolkit:
    def fetch(package: str, _lock: Path, _report: Report) -> Path:
        path = tmp_path / f"{package}.whl"
        with zipfile.ZipFile(path, "w") as wheel:
            wheel.writestr(f"{package}.dist-info/METADATA", "not for the toolkit")
            for name, text in FILES.get(package, {}).items():
                wheel.writestr(f"nvidia/cu13/{name}", text)
        return path

    monkeypatch.setattr(wheels, "fetch", fetch)
    with_gcc(tmp_path, monkeypatch, "12.2.0")
    return cuda.unpack(
        tmp_path / "cuda.txt", tmp_path / "toolkit", driver_functions=("cuMemMap", "cuMemUnmap"),
        log=tmp_path / "log", report=Report(io.StringIO()),
    )  # fmt: skip


def with_gcc(folder: Path, monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    programs = folder / "programs"
    programs.mkdir()
    if version:
        (programs / "g++").write_text(f"#!/bin/sh\necho {version}\n")
        (programs / "g++").chmod(0o755)
    monkeypatch.setenv("PATH", str(programs))


def test_libraries_are_found_by_their_names_without_a_version_and_in_lib64(toolkit: cuda.Toolkit) -> None:
    for name in ("cudart", "cublas", "cublasLt"):
        assert (toolkit.root / "lib64" / f"lib{name}.so").read_text() == name
    assert not list(toolkit.root.parent.rglob("METADATA"))


def test_the_stand_in_for_the_driver_has_its_name_and_the_functions_that_are_linked(toolkit: cuda.Toolkit) -> None:
    stub = lief.parse(str(toolkit.root / "lib64" / "stubs" / "libcuda.so"))
    assert isinstance(stub, lief.ELF.Binary)
    assert {str(symbol.name) for symbol in stub.exported_symbols} >= {"cuMemMap", "cuMemUnmap"}
    assert [entry.name for entry in stub.dynamic_entries if isinstance(entry, lief.ELF.DynamicSharedObject)] == [
        "libcuda.so.1"
    ]


@pytest.mark.parametrize("name", ["bin/cudafe++", "nvvm/bin/cicc"])
def test_the_compilers_halves_are_told_the_source_s_name_and_not_where_it_lies(
    toolkit: cuda.Toolkit, name: str
) -> None:
    words = ["--orig_src_file_name", "/a b/x.cu", "--orig_src_path_name", "/a b/x.cu", "", "a  b", "/c/d"]
    said = subprocess.run(
        [toolkit.root / name, *words], capture_output=True, text=True, check=True, timeout=LIMIT_S
    ).stdout.splitlines()
    words[3] = "x.cu"
    assert said == [f"<{word}>" for word in words]


def test_nvcc_can_be_run_and_is_left_as_it_is(toolkit: cuda.Toolkit) -> None:
    assert subprocess.run([toolkit.nvcc, "-v"], capture_output=True, check=True, timeout=LIMIT_S).stdout == b"<-v>\n"


@pytest.mark.parametrize(("version", "said"), [("16.1.0", "this machine has 16.1.0"), ("", "this machine has none")])
def test_a_machine_without_a_compiler_that_nvcc_takes_is_told_so_before_anything_is_fetched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str, said: str
) -> None:
    with_gcc(tmp_path, monkeypatch, version)
    assert said in str(cuda.lacks())
    with pytest.raises(MissingTool, match=said):
        cuda.unpack(
            tmp_path / "none.txt", tmp_path / "toolkit", driver_functions=(),
            log=tmp_path / "log", report=Report(io.StringIO()),
        )  # fmt: skip


@pytest.mark.parametrize("version", ["9.5.0", "12.2.0", "15.2.1"])
def test_every_gcc_up_to_the_newest_that_nvcc_takes_will_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    with_gcc(tmp_path, monkeypatch, version)
    assert cuda.lacks() is None
