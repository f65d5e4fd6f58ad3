"""Replays the recorded conversations of `sidecar/*.jsonl` against a real sidecar.

The same lines are decoded and encoded by the Rust core's tests, so that both sides agree on every message. One JSON
object per line: `about`; `to` (a message sent) or `toRaw` (text sent as it is); `from` (an example of what comes back,
where the paths in `vary` may differ in value, not in JSON type; `repeats`: one or more alike; `optional`: maybe none);
`closeStdin`; `exit` (the exit code); `example` (a message that no conversation brings about). `${MODEL}` is the demo
model's path; what else stands in `${…}` is made of it.
"""

from __future__ import annotations

import contextlib
import io
import json
import re
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from localai_sidecar.errors import CODES
from localai_sidecar.log import Log
from localai_sidecar.protocol import rpc
from localai_sidecar.serving import handlers
from localai_sidecar.serving.worker import internal
from sidecarkit.sidecar_client import NoAnswer, SidecarClient, SidecarDied

FOLDER = Path(__file__).parent / "sidecar"
ANSWER_LIMIT_S = 30.0
END_LIMIT_S = 10.0

Message = dict[str, Any]


CONVERSATIONS = sorted(FOLDER.glob("*.jsonl"))


@pytest.mark.parametrize("path", CONVERSATIONS, ids=[path.stem for path in CONVERSATIONS])
def test_the_conversation_goes_as_recorded(
    start: Callable[..., SidecarClient], tiny_model: Path, tmp_path: Path, path: Path
) -> None:
    replay = Replay(start(), Models(tiny_model, tmp_path))
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            replay.step(json.loads(line))
        except (AssertionError, NoAnswer, SidecarDied) as error:
            pytest.fail(f"{path.name}:{number}: {error}", pytrace=False)
    replay.nothing_is_left()


def test_there_are_conversations_to_replay() -> None:
    assert len(CONVERSATIONS) >= 10


def lines(kind: str) -> Iterator[Any]:
    for path in CONVERSATIONS:
        records = map(json.loads, path.read_text(encoding="utf-8").splitlines())
        yield from (record[kind] for record in records if kind in record)


def test_every_method_is_recorded() -> None:
    assert {*handlers.REQUESTS} <= {message["method"] for message in lines("to")}
    assert {*handlers.NOTIFICATIONS} <= {*re.findall(r'"method": "(\w+)"', " ".join(lines("toRaw")))}


def test_every_kind_of_error_is_recorded_with_its_code() -> None:
    errors = [message["error"] for kind in ("from", "example") for message in lines(kind) if "error" in message]
    assert {error["data"]["kind"]: error["code"] for error in errors} == CODES


def test_the_example_of_an_internal_error_is_what_one_looks_like() -> None:
    (example,) = lines("example")
    with contextlib.redirect_stderr(io.StringIO()):
        problem = internal(Log(2))
    assert json.loads(rpc.error(1, problem)) == example


class Models:
    """The models that `${…}` names; all but the first are made of it when they are asked for."""

    def __init__(self, demo: Path, folder: Path) -> None:
        self._demo = demo
        self._folder = folder

    def fill(self, text: str) -> str:
        """Put paths in the places of names."""
        return re.sub(r"\$\{(\w+)\}", lambda match: str(getattr(self, match[1].lower())()), text)

    def model(self) -> Path:
        return self._demo

    def unknown_architecture(self) -> Path:
        content = self._demo.read_bytes()
        architecture = b"general.architecture" + struct.pack("<IQ", 8, 5)
        content = content.replace(architecture + b"llama", architecture + b"zzzzz").replace(b"llama.", b"zzzzz.")
        return self._written("unknown.gguf", content)

    def endless_context(self) -> Path:
        key = b"llama.context_length" + struct.pack("<I", 4)
        trained, longest = struct.pack("<I", 512), struct.pack("<I", 2**31 - 1)
        return self._written("endless.gguf", self._demo.read_bytes().replace(key + trained, key + longest))

    def _written(self, name: str, content: bytes) -> Path:
        assert content != self._demo.read_bytes(), "the demo model has changed: nothing was replaced"
        path = self._folder / name
        path.write_bytes(content)
        return path


