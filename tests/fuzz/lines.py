"""Sends mutated protocol lines to a real sidecar: `python -m tests.fuzz.lines --count 1000000 --seed 1 -- PROGRAM…`.

The same seed and count give the same lines. Each line that wants an answer gets exactly one, whatever it holds; the
process must live, and its memory must stay below a limit.
"""

from __future__ import annotations

import argparse
import copy
import json
import os
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from localai_sidecar.protocol import rpc
from sidecarkit.sidecar_client import SidecarClient

ROOT = Path(__file__).resolve().parents[2]
CONVERSATIONS = ROOT / "tests" / "contract" / "sidecar"
# The engine without a model takes 25 MB, and 4 MiB of answers may wait.
MOST_RESIDENT_BYTES = 128 << 20
MOST_GROWTH_BYTES = 24 << 20
_BATCH = 400
_ANSWER_LIMIT_S = 120.0

_NUMBERS = [
    0,
    1,
    -1,
    8,
    512,
    2**31,
    2**53,
    -(2**53),
    2**63,
    2**64,
    10**400,
    0.5,
    -0.0,
    1e308,
    5e-324,
    True,
    False,
    None,
]
_TEXTS = ["", "x", "\0", "\ud800", "\U0001f600", "id", "user", "/", "/dev/null", "ping", "x" * 129, "<|im_end|>"]
_RAW = [b"NaN", b"-Infinity", b"1e999", b"8.0", b"00", b'"\\ud83d"', b'"\\u0000"', b"\xff", b"\xc3", b"{", b"]", b"\\"]


class LineMaker:
    """Makes lines like those of the recorded conversations, and far from them."""

    def __init__(self, seed: str) -> None:
        self._dice = random.Random(seed)
        self._lines = [json.dumps(message) for message in _recorded()]
        self._parsed = [json.loads(line) for line in self._lines]

    def lines(self, count: int) -> Iterator[bytes]:
        """`count` lines without their LF, none of which ends the process by order."""
        while count:
            line = self._line().replace(b"\n", b" ")
            if not _ends_it(line):
                count -= 1
                yield line

    def _line(self) -> bytes:
        what = self._dice.random()
        if what < 0.5:
            return self._with_other_values()
        if what < 0.9:
            return self._with_other_bytes()
        if what < 0.97:
            return self._dice.randbytes(self._dice.randrange(64))
        return self._deep()

    def _with_other_values(self) -> bytes:
        message = copy.deepcopy(self._dice.choice(self._parsed))
        for _ in range(self._dice.choice((1, 1, 2, 3))):
            holder, key = self._dice.choice([*_places(message)])
            if self._dice.random() < 0.1 and isinstance(holder, dict):
                del holder[key]
                if not message:
                    break
            else:
                holder[key] = self._value()
        return json.dumps(message, ensure_ascii=self._dice.random() < 0.5).encode("utf-8", "surrogatepass")

    def _value(self) -> Any:
        kind = self._dice.random()
        if kind < 0.4:
            return self._dice.choice(_NUMBERS)
        if kind < 0.7:
            return self._dice.choice(_TEXTS)
        if kind < 0.8:
            return copy.deepcopy(self._dice.choice(([], {}, [[]], {"": {}}, [None], ["x"] * 9)))
        holder, key = self._dice.choice([*_places(self._dice.choice(self._parsed))])
        return copy.deepcopy(holder[key])

    def _with_other_bytes(self) -> bytes:
        line = bytearray(self._dice.choice(self._lines).encode())
        for _ in range(self._dice.choice((1, 1, 2, 4))):
            at = self._dice.randrange(len(line))
            what = self._dice.random()
            if what < 0.4:
                line[at] = self._dice.randrange(256)
            elif what < 0.6:
                del line[at : at + self._dice.randrange(1, 9)]
            else:
                line[at:at] = self._dice.choice(_RAW)
            if not line:
                break
        return bytes(line)

    def _deep(self) -> bytes:
        opening = self._dice.choice((b"[", b'{"a":', b'{"jsonrpc":"2.0","id":1,"method":"ping","params":'))
        depth = self._dice.choice((1, 30, 62, 63, 64, 65, 1000, 20_000))
        closing = (b"]" if opening == b"[" else b"}") * depth
        return opening * depth + b"1" + (closing if self._dice.random() < 0.7 else b"")


