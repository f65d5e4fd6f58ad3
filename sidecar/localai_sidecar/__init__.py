"""The Python engine of localaiapp: llama.cpp behind JSON-RPC on stdin and stdout.

Records are `NamedTuple`s here, not dataclasses: `dataclasses` imports `inspect`, and start-up is a feature.
"""

__version__ = "0.1.0"