class Replay:
    """One conversation, step by step."""

    def __init__(self, client: SidecarClient, models: Models) -> None:
        self._client = client
        self._models = models
        self._next: Message | None = None

    def step(self, line: Message) -> None:
        """Do or expect what one line of a file says."""
        if "to" in line:
            self._client.send_raw(self._filled(json.dumps(line["to"], ensure_ascii=False)).encode() + b"\n")
        elif "toRaw" in line:
            self._client.send_raw(self._filled(line["toRaw"]).encode() + b"\n")
        elif "from" in line:
            self._expect(line)
        elif "closeStdin" in line:
            self._client.close_stdin()
        elif "exit" in line:
            code = self._client.wait_for_exit(END_LIMIT_S)
            assert code == line["exit"], f"expected exit code {line['exit']}, found {code}"
        elif "example" not in line:
            assert list(line) == ["about"], f"a line of no known kind: {line}"

    def nothing_is_left(self) -> None:
        """Close, and read to the end: nothing may come that was not recorded."""
        self._client.close_stdin()
        assert self._next is None, f"not recorded: {self._next}"
        with pytest.raises(SidecarDied):
            pytest.fail(f"not recorded: {self._client.next_line(END_LIMIT_S).raw!r}")

    def _filled(self, text: str) -> str:
        return self._models.fill(text)

    def _expect(self, line: Message) -> None:
        expected = json.loads(self._filled(json.dumps(line["from"])))
        vary = frozenset(line.get("vary", ()))
        if line.get("optional") and not self._is_alike(expected):
            return
        self._compare(expected, vary)
        while line.get("repeats") and self._is_alike(expected):
            self._compare(expected, vary)

    def _is_alike(self, expected: Message) -> bool:
        """Whether what comes next is another notification of this method."""
        return "method" in expected and self._peek().get("method") == expected["method"]

    def _peek(self) -> Message:
        if self._next is None:
            self._next = self._client.next_line(ANSWER_LIMIT_S).message()
        return self._next

    def _compare(self, expected: Message, vary: frozenset[str]) -> None:
        found = self._peek()
        self._next = None
        differences = list(compare(expected, found, vary))
        assert not differences, "\n".join([*differences, f"in {json.dumps(found, ensure_ascii=False)}"])


def compare(expected: Any, found: Any, vary: frozenset[str], path: str = "") -> Iterator[str]:
    """Sentences on how `found` differs from `expected`, beyond what may `vary`."""
    kinds = json_type(expected), json_type(found)
    if kinds[0] != kinds[1]:
        yield f"`{path}`: expected {kinds[0]} {expected!r}, found {kinds[1]} {found!r}"
    elif path in vary:
        return
    elif isinstance(expected, dict):
        yield from (f"`{path}`: `{name}` {word}" for name, word in key_differences(expected, found))
        for name in expected.keys() & found.keys():
            yield from compare(expected[name], found[name], vary, f"{path}.{name}".lstrip("."))
    elif isinstance(expected, list) and len(expected) == len(found):
        for index, (one, other) in enumerate(zip(expected, found, strict=True)):
            yield from compare(one, other, vary, f"{path}.{index}")
    elif expected != found:
        yield f"`{path}`: expected {expected!r}, found {found!r}"


def key_differences(expected: Message, found: Message) -> Iterator[tuple[str, str]]:
    yield from ((name, "is missing") for name in expected.keys() - found.keys())
    yield from ((name, "was not recorded") for name in found.keys() - expected.keys())


def json_type(value: Any) -> str:
    """The JSON type; integers and fractions are both numbers."""
    if value is None:
        return "null"
    kinds = {bool: "boolean", int: "number", float: "number", str: "string", list: "array", dict: "object"}
    return kinds[type(value)]


@dataclass(frozen=True)
class Pair:
    expected: Any
    found: Any
    vary: frozenset[str] = frozenset()


@pytest.mark.parametrize(
    "pair",
    [
        Pair({"a": 1}, {"a": 2}),
        Pair({"a": 1}, {"a": "1"}, frozenset({"a"})),
        Pair({"a": None}, {"a": 1}, frozenset({"a"})),
        Pair({"a": True}, {"a": 1}, frozenset({"a"})),
        Pair({"a": 1}, {}),
        Pair({}, {"a": 1}),
        Pair({"a": [1]}, {"a": [1, 2]}),
        Pair({"a": [{"b": 1}]}, {"a": [{"b": 2}]}),
    ],
)
def test_the_comparison_sees_a_difference(pair: Pair) -> None:
    assert list(compare(pair.expected, pair.found, pair.vary))


def test_the_comparison_lets_values_vary_where_told() -> None:
    vary = frozenset({"a", "b.0.c"})
    assert not list(compare({"a": 1, "b": [{"c": "x"}]}, {"a": 2.5, "b": [{"c": "y"}]}, vary))