def _recorded() -> list[dict[str, Any]]:
    texts = [path.read_text(encoding="utf-8") for path in sorted(CONVERSATIONS.glob("*.jsonl"))]
    steps = [json.loads(line) for text in texts for line in text.splitlines()]
    return [step["to"] for step in steps if "to" in step]


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every place in a message where a value stands, as its holder and key."""
    for key in value if isinstance(value, dict) else range(len(value)):
        yield value, key
        if isinstance(value[key], dict | list):
            yield from _places(value[key])


def _ends_it(line: bytes) -> bool:
    message = decoded(line)
    return isinstance(message, rpc.Request) and message.method == "shutdown"


def decoded(line: bytes) -> rpc.Request | rpc.Notification | rpc.BadMessage | None:
    """What the line is to the sidecar; None for one that it ignores."""
    line = line.removesuffix(b"\r")
    if not line:
        return None
    try:
        return rpc.decode(line)
    except rpc.BadMessage as bad:
        return bad


class Fault(Exception):
    """The sidecar did what no line may lead to."""


def feed(client: SidecarClient, lines: Sequence[bytes], tally: Counter[str]) -> None:
    """Send `lines` and wait for as many answers as they want. Raises Fault or SidecarClientError."""
    wanted = sum(isinstance(decoded(line), rpc.Request | rpc.BadMessage) for line in lines)
    client.send_raw(b"\n".join(lines) + b"\n")
    while wanted:
        message = client.next_line(_ANSWER_LIMIT_S, "an answer").message()
        if "method" in message:
            tally[message["method"]] += 1
            continue
        wanted -= 1
        kind = message["error"]["data"]["kind"] if "error" in message else "result"
        if kind == "internal":
            raise Fault(f"{message}; the log: {client.stderr_tail()[-12:]}")
        tally[kind] += 1
    if client.request("ping", timeout_s=_ANSWER_LIMIT_S).result != {}:
        raise Fault("an answer too many")


def resident_bytes(client: SidecarClient) -> tuple[int, int]:
    """What the process takes now, and has taken at most."""
    lines = Path(f"/proc/{client.process.pid}/status").read_text().splitlines()
    sizes = {line.split(":")[0]: int(line.split()[1]) * 1024 for line in lines if line.startswith("Vm")}
    return sizes["VmRSS"], sizes["VmHWM"]


def run(client: SidecarClient, seed: str, count: int) -> Counter[str]:
    """Feed `count` lines to an initialized sidecar; the kinds of its answers. Raises Fault or SidecarClientError."""
    tally: Counter[str] = Counter()
    maker = LineMaker(seed)
    first = 0
    for done in range(0, count, _BATCH):
        feed(client, [*maker.lines(min(_BATCH, count - done))], tally)
        now, most = resident_bytes(client)
        first = first or now
        if now - first > MOST_GROWTH_BYTES or most > MOST_RESIDENT_BYTES:
            raise Fault(f"after {done} lines it takes {now >> 20} MiB, {first >> 20} at first and {most >> 20} at most")
    return tally


def main(words: Sequence[str]) -> int:
    """0 if every line that wants an answer got one, and the process lives."""
    options = _options(words)
    started = time.monotonic()
    with SidecarClient(options.program, env={**os.environ, "XDG_CACHE_HOME": os.devnull}) as client:
        client.initialize(cache={"maxBytes": 0})
        if options.model:
            client.request("model/load", {"path": str(options.model), "threads": 1})
        tally = run(client, str(options.seed), options.count)
        now, most = resident_bytes(client)
    seconds = time.monotonic() - started
    print(f"{options.count} lines of seed {options.seed} in {seconds:.0f} s, {options.count / seconds:.0f} a second")
    print(f"resident: {now >> 20} MiB at the end, {most >> 20} at most; answers: {dict(tally)}")
    return 0


def _options(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("program", nargs="+")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=1_000_000)
    parser.add_argument("--model", type=Path, help="load this first, so that requests are run")
    return parser.parse_args(words)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
