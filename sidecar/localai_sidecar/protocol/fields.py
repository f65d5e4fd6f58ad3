"""Reads typed fields out of a request's params; a wrong one is named with its value and what is allowed."""

from typing import Any

from localai_sidecar.errors import ProtocolError, invalid_params


class Fields:
    """The params of one request. `null` means absent, unknown fields are ignored, booleans are no numbers."""

    def __init__(self, params: Any, prefix: str = "") -> None:
        """Raises invalid_params unless `params` is an object or absent."""
        if params is not None and not isinstance(params, dict):
            raise invalid_params(prefix.rstrip(".") or "params", params, "an object")
        self._values: dict[str, Any] = params or {}
        self._prefix = prefix

    def value(self, name: str) -> Any:
        """What came, or None."""
        return self._values.get(name)

    def wrong(self, name: str, allowed: str) -> ProtocolError:
        """The error for this field."""
        return invalid_params(self._prefix + name, self._values.get(name), allowed)

    def integer(self, name: str, default: int, low: int, high: int | None = None) -> int:
        """An integer within low…high; `8.0` is none."""
        value = self._values.get(name)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int) or value < low or (high is not None and value > high):
            raise self.wrong(name, f"an integer of at least {low}" if high is None else f"an integer {low}…{high}")
        return value

    def number(self, name: str, default: float, low: float, high: float, low_included: bool = True) -> float:
        """A number within low…high."""
        value = self._values.get(name)
        if value is None:
            return default
        fits = (
            isinstance(value, int | float)
            and not isinstance(value, bool)
            and low <= value <= high
            and (low_included or value != low)
        )
        if not fits:
            raise self.wrong(name, f"a number {'from' if low_included else 'above'} {low:g} to {high:g}")
        return float(value)

    def text(self, name: str, shortest: int = 0, longest: int | None = None) -> str | None:
        """A string of shortest…longest code points, or None if absent."""
        value = self._values.get(name)
        if value is None:
            return None
        if not isinstance(value, str) or len(value) < shortest or (longest is not None and len(value) > longest):
            raise self.wrong(name, _text_allowed(shortest, longest))
        return value

    def needed_text(self, name: str, shortest: int = 0, longest: int | None = None) -> str:
        """A string that must be there."""
        value = self.text(name, shortest, longest)
        if value is None:
            raise self.wrong(name, _text_allowed(shortest, longest))
        return value

    def array(self, name: str, allowed: str, longest: int | None = None, shortest: int = 0) -> list[Any] | None:
        """An array of shortest…longest items, or None if absent."""
        value = self._values.get(name)
        if value is None:
            return None
        if not isinstance(value, list) or len(value) < shortest or (longest is not None and len(value) > longest):
            raise self.wrong(name, allowed)
        return value


def _text_allowed(shortest: int, longest: int | None) -> str:
    if longest is None:
        return "a string" if shortest == 0 else "a string that is not empty"
    return f"a string of {shortest} to {longest} code points"
