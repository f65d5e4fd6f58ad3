"""The pinned CPython: nothing but its pinned bytes is used, and what was packed for Java becomes an installation."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from sidecarkit import config, digest, interpreter, jars, parts
from sidecarkit.config import CPythonPin
from sidecarkit.errors import PartWrong
from sidecarkit.report import Report

CI = Path(__file__).resolve().parents[3] / "ci"
INSIDE = "org/bytedeco/cpython/linux-x86_64"
PACKED = (
    "bin/python3.13", "bin/pip3", "libpython3.13.so.1.0", "libffi.so.8", "libjnipython.so", "python3.13",
    "lib/python3.13/os.py", "lib/python3.13/test/test_os.py", "share/man/python.1",
    "lib/python3.13/encodings/__init__.py", "lib/python3.13/encodings/utf_8.py", "lib/python3.13/encodings/euc_jp.py",
    "lib/python3.13/lib-dynload/_codecs_jp.cpython-313-x86_64-linux-gnu.so",
    "lib/python3.13/lib-dynload/_json.cpython-313-x86_64-linux-gnu.so",
)  # fmt: skip


@pytest.fixture
def jar() -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("META-INF/MANIFEST.MF", "")
        for name in PACKED:
            archive.writestr(f"{INSIDE}/{name}", name)
    return content.getvalue()


@pytest.fixture
def pin(jar: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CPythonPin:
    """The project's own pin with this jar's hash; the download puts the jar there."""
    monkeypatch.setattr(parts, "folder", lambda: tmp_path / "parts")
    monkeypatch.setattr(jars, "_download", lambda _pin, destination, *_: destination.write_bytes(jar))
    (tmp_path / "jar").write_bytes(jar)
    pinned = config.load_toolchain(CI / "toolchain.toml").cpython_for("x86_64-unknown-linux-gnu")
    return replace(pinned, sha256=digest.of_file(tmp_path / "jar"))


@pytest.fixture
def report() -> Report:
    return Report(io.StringIO())


def test_it_becomes_an_installation(pin: CPythonPin, report: Report, tmp_path: Path) -> None:
    program = interpreter.unpack(pin, tmp_path / "cpython", report)
    assert program == tmp_path / "cpython" / "bin" / "python3.13"
    assert program.stat().st_mode & 0o111
    library = tmp_path / "cpython" / "lib"
    assert (library / "libpython3.13.so").read_text() == "libpython3.13.so.1.0"
    assert (library / "libffi.so.8").is_file()
    assert not (library / "python3.13" / "test").exists()
    assert sorted(path.name for path in (tmp_path / "cpython").iterdir()) == ["bin", "lib"]


def test_it_is_downloaded_once(
    pin: CPythonPin, report: Report, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    interpreter.unpack(pin, tmp_path / "first", report)

    def no_network(*_: object) -> None:
        raise AssertionError("downloaded again")

    monkeypatch.setattr(jars, "_download", no_network)
    interpreter.unpack(pin, tmp_path / "second", report)


def test_other_bytes_than_the_pinned_ones_are_refused_and_not_kept(
    pin: CPythonPin, report: Report, tmp_path: Path
) -> None:
    with pytest.raises(PartWrong, match=f"has the hash {pin.sha256}, pinned is {'0' * 64}"):
        interpreter.unpack(replace(pin, sha256="0" * 64), tmp_path / "cpython", report)
    assert not (tmp_path / "cpython").exists()
    assert [path for path in (tmp_path / "parts").iterdir() if path.suffix != ".lock"] == []


def test_a_kept_file_that_was_damaged_is_downloaded_again(pin: CPythonPin, report: Report, tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / pin.sha256).write_bytes(b"damaged")
    assert interpreter.unpack(pin, tmp_path / "cpython", report).is_file()


def test_encodings_that_a_program_in_utf_8_mode_never_asks_for_are_left_out(
    pin: CPythonPin, report: Report, tmp_path: Path
) -> None:
    interpreter.unpack(pin, tmp_path / "cpython", report)
    interpreter.leave_out_locale_encodings(tmp_path / "cpython", pin)
    modules = tmp_path / "cpython" / "lib" / "python3.13"
    assert sorted(path.name for path in (modules / "encodings").iterdir()) == ["__init__.py", "utf_8.py"]
    assert [path.name.split(".")[0] for path in (modules / "lib-dynload").iterdir()] == ["_json"]
