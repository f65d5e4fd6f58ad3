"""Lines to messages and back."""

import json
from typing import Any

import pytest

from localai_sidecar.errors import ProtocolError
from localai_sidecar.protocol import rpc


def line(**fields: Any) -> bytes:
    return json.dumps({"jsonrpc": "2.0", "id": 1, "method": "ping", **fields}).encode()


def refusal(raw: bytes) -> tuple[int, rpc.Id | None]:
    with pytest.raises(rpc.BadMessage) as caught:
        rpc.decode(raw)
    return caught.value.error.as_object()["code"], caught.value.id


def test_a_request_and_a_notification_differ_by_the_id() -> None:
    assert rpc.decode(line(params={"a": 1})) == rpc.Request(1, "ping", {"a": 1})
    assert rpc.decode(b'{"jsonrpc":"2.0","method":"cancel"}') == rpc.Notification("cancel", None)


@pytest.mark.parametrize("id", [0, -(2**53 - 1), 2**53 - 1, "", "x" * 128, "😀" * 128])
def test_ids_up_to_the_limits_are_taken(id: rpc.Id) -> None:
    message = rpc.decode(line(id=id))
    assert isinstance(message, rpc.Request)
    assert message.id == id


@pytest.mark.parametrize("id", [None, 1.5, 1.0, True, 2**53, -(2**53), "x" * 129, [], {}, "\ud800"])
def test_any_other_id_is_refused_without_repeating_it(id: Any) -> None:
    assert refusal(line(id=id)) == (-32600, None)


@pytest.mark.parametrize("fields", [{"jsonrpc": "1.0"}, {"jsonrpc": 2}, {"method": None}, {"method": 7}])
def test_a_message_with_a_sound_id_is_refused_under_it(fields: dict[str, Any]) -> None:
    assert refusal(line(**fields)) == (-32600, 1)


@pytest.mark.parametrize("raw", [b"[]", b"[1]", b"7", b'"ping"', b"null"])
def test_what_is_no_object_is_an_invalid_request(raw: bytes) -> None:
    assert refusal(raw) == (-32600, None)


@pytest.mark.parametrize(
    "raw",
    [
        b"{",
        b"\xef\xbb\xbf{}",
        b'{"a": "\xff"}',
        b'{"a": NaN}',
        b'{"a": -Infinity}',
        b"{'a': 1}",
        b'{"a": "\n"}',
        b"1" * 5000,
        b"[" * 200_000,
    ],
    ids=lambda raw: repr(raw[:12]),
)
def test_what_is_no_json_in_utf_8_is_a_parse_error(raw: bytes) -> None:
    assert refusal(raw) == (-32700, None)


def nested(depth: int, closing: bytes = b"1") -> bytes:
    inner = b'{"a":' * (depth - 1) + closing + b"}" * (depth - 1)
    return b'{"jsonrpc":"2.0","id":1,"method":"ping","params":' + inner + b"}"


def test_nesting_is_allowed_to_64_with_the_outermost_as_1() -> None:
    assert isinstance(rpc.decode(nested(64)), rpc.Request)
    assert refusal(nested(65)) == (-32700, None)


def test_many_brackets_side_by_side_are_not_deep() -> None:
    assert isinstance(rpc.decode(line(params={"a": [[]] * 1000})), rpc.Request)
    assert isinstance(rpc.decode(line(params={"a": "[" * 1000})), rpc.Request)


def test_lone_surrogates_in_parameters_become_replacement_characters() -> None:
    message = rpc.decode(rb'{"jsonrpc":"2.0","id":1,"method":"m","params":{"\udc00":["a\ud800b","\ud83d\ude00"]}}')
    assert message.params == {"\ufffd": ["a\ufffdb", "😀"]}


def test_no_lone_surrogate_leaves() -> None:
    error = ProtocolError("method_not_found", "no `\ud800`", "")
    raw = rpc.error(1, error)
    assert "\ufffd" in json.loads(raw)["error"]["message"]
    assert raw.endswith(b"\n")
    assert raw.count(b"\n") == 1


@pytest.mark.parametrize("text", ['say "no"\n\\', "日本語 😀 ñ", "\u2028\x00\x1f\x7f", ""])
@pytest.mark.parametrize("id", [7, 'a"\\b', "é"])
def test_a_delta_line_is_the_same_message_as_any_notification(id: rpc.Id, text: str) -> None:
    quick = rpc.delta_line(id)(3, text, 2)
    general = rpc.notification("generate/delta", {"id": id, "seq": 3, "text": text, "tokens": 2})
    assert quick == general
