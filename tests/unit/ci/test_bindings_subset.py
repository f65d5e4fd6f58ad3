"""Cutting the bindings down: what is used stays with all it needs, the rest goes, and the result runs."""

from __future__ import annotations

from typing import Any

from sidecarkit.recipes.llama.bindings import names_used, subset

SOURCE = '''"""Bindings."""
from __future__ import annotations
import ctypes

if ctypes:
    _lib = object()

SIZE = 4
UNUSED = 5


class token(ctypes.Structure):
    _fields_ = [("id", ctypes.c_int * SIZE)]


class never(ctypes.Structure):
    pass


never._fields_ = []
token_p = ctypes.POINTER(token)


def declares(name):
    return lambda function: function


@declares("decode")
@declares("again")
def decode(value: never) -> int:
    """Kept with its decorators, and without what its annotations name."""
    return token_p


def unused():
    return never


decode_p = decode


def decode(value):
    return decode_p
'''


def run(source: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    exec(compile(source, "subset", "exec"), found)
    return found


def test_what_is_wanted_stays_with_all_it_needs() -> None:
    found = run(subset(SOURCE, {"decode"}))
    assert {"decode", "decode_p", "declares", "token", "token_p", "SIZE", "_lib"} <= found.keys()
    assert found["decode"](1) is found["decode_p"]


def test_the_rest_goes() -> None:
    found = run(subset(SOURCE, {"decode"}))
    assert not {"unused", "never", "UNUSED"} & found.keys()


def test_what_sets_an_attribute_of_something_goes_with_it() -> None:
    assert "never._fields_" in subset(SOURCE, {"never"})
    assert "never._fields_" not in subset(SOURCE, {"token"})


def test_attributes_are_what_a_source_uses() -> None:
    assert names_used(["llama.decode(llama.SIZE)", "import x\nx.y.z = a"]) == {"decode", "SIZE", "y", "z"}
