"""`log` notifications: what a person should see. PROTOCOL.md lists the kinds, so that clients can translate them."""

from collections.abc import Callable
from typing import Any

Notice = dict[str, Any]
Tell = Callable[[Notice], None]


def notice(level: str, kind: str, message: str, **data: Any) -> Notice:
    """The params of a `log` notification; `level` is info, warning or error."""
    return {"level": level, "kind": kind, "message": message, "data": data}
