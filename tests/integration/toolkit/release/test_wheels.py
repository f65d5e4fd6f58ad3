"""Wheels of a hash-locked file, made and served from a folder: kept, checked, fetched anew when damaged."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path

import pytest

from sidecarkit import parts, wheels
from sidecarkit.errors import PartWrong
from sidecarkit.report import Report


@pytest.fixture
def wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A wheel in the only place where pip may look, and a cache of its own."""
    path = tmp_path / "index" / "spark-1.0-py3-none-any.whl"
    path.parent.mkdir()
    with zipfile.ZipFile(path, "w") as archive:
        info = "spark-1.0.dist-info"
        archive.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: spark\nVersion: 1.0\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(path.parent))
    monkeypatch.setattr(parts, "folder", lambda: tmp_path / "parts")
    return path


def lock(folder: Path, sha256: str) -> Path:
    path = folder / "engine.txt"
    path.write_text(
        f"other==2.0 \\\n    --hash=sha256:{'0' * 64}\nspark==1.0 \\\n    --hash=sha256:{sha256}\n", encoding="utf-8"
    )
    return path


def test_the_pinned_wheel_is_fetched_once_and_again_when_it_was_damaged(
    wheel: Path, tmp_path: Path, report: Report
) -> None:
    content = wheel.read_bytes()
    pinned = lock(tmp_path, hashlib.sha256(content).hexdigest())
    fetched = wheels.fetch("spark", pinned, report)
    assert fetched.read_bytes() == content
    fetched.write_bytes(b"damage")
    assert wheels.fetch("spark", pinned, report).read_bytes() == content
    wheel.unlink()
    assert wheels.fetch("spark", pinned, report).read_bytes() == content


def test_a_wheel_with_another_hash_is_refused_with_the_log(wheel: Path, tmp_path: Path, report: Report) -> None:
    assert wheel.is_file()
    with pytest.raises(PartWrong, match="is not the pinned file") as caught:
        wheels.fetch("spark", lock(tmp_path, "1" * 64), report)
    assert caught.value.exit_code == 13
    assert caught.value.log


def test_a_package_that_the_lock_does_not_hold_is_named(tmp_path: Path, report: Report) -> None:
    with pytest.raises(PartWrong, match=r"engine\.txt does not pin `spork`"):
        wheels.fetch("spork", lock(tmp_path, "1" * 64), report)
