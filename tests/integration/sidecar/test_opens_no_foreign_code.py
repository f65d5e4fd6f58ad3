"""What strace sees of a start in a hostile place: code from the engine's own folder and the system, and no socket."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from sidecarkit.sidecar_client import SidecarClient

LIMIT_S = 90.0
SYSTEM = ("/lib/", "/lib64/", "/usr/lib/", "/usr/lib64/")
PLANTED_LIBRARIES = """
    libllama.so libggml.so libggml-base.so libggml-cpu.so libggml-cpu-haswell.so libggml-vulkan.so
    libpython3.13.so.1.0 libffi.so.8 _ctypes.so _json.so math.so select.so
"""
PLANTED_MODULES = (
    "sitecustomize.py usercustomize.py json.py os.py encodings.py ctypes.py llama_cpp.py jinja2.py site.py"
)
PYTHON_VARIABLES = """
    PYTHONPATH PYTHONHOME PYTHONSTARTUP PYTHONUSERBASE PYTHONPLATLIBDIR PYTHONEXECUTABLE PYTHONPYCACHEPREFIX
"""
LLAMA_VARIABLES = "GGML_BACKEND_PATH LLAMA_CPP_LIB_PATH LLAMA_CPP_LIB LLAMA_CACHE GGML_CUDA_PATH LLAMA_ARG_MODEL"
# -y writes a file descriptor with the path it stands for.
TRACE = ("strace", "-f", "-y", "-qq", "-e", "trace=open,openat,openat2,execve,mmap,socket")
PATH_OF_DESCRIPTOR = re.compile(r", \d+<(/[^>]*)>, ")
OPENED = re.compile(r"open(?:at2?)?\(.* = \d+<(/[^>]*)>")
STARTED = re.compile(r'execve\("([^"]*)".* = 0')


@pytest.fixture
def planted(tmp_path: Path) -> Path:
    folder = tmp_path / "planted"
    folder.mkdir()
    for name in PLANTED_LIBRARIES.split():
        (folder / name).write_bytes(b"\x7fELF planted")
    for name in PLANTED_MODULES.split():
        (folder / name).write_text("raise SystemExit('planted code ran')\n")
    return folder


def hostile(folder: Path) -> dict[str, str]:
    """Variables that tell Python, ggml and the linker to look in `folder`."""
    names = [*PYTHON_VARIABLES.split(), *LLAMA_VARIABLES.split(), "LD_LIBRARY_PATH"]
    more = {"PYTHONINSPECT": "1", "PYTHONVERBOSE": "1", "PYTHONBREAKPOINT": "json.loads", "PYTHONWARNINGS": "error"}
    return {**dict.fromkeys(names, str(folder)), **more}


def test_code_comes_from_its_own_folder_and_the_system_only(
    sidecar_command: tuple[str, ...], warm_cache: Path, planted: Path, tmp_path: Path, tiny_model: Path
) -> None:
    if "-m" in sidecar_command:
        pytest.skip("the sources run in a Python that takes its code from anywhere")
    log = tmp_path / "strace.log"
    env = {**os.environ, "XDG_CACHE_HOME": str(warm_cache), **hostile(planted)}
    with SidecarClient([*TRACE, "-o", str(log), *sidecar_command], env=env, cwd=planted) as client:
        # An empty cache: the processes that prove and open are traced, too.
        client.initialize(LIMIT_S, cache={"folder": str(tmp_path / "cache")})
        client.request("model/load", {"path": str(tiny_model), "threads": 2}, LIMIT_S)
        client.request("generate", {"prompt": "Once", "maxTokens": 3}, LIMIT_S)
        client.close_stdin()
        assert client.wait_for_exit(LIMIT_S) == 0
    lines = log.read_text(errors="replace").splitlines()
    programs = {Path(name).resolve() for line in lines for name in STARTED.findall(line)}
    own_folders = tuple(f"{program.parent}/" for program in programs if (program.parent / "build.json").exists())
    assert own_folders
    mapped = {name for line in lines if "PROT_EXEC" in line for name in PATH_OF_DESCRIPTOR.findall(line)}
    assert any(name.endswith("/libllama.so") for name in mapped)
    assert not [name for name in mapped if not name.startswith((*own_folders, *SYSTEM))]
    opened = {name for line in lines for name in OPENED.findall(line)}
    assert str(tiny_model) in opened
    assert not [name for name in opened if name.startswith(f"{planted}/")]
    assert not [line for line in lines if "socket(" in line]
