"""The pinned CPython that is compiled into the engine: fetched, checked, unpacked and repaired.

It comes from Maven Central, where it is packed for Java programs. `archive` and `_repair` are all that
would change with another source.
"""

from __future__ import annotations

import re
import shutil
import tempfile
import zipfile
from pathlib import Path

from sidecarkit import jars
from sidecarkit.config import CPythonPin
from sidecarkit.report import Report

# Nothing of these is compiled in, and half of the interpreter's 90 MB is its own test suite.
_UNNEEDED = ("share", "libs", "lib/cmake", "lib/engines-3", "lib/ossl-modules", "lib/pkgconfig")
_KEPT_ENCODINGS = re.compile(
    r"(__init__|aliases|utf_.*|ascii|latin_1|iso8859_1|cp1252|charmap|undefined|.*unicode_escape|mbcs|oem|idna)"
)
_UNNEEDED_MODULES = ("test", "idlelib", "tkinter", "turtledemo", "ensurepip", "pydoc_data")


def unpack(pin: CPythonPin, destination: Path, report: Report) -> Path:
    """Unpack the pinned interpreter into the new folder `destination` and return its program.

    Raises PartWrong when it cannot be had or its bytes are not the pinned ones.
    """
    packed = archive(pin, report)
    inside = f"org/{pin.group.rpartition('.')[2]}/{pin.artifact}/{pin.classifier}"
    with tempfile.TemporaryDirectory(dir=destination.parent) as workplace:
        with zipfile.ZipFile(packed) as jar:
            jar.extractall(workplace, [name for name in jar.namelist() if name.startswith(f"{inside}/")])
        (Path(workplace) / inside).rename(destination)
    _repair(destination, pin.python)
    return program(destination, pin)


def program(home: Path, pin: CPythonPin) -> Path:
    """The interpreter's executable in the folder it was unpacked to."""
    return home / "bin" / f"python{_short(pin.python)}"


def leave_out_locale_encodings(home: Path, pin: CPythonPin) -> None:
    """Remove the encodings that a program in UTF-8 mode never asks for.

    Nuitka compiles in every encoding there is, with 1 MB of tables for East Asian ones, because a program
    in the locale's encoding could not start without it.
    """
    modules = home / "lib" / f"python{_short(pin.python)}"
    for path in (modules / "encodings").glob("*.py"):
        if not _KEPT_ENCODINGS.fullmatch(path.stem):
            path.unlink()
    for pattern in ("_codecs_*", "_multibytecodec.*"):
        for path in (modules / "lib-dynload").glob(pattern):
            path.unlink()


def archive(pin: CPythonPin, report: Report) -> Path:
    """The pinned archive, downloaded when it is not there yet. Raises PartWrong as `unpack` does."""
    return jars.fetch(pin, f"CPython {pin.python}", report)


def _repair(folder: Path, version: str) -> None:
    """Make a Python installation of what was packed as resources of a Java program."""
    short = _short(version)
    library, modules = folder / "lib", folder / "lib" / f"python{short}"
    for name in _UNNEEDED:
        shutil.rmtree(folder / name, ignore_errors=True)
    for name in _UNNEEDED_MODULES:
        shutil.rmtree(modules / name, ignore_errors=True)
    for path in [folder / f"python{short}", folder / "libjnipython.so"]:
        path.unlink(missing_ok=True)
    for path in folder.glob("lib*.so*"):
        path.rename(library / path.name)
    # The linker looks for the library without a version, running programs for the one with it.
    (library / f"libpython{short}.so").symlink_to(f"libpython{short}.so.1.0")
    for program in (folder / "bin").iterdir():
        program.chmod(0o755)


def _short(version: str) -> str:
    return ".".join(version.split(".")[:2])
