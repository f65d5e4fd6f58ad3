"""Sentences as our messages and files write them, where `backticks` stand around what is code."""

from __future__ import annotations

import re

from markupsafe import Markup, escape

_CODE = re.compile(r"`([^`]+)`")


def html(text: str) -> Markup:
    """`text` made safe for a page, with its code spans marked."""
    parts = _CODE.split(text)
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if position % 2 else escape(part) for position, part in enumerate(parts)
    )
