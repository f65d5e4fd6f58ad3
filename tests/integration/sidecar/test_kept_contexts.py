"""Contexts of conversations: what is computed again and what is not, in memory, on disk, and when the disk lies."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from sidecarkit.sidecar_client import Answer, SidecarClient

STORY = "Once upon a time there was a little girl named Lily. She liked to play in the park with her friends. "
GREEDY = {"temperature": 0, "maxTokens": 24}
LIMIT_S = 10.0

Open = Callable[..., Any]


@pytest.fixture
def opened(start: Callable[..., SidecarClient], tiny_model: Path, tmp_path: Path) -> Open:
    """A sidecar with the tiny model that keeps its things in one folder: `with opened() as client`."""

    @contextmanager
    def opened(model: Path = tiny_model, **cache: Any) -> Iterator[SidecarClient]:
        client = start()
        client.initialize(cache={"folder": str(tmp_path / "cache"), **cache})
        client.request("model/load", {"path": str(model), "threads": 1}, 60)
        yield client
        if client.process.poll() is None:
            client.request("shutdown", timeout_s=LIMIT_S)
            assert client.wait_for_exit(LIMIT_S) == 0

    return opened


def kept_files(tmp_path: Path) -> list[Path]:
    return sorted((tmp_path / "cache" / "contexts").glob("*"))


def tell(client: SidecarClient, prompt: str, conversation: str | None = "a") -> Answer:
    about = {} if conversation is None else {"conversation": conversation}
    return client.request("generate", {"prompt": prompt, **GREEDY, **about})


def test_the_next_turn_computes_only_what_is_new(opened: Open) -> None:
    with opened() as client:
        first = tell(client, STORY)
        more = STORY + first.text + " Then she"
        second = tell(client, more)
        assert first.result["cachedTokens"] == 0
        # All of the prompt and the reply, whose last token was never computed; the seam may be cut otherwise.
        known = first.result["promptTokens"] + first.result["completionTokens"]
        assert known - 4 <= second.result["cachedTokens"] < second.result["promptTokens"]


def test_a_prompt_that_turns_off_earlier_is_computed_from_there(opened: Open) -> None:
    with opened() as client:
        tell(client, STORY + "One day")
        whole = client.request("tokenize", {"text": STORY}).result["tokens"]
        cached = tell(client, STORY + "But").result["cachedTokens"]
        assert whole - 2 <= cached <= whole


def test_a_repeated_prompt_computes_its_last_token_only(opened: Open) -> None:
    with opened() as client:
        first, second = tell(client, STORY), tell(client, STORY)
        assert second.result["cachedTokens"] == second.result["promptTokens"] - 1
        assert second.text == first.text


def test_without_a_conversation_nothing_is_used_and_nothing_is_kept(opened: Open, tmp_path: Path) -> None:
    with opened() as client:
        tell(client, STORY, None)
        assert tell(client, STORY, None).result["cachedTokens"] == 0
        assert tell(client, STORY, "a").result["cachedTokens"] == 0
        assert tell(client, STORY, None).result["cachedTokens"] == 0
    assert len(kept_files(tmp_path)) == 1


def test_a_conversation_comes_back_after_another_took_its_place(opened: Open) -> None:
    with opened() as client:
        first = tell(client, STORY, "a")
        tell(client, "One day a dog", "b")
        again = tell(client, STORY, "a")
        assert again.result["cachedTokens"] == again.result["promptTokens"] - 1
        assert again.text == first.text


def test_a_conversation_comes_back_after_the_engine_was_started_anew(opened: Open, tmp_path: Path) -> None:
    more = STORY + "One day"
    with opened() as client:
        tell(client, STORY)
        in_memory = tell(client, more)
    (path,) = kept_files(tmp_path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    with opened() as client:
        tell(client, STORY, "other")
        from_disk = tell(client, more)
        assert from_disk.result["cachedTokens"] == from_disk.result["promptTokens"] - 1
        assert from_disk.text == in_memory.text


def test_the_end_of_stdin_keeps_what_was_said_last(opened: Open, tmp_path: Path) -> None:
    with opened() as client:
        tell(client, STORY)
        client.close_stdin()
        assert client.wait_for_exit(LIMIT_S) == 0
    assert len(kept_files(tmp_path)) == 1


def test_a_cancelled_reply_leaves_a_context_that_can_be_used(opened: Open, slow_model: Path) -> None:
    with opened(slow_model) as client:
        request = client.send("generate", {"prompt": STORY, "maxTokens": 8000, "temperature": 0, "conversation": "a"})
        client.wait_for("generate/delta", request, 30)
        client.notify("cancel", {"id": request})
        assert client.wait(request, 30).result["finishReason"] == "cancelled"
        kept, fresh = tell(client, STORY, "a"), tell(client, STORY, "fresh")
        assert kept.result["cachedTokens"] == kept.result["promptTokens"] - 1
        assert fresh.result["cachedTokens"] == 0


def test_a_cancelled_prompt_leaves_what_was_computed_of_it(opened: Open, slow_model: Path) -> None:
    with opened(slow_model) as client:
        request = client.send("generate", {"prompt": STORY * 60, "maxTokens": 8, "conversation": "a"})
        client.wait_for("generate/progress", request, 30)
        client.notify("cancel", {"id": request})
        client.wait(request, 30)
        kept = client.request("generate", {"prompt": STORY, "conversation": "a", **GREEDY}, 60)
        again = client.request("generate", {"prompt": STORY, **GREEDY}, 60)
        assert kept.result["cachedTokens"] <= kept.result["promptTokens"] - 1
        assert again.result["cachedTokens"] == 0


def test_forgetting_removes_the_file_and_the_memory(opened: Open, tmp_path: Path) -> None:
    with opened() as client:
        tell(client, STORY, "a")
        tell(client, STORY, "b")
        client.request("session/forget", {"conversation": "a"})
        client.request("session/forget", {"conversation": "b"})
        assert tell(client, STORY, "b").result["cachedTokens"] == 0
        client.request("session/forget", {"conversation": "b"})
    assert kept_files(tmp_path) == []


def test_a_conversation_is_forgotten_with_every_model(opened: Open, tmp_path: Path, tiny_model: Path) -> None:
    other = tmp_path / "other.gguf"
    other.write_bytes(tiny_model.read_bytes())
    for model in (tiny_model, other):
        with opened(model) as client:
            tell(client, STORY)
    assert len(kept_files(tmp_path)) == 2
    with opened() as client:
        client.request("session/forget", {"conversation": "a"})
    assert kept_files(tmp_path) == []


def flipped(content: bytes, at: int) -> bytes:
    return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda _: b"",
    "cut off": lambda content: content[: len(content) // 2],
    "longer": lambda content: content + b"\0",
    "another magic": lambda content: flipped(content, 0),
    "another number of tokens": lambda content: flipped(content, 16),
    "a huge number of tokens": lambda content: content[:23] + b"\x7f" + content[24:],
    "another token": lambda content: flipped(content, 36),
    "another state": lambda content: flipped(content, len(content) - 1000),
    "another digest": lambda content: flipped(content, len(content) - 1),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_a_damaged_file_is_as_good_as_none(opened: Open, tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    with opened() as client:
        first = tell(client, STORY)
    (path,) = kept_files(tmp_path)
    path.write_bytes(damage(path.read_bytes()))
    with opened() as client:
        again = tell(client, STORY)
        assert (again.result["cachedTokens"], again.text) == (0, first.text)
        assert tell(client, STORY).result["cachedTokens"] > 0, "it is kept anew"


def test_the_context_of_another_conversation_under_this_name_is_not_believed(opened: Open, tmp_path: Path) -> None:
    with opened() as client:
        tell(client, STORY, "a")
    (path,) = kept_files(tmp_path)
    content = path.read_bytes()
    path.unlink()
    with opened() as client:
        tell(client, "One day", "b")
    (other,) = kept_files(tmp_path)
    other.write_bytes(content)
    with opened() as client:
        assert tell(client, STORY, "b").result["cachedTokens"] == 0


@pytest.mark.parametrize("change", ["time", "length"])
def test_a_model_that_changed_has_no_kept_context(opened: Open, tmp_path: Path, tiny_model: Path, change: str) -> None:
    model = tmp_path / "model.gguf"
    model.write_bytes(tiny_model.read_bytes())
    with opened(model) as client:
        tell(client, STORY)
    if change == "time":
        os.utime(model, ns=(1, 1))
    else:
        model.write_bytes(tiny_model.read_bytes() + b"\0")
    with opened(model) as client:
        assert tell(client, STORY).result["cachedTokens"] == 0


def test_another_context_length_has_no_kept_context(opened: Open, tiny_model: Path) -> None:
    with opened() as client:
        tell(client, STORY)
    with opened() as client:
        client.request("model/load", {"path": str(tiny_model), "contextLength": 256, "threads": 1})
        assert tell(client, STORY).result["cachedTokens"] == 0


def test_with_room_for_nothing_only_the_memory_keeps(opened: Open, tmp_path: Path) -> None:
    with opened(maxBytes=0) as client:
        tell(client, STORY)
        assert tell(client, STORY).result["cachedTokens"] > 0
    assert not (tmp_path / "cache").exists()


def test_the_oldest_contexts_go_when_room_is_short(opened: Open, tmp_path: Path) -> None:
    with opened() as client:
        tell(client, STORY, "size")
    (path,) = kept_files(tmp_path)
    room = path.stat().st_size * 5 // 2
    with opened(maxBytes=room) as client:
        for name in ("one", "two", "three"):
            tell(client, STORY, name)
        client.request("shutdown", timeout_s=LIMIT_S)
        assert client.wait_for_exit(LIMIT_S) == 0
    assert len(kept_files(tmp_path)) == 2
    with opened() as client:
        kept = {name: tell(client, STORY, name).result["cachedTokens"] > 0 for name in ("three", "two")}
        assert kept == {"three": True, "two": True}


def test_a_folder_that_cannot_be_written_costs_nothing_but_the_keeping(opened: Open, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file, where a folder should be")
    with opened() as client:
        first = tell(client, STORY, "a")
        tell(client, STORY, "b")
        assert tell(client, STORY, "a").text == first.text


def test_file_names_do_not_tell_the_conversation(opened: Open, tmp_path: Path) -> None:
    with opened() as client:
        tell(client, STORY, "a secret plan")
    (path,) = kept_files(tmp_path)
    assert "secret" not in path.name
    assert b"secret" not in path.read_bytes()
