"""The built CUDA sidecar on a machine without a card: its parts are as promised, it is passed over with the reason.

Compiling it takes the better part of an hour, so these tests are for who has: without a placed CUDA sidecar they are
left out. `python3 noxfile.py -s 'place(cuda-x86_64-unknown-linux-gnu)' -- --architectures 90-real` makes one.
"""

from __future__ import annotations

import ctypes
import json
import subprocess
import sys
from pathlib import Path

import pytest

from sidecarkit import audit
from sidecarkit.audit import device_code
from sidecarkit.config import Target
from sidecarkit.sidecar_client import SidecarClient

LIMIT_S = 120.0
# Loads the plug-in as the engine would, beside the libraries that ship; then a plug-in for the processor.
LOAD = """
import ctypes, json, os, sys
from pathlib import Path
folder = Path(sys.argv[1])
for name in ("libggml-base.so", "libggml.so"):
    ggml = ctypes.CDLL(str(folder / name), mode=ctypes.RTLD_GLOBAL)
ggml.ggml_backend_load.restype, ggml.ggml_backend_load.argtypes = ctypes.c_void_p, [ctypes.c_char_p]
loaded = {name: bool(ggml.ggml_backend_load(os.fsencode(folder / name))) for name in sys.argv[2:]}
print(json.dumps(loaded))
"""


@pytest.fixture
def no_driver() -> None:
    try:
        ctypes.CDLL("libcuda.so.1")
    except OSError:
        return
    pytest.skip("this machine has an NVIDIA driver: session gpu_acceptance tries the card")


def test_the_plug_in_has_code_for_what_the_folder_says_and_needs_what_ships_beside_it(folder: Path) -> None:
    plug_in = folder / "llama" / "libggml-cuda.so"
    stated = json.loads((folder / "build.json").read_text(encoding="utf-8"))["architectures"]
    assert device_code.named(device_code.used_by(plug_in)) == device_code.named(frozenset(stated))
    beside = {path.name for path in plug_in.parent.iterdir()}
    own = {name for name in audit.read(plug_in).needed if name.startswith(("libgg", "libcu"))}
    assert own - beside == {"libcuda.so.1"}
    assert {"libcublas.so.13", "libcublasLt.so.13"} <= beside, "what is loaded at its first use must be there too"


@pytest.mark.usefixtures("no_driver")
def test_it_cannot_be_loaded_without_a_driver_and_the_processor_can(folder: Path) -> None:
    names = ["libggml-cuda.so", "libggml-cpu-x64.so"]
    words = [sys.executable, "-c", LOAD, str(folder / "llama"), *names]
    done = subprocess.run(words, capture_output=True, text=True, check=True, timeout=LIMIT_S, cwd="/")
    assert json.loads(done.stdout) == {"libggml-cuda.so": False, "libggml-cpu-x64.so": True}
    assert "libcuda.so.1: cannot open shared object file" in done.stderr


@pytest.mark.usefixtures("no_driver")
def test_the_engine_answers_on_the_processor_and_says_why_not_on_a_card(
    folder: Path, target: Target, tmp_path: Path, tiny_model: Path
) -> None:
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path)}
    with SidecarClient([folder / target.program_name], env=environment, cwd=tmp_path) as sidecar:
        sidecar.initialize()
        loaded = sidecar.request("model/load", {"path": str(tiny_model), "threads": 1}, LIMIT_S).result
        assert loaded["device"] == "CPU"
        assert sidecar.request("generate", {"prompt": "Once", "maxTokens": 8}).result["completionTokens"] == 8
        backends = {each["name"]: each for each in sidecar.request("status").result["backends"]}
    assert backends["CUDA"]["state"] == "unavailable"
    assert "no NVIDIA driver" in backends["CUDA"]["reason"]
