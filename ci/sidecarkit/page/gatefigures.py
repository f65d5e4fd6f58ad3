"""The gate's figures out of stage bench's record, and what they were measured on."""

from __future__ import annotations

import statistics
from typing import Any

from sidecarkit.page.measured import Measured, Side, Unreadable, number, numbers, text


def figures(data: dict[str, Any]) -> tuple[Measured, ...]:
    """Every figure the record holds, in its order. Raises Unreadable for a record of another toolkit."""
    try:
        return tuple(_figure(each, data) for each in data["figures"])
    except (KeyError, TypeError, AttributeError) as error:
        raise Unreadable(f"{type(error).__name__}: {error}") from error


def machine(data: dict[str, Any]) -> str:
    """What the figures were measured on, as far as the record says it."""
    facts = data.get("machine")
    if not isinstance(facts, dict):
        return ""
    memory = facts.get("memory_bytes")
    parts = [
        text(facts.get("cpu", "")),
        f"{text(facts['physical_cores'])} cores" if facts.get("physical_cores") else "",
        f"{memory / 2**30:.0f} GiB" if isinstance(memory, int) else "",
        text(facts.get("system", "")),
    ]
    return ", ".join(part for part in parts if part)


def _figure(values: dict[str, Any], data: dict[str, Any]) -> Measured:
    title, unit, samples = text(values["title"]), text(values["unit"]), values["samples"]
    ours = _side("sidecar", unit, samples["sidecar"])
    paired = samples.get("ratios") is not None
    sides = (ours, _side(text(data["anchor"]), unit, samples["anchor"])) if paired else (ours,)
    judged = numbers(samples["ratios"], f"ratios of {title}") if paired else ours.samples
    gated = bool(values["gated"])
    return Measured(
        title=title, sides=sides, judged=judged, unit="×" if paired else unit, median=statistics.median(judged),
        low=_optional(values["low"], title), high=_optional(values["high"], title),
        sense="≥" if gated else "", bound=number(data["rule"]["threshold"], "the gate") if gated else None,
        verdict=text(values["verdict"] or ""), note=_note(values, "pairs" if paired else "samples"),
    )  # fmt: skip


def _side(name: str, unit: str, samples: object) -> Side:
    known = numbers(samples, name)
    return Side(name=name, unit=unit, samples=known, median=statistics.median(known))


def _optional(value: object, title: str) -> float | None:
    return None if value is None else number(value, f"the interval of {title}")


def _note(values: dict[str, Any], what: str) -> str:
    repeated, disturbed = int(values.get("repeated") or 0), int(values.get("disturbed") or 0)
    parts = [f"{values['pairs']} {what}"] if values.get("pairs") else []
    parts += [f"{repeated} measured again: another load disturbed them"] if repeated else []
    parts += [f"{disturbed} counted although disturbed"] if disturbed else []
    return ", ".join(parts)
