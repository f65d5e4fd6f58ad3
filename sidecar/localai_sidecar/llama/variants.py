"""The CPU plug-ins beside the engine, best first, by ggml's own scores."""

import ctypes
from pathlib import Path

PATTERN = "libggml-cpu-*.so"


def candidates(native: Path) -> list[str]:
    """File names of the variants that this processor can run; the last one asks least of it.

    Each is asked its `ggml_backend_score`, as `ggml_backend_load_best` does. They stay loaded, unused: closing them
    makes the process crash at its end.
    """
    scores = {path.name: _score(path) for path in sorted(native.glob(PATTERN))}
    return sorted((name for name in scores if scores[name] > 0), key=lambda name: scores[name], reverse=True)


def _score(path: Path) -> int:
    try:
        return int(ctypes.CDLL(str(path)).ggml_backend_score())
    except (OSError, AttributeError):
        return 0
