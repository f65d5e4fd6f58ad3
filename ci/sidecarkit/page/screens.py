"""The pictures that e2e took of the app, carried inside the page."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

FOLDER = "screenshots"


@dataclass(frozen=True, kw_only=True)
class Screen:
    """One picture; `width` and `height` in pixels, `uri` empty where the file is no sound PNG."""

    title: str
    file_name: str
    uri: str
    width: int = 0
    height: int = 0


def screens(build: Path) -> tuple[Screen, ...]:
    """The target's pictures in the order of their names, which begin with a number."""
    return tuple(_screen(path) for path in sorted((build / FOLDER).glob("*.png")))


def _screen(path: Path) -> Screen:
    title = path.stem.partition("-")[2].replace("-", " ") or path.stem
    try:
        with Image.open(path, formats=["PNG"]) as picture:
            width, height = picture.size
            picture.verify()
        encoded = base64.b64encode(path.read_bytes()).decode("ascii")
    # Pillow names damage in many ways, SyntaxError among them.
    except Exception:
        return Screen(title=title, file_name=path.name, uri="")
    return Screen(title=title, file_name=path.name, uri=f"data:image/png;base64,{encoded}", width=width, height=height)
