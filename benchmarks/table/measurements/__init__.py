"""Everything that can be measured, by the name it is chosen by, in the order of the table."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from benchmarks.table.measurements import busy, conversation, cost, decode, deltas, memory, prefill, start
from benchmarks.table.rows import Row
from benchmarks.table.setting import Setting

MEASUREMENTS: dict[str, Callable[[Setting], list[Row]]] = {
    "decode-llama-bench": decode.beside_llama_bench,
    "decode-llama-server": decode.beside_llama_server,
    "cost": cost.per_token,
    "prefill-llama-bench": prefill.beside_llama_bench,
    "prefill-cold": prefill.first_token_of_a_cold_prompt,
    "conversation-next": conversation.next_turn,
    "conversation-restart": conversation.after_restart,
    "start-initialized": start.initialized,
    "start-first-token": start.first_token,
    "memory": memory.modes,
    "busy": busy.desktop,
    "deltas-transport": deltas.transport,
    "deltas-gaps": deltas.gaps,
}


def chosen(words: Sequence[str]) -> list[str]:
    """The names that hold any of `words`; all of them without words. Raises ValueError for a word that none holds."""
    for word in words:
        if not any(word in name for name in MEASUREMENTS):
            raise ValueError(f"no measurement is called like `{word}`: choose of {', '.join(MEASUREMENTS)}")
    return [name for name in MEASUREMENTS if not words or any(word in name for word in words)]
