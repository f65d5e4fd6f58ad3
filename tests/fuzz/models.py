"""Sends mutated models to a real sidecar: `python -m tests.fuzz.models PROGRAM… --count 100000 --seed 1`.

The same seed and count give the same files. A file after which the process is gone, or is answered otherwise than
by a loaded model or an error about the model, is kept in --keep.
"""

from __future__ import annotations

import argparse
import itertools
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from sidecarkit.sidecar_client import ErrorAnswer, SidecarClient, SidecarClientError
from tests.fuzz.mutations import Mutator
from tests.fuzz.small_models import write_experts, write_recurrent

DEMO_MODEL = Path(__file__).resolve().parents[2] / "tauri-app" / "src-tauri" / "models" / "stories260K.gguf"
# model_not_found, model_invalid, model_unsupported, out_of_memory; a mutated context length is another.
EXPECTED = frozenset((-32020, -32021, -32022, -32023))
_ANSWER_LIMIT_S = 60.0
_SHOWN_EVERY = 1000


class Unexpected(Exception):
    """An answer, or an end, that no model may lead to."""


def mutated(folder: Path, seed: int, count: int, first: int = 0) -> Iterator[bytes]:
    """`count` damaged copies of the demo model and two made ones in turn, from number `first` on."""
    write_experts(folder / "experts.gguf")
    write_recurrent(folder / "recurrent.gguf")
    sounds = (DEMO_MODEL, folder / "experts.gguf", folder / "recurrent.gguf")
    rounds, skipped = divmod(first, len(sounds))
    files = [Mutator(path.read_bytes()).files(f"{seed}:{path.name}", rounds) for path in sounds]
    return itertools.islice(itertools.chain.from_iterable(zip(*files, strict=True)), skipped, skipped + count)


def try_file(client: SidecarClient, folder: Path, content: bytes) -> str:
    """Load the file, write a few tokens with it, and tell what became of it. Raises Unexpected."""
    path = folder / "mutated.gguf"
    path.unlink(missing_ok=True)  # the one before may still be mapped
    path.write_bytes(content)
    outcome = load(client, path)
    if outcome == "loaded":
        use(client)
    return outcome


def load(client: SidecarClient, path: Path) -> str:
    """What became of loading the file: "loaded" or the error's kind. Raises Unexpected."""
    try:
        client.request("model/load", {"path": str(path), "threads": 1}, _ANSWER_LIMIT_S)
    except ErrorAnswer as error:
        if error.code not in EXPECTED:
            raise Unexpected(str(error)) from None
        return str(error.data["kind"])
    except SidecarClientError as error:
        raise Unexpected(str(error)) from None
    return "loaded"


def use(client: SidecarClient) -> None:
    """Write a few tokens with what was loaded. Raises Unexpected."""
    try:
        client.request("generate", {"prompt": "Once upon", "maxTokens": 3, "temperature": 0}, _ANSWER_LIMIT_S)
    except ErrorAnswer as error:
        if error.data["kind"] not in ("context_overflow", "invalid_params"):
            raise Unexpected(str(error)) from None
    except SidecarClientError as error:
        raise Unexpected(str(error)) from None


def main(words: Sequence[str]) -> int:
    """0 if every file was answered by one process after another that never ended by itself."""
    options = _options(words)
    tally: Counter[str] = Counter()
    client: SidecarClient | None = None
    started = time.monotonic()
    with tempfile.TemporaryDirectory(dir=options.scratch) as scratch:
        folder = Path(scratch)
        for index, content in enumerate(mutated(folder, options.seed, options.count, options.first), options.first):
            client = client or _started(options.program, folder)
            try:
                tally[try_file(client, folder, content)] += 1
            except Unexpected as problem:
                tally["UNEXPECTED"] += 1
                print(f"file {index}: {problem}", flush=True)
                _keep(options.keep, f"{options.seed}-{index}.gguf", content)
                client.__exit__(None, None, None)
                client = None
            if index % _SHOWN_EVERY == _SHOWN_EVERY - 1:
                print(f"{index + 1} files in {time.monotonic() - started:.0f} s: {dict(tally)}", flush=True)
        if client:
            client.__exit__(None, None, None)
    print(f"{options.count} files of seed {options.seed} in {time.monotonic() - started:.0f} s: {dict(tally)}")
    return 1 if tally["UNEXPECTED"] else 0


def _started(program: list[str], folder: Path) -> SidecarClient:
    # No cache: a mutated file is never seen twice.
    client = SidecarClient(program, env={**os.environ, "XDG_CACHE_HOME": str(folder)})
    client.initialize(cache={"maxBytes": 0})
    return client


def _keep(folder: Path | None, name: str, content: bytes) -> None:
    if folder:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)


def _options(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("program", nargs="+")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--first", type=int, default=0, help="number of the first file: goes on where a run ended")
    parser.add_argument("--keep", type=Path, help="folder for files that led to something unexpected")
    parser.add_argument("--scratch", type=Path, help="folder for the file that is tried (a RAM disk is fast)")
    return parser.parse_args(words)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
