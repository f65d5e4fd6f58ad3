"""matplotlib's SVG made part of a page: its colours follow the page's theme, its ids clash with no other's."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Mapping

from markupsafe import Markup

_SVG = "{http://www.w3.org/2000/svg}"
_HREF = "{http://www.w3.org/1999/xlink}href"
_URL = re.compile(r"url\(#([^)]+)\)")
# What matplotlib says about fonts and metrics is left to the page's style sheet.
_FONT_FAMILY = re.compile(r"font(-family)?: ?[^;]*'[^;]*;? ?")


def inline(drawn: str, *, name: str, description: str, colours: Mapping[str, str]) -> Markup:
    """The drawing as an element of an HTML page.

    `name` is unique on the page, `description` what the picture says to those who do not see it, `colours` maps
    the colours that were drawn with (`#rrggbb`) to what CSS shall put in their place.
    """
    root = ET.fromstring(drawn)
    _drop(root, {f"{_SVG}metadata", f"{_SVG}style"})
    _rename_ids(root, name)
    for key in ("width", "height", "version"):
        root.attrib.pop(key, None)
    root.set("role", "img")
    root.set("aria-label", description)
    for element in root.iter():
        element.tag = element.tag.removeprefix(_SVG)
        if "style" in element.attrib:
            element.set("style", _FONT_FAMILY.sub("", element.attrib["style"]))
        if "d" in element.attrib:
            element.set("d", " ".join(element.attrib["d"].split()))
        element.tail = None
        if not (element.text or "").strip():
            element.text = None
    text = ET.tostring(root, encoding="unicode")
    for drawn_with, shown in colours.items():
        text = text.replace(drawn_with, shown)
    return Markup(text)


def _drop(root: ET.Element, tags: set[str]) -> None:
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag in tags:
                parent.remove(child)


def _rename_ids(root: ET.Element, name: str) -> None:
    """Keep the ids that something refers to, under names of their own; drop the others."""
    wanted: dict[str, str] = {}
    for element in root.iter():
        if _HREF in element.attrib:
            old = element.attrib.pop(_HREF).removeprefix("#")
            element.set("href", f"#{wanted.setdefault(old, f'{name}-{len(wanted)}')}")
        for key, text in element.attrib.items():
            for old in _URL.findall(text):
                element.set(key, text.replace(old, wanted.setdefault(old, f"{name}-{len(wanted)}")))
    for element in root.iter():
        old = element.attrib.pop("id", "")
        if old in wanted:
            element.set("id", wanted[old])
