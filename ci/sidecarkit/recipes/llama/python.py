"""What is compiled into the engine beside the sidecar: the low-level half of the bindings, and jinja2 as bytecode."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from sidecarkit import digest, parts
from sidecarkit.recipes import modules
from sidecarkit.recipes.llama import bindings
from sidecarkit.recipes.recipe import Engine

if TYPE_CHECKING:
    from sidecarkit.job import Job

PIN = "llama"
PLUG_IN = Path(__file__).with_name("as_bytecode.py")
BINDINGS = ("llama_cpp.py", "_ctypes_extensions.py")
# The two files of the bindings stand alone; the package's own __init__ would import numpy and jinja2.
STUBS: Mapping[str, str] = {
    "llama_cpp/__init__.py": '"""The low-level half of llama-cpp-python."""\n',
    "typing_extensions.py": '"""All that the bindings take from it is in the standard library now."""\n'
    "from typing import TypeAlias as TypeAlias\n",
}


def inputs(job: Job) -> dict[str, str]:
    """The bindings and what is made of them."""
    return {
        "bindings": job.toolchain.sdist(PIN).sha256,
        "bindings' recipe": digest.of_file(Path(bindings.__file__)),
        "plug-in": digest.of_file(PLUG_IN),
        "recipe": digest.of_file(Path(__file__)),
        **modules.inputs(),
    }


def gather(job: Job, folder: Path) -> None:
    """Put the bindings into `folder`, cut down to what the sidecar there calls. Raises PartWrong."""
    for name, text in STUBS.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    source = parts.unpack_sdist(job.toolchain.sdist(PIN), "llama_cpp", folder.parent / "sdist", job.report)
    for name in BINDINGS:
        shutil.copyfile(source / name, folder / "llama_cpp" / name)
    _cut(folder / "llama_cpp" / BINDINGS[0], folder / job.target.project.package.name)


def _cut(file: Path, package: Path) -> None:
    used = bindings.names_used(path.read_text(encoding="utf-8") for path in sorted(package.rglob("*.py")))
    file.write_text(bindings.subset(file.read_text(encoding="utf-8"), used), encoding="utf-8")


ENGINE = Engine(
    inputs=inputs,
    gather=gather,
    # jinja2's plain half is fast enough, and the other one is a library of its own.
    flags=(*modules.flags(left_out=("markupsafe._speedups",)), f"--user-plugin={PLUG_IN}"),
)
