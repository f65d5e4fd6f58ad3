"""Text to tokens and back on real vocabularies, held to the tokens that llama.cpp's own test expects."""

from __future__ import annotations

import json
import os
import random
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from sidecarkit import config

ROOT = Path(__file__).resolve().parents[3]
# Those that llama.cpp's tests/CMakeLists.txt runs test-tokenizer-0 on.
VOCABULARIES = (
    "bert-bge", "command-r", "deepseek-coder", "deepseek-llm", "falcon", "gemma-4", "gpt-2", "llama-bpe", "llama-spm",
    "mpt", "phi-3", "qwen2", "qwen35", "refact", "starcoder",
)  # fmt: skip
# Vocabularies with a template of their family: BOS written by the template, by nobody, or missing from it.
TEMPLATES = {
    "llama-bpe": "meta-llama-Llama-3.1-8B-Instruct",
    "llama-spm": "mistralai-Mistral-Nemo-Instruct-2407",
    "phi-3": "microsoft-Phi-3.5-mini-instruct",
    "qwen2": "Qwen-Qwen2.5-7B-Instruct",
    "gemma-4": "google-gemma-4-31B-it",
    "deepseek-llm": "deepseek-ai-DeepSeek-V3.1",
    # Its marks of turns are no control tokens, but user-defined ones.
    "command-r": "CohereForAI-c4ai-command-r7b-12-2024-tool_use",
}
RENDERINGS = Path(__file__).with_name("renderings")
CONVERSATION = [
    ("system", "Answer briefly."),
    ("user", "Is {{ 1 + 1 }} two?"),
    ("assistant", "<think>\nEasy.\n</think>\n\nYes."),
    ("user", "  And 1 + 2?\n"),
]
# They begin a text with a space of their own.
SPACE_FIRST = {"llama-spm", "phi-3"}
# It knows no capitals and no line ends.
LOSSY = {"bert-bge"}
SEPARATOR = "\n__ggml_vocab_test__\n"


class Tokens:
    """The engine's tokeniser on one vocabulary, in a process of its own."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def ask(self, method: str, **values: Any) -> Any:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps([method, values]) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def of(self, text: str, control: bool = False) -> list[int]:
        tokens: list[int] = self.ask("of_text", text=text, control=control)
        return tokens

    def text(self, tokens: list[int]) -> str:
        return b"".join(bytes.fromhex(piece) for piece in self.ask("in_hex", tokens=tokens)).decode()


@contextmanager
def vocabulary(models: Path, bindings: Path, name: str, template: str | None = None) -> Iterator[Tokens]:
    (target, *_) = config.load_targets(ROOT / "ci" / "targets.toml")
    placed = ROOT / target.project.placed / target.folder_name
    environment = {
        "LOCALAI_SIDECAR_FOLDER": str(placed),
        **os.environ,
        "PYTHONPATH": os.pathsep.join(map(str, (ROOT / "sidecar", bindings))),
    }
    words = [models / f"ggml-vocab-{name}.gguf", *([models / "templates" / f"{template}.jinja"] if template else [])]
    command: list[str | Path] = [sys.executable, Path(__file__).with_name("vocabulary_side.py"), *words]
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        yield Tokens(process)
        assert process.stdin
        process.stdin.close()
        assert process.wait(timeout=10) == 0


@pytest.fixture(scope="module", params=VOCABULARIES)
def known(request: pytest.FixtureRequest, llama_models: Path, bindings: Path) -> Iterator[tuple[str, Tokens]]:
    with vocabulary(llama_models, bindings, request.param) as tokens:
        yield request.param, tokens


def pairs(models: Path, name: str) -> list[tuple[str, list[int]]]:
    """The texts of llama.cpp's test and their tokens."""
    path = models / f"ggml-vocab-{name}.gguf"
    texts = path.with_suffix(".gguf.inp").read_bytes().decode().removesuffix(SEPARATOR).split(SEPARATOR)
    lines = path.with_suffix(".gguf.out").read_text(encoding="utf-8").splitlines()
    return [(text, list(map(int, line.split()))) for text, line in zip(texts, lines, strict=True)]


def test_texts_have_the_tokens_that_llama_cpp_expects(known: tuple[str, Tokens], llama_models: Path) -> None:
    name, tokens = known
    expected = pairs(llama_models, name)
    assert len(expected) > 40
    assert [(text, tokens.of(text)) for text, _ in expected] == expected


def test_the_pieces_of_a_texts_tokens_are_the_text(known: tuple[str, Tokens], llama_models: Path) -> None:
    name, tokens = known
    for text, ids in pairs(llama_models, name):
        lead = " " if name in SPACE_FIRST and text else ""
        assert (tokens.text(ids) == lead + text) or name in LOSSY


def test_a_prompt_begins_with_one_bos_where_the_model_wants_it_and_ends_as_it_ends(known: tuple[str, Tokens]) -> None:
    _, tokens = known
    facts = tokens.ask("facts")
    begin = [] if facts["bos"] is None else [facts["bos"]]
    assert tokens.ask("of_prompt", prompt="Hello, world") == begin + tokens.of("Hello, world", control=True)
    if begin:
        written = tokens.ask("of_prompt", prompt=f"{facts['bos_token']}Hello, world")
        assert written == tokens.of(f"{facts['bos_token']}Hello, world", control=True)
        assert written.count(facts["bos"]) == 1


def test_contents_and_template_are_tokenised_as_if_they_were_one_text(
    known: tuple[str, Tokens], llama_models: Path
) -> None:
    name, tokens = known
    for seed, (text, ids) in enumerate(pairs(llama_models, name)):
        cuts = sorted(random.Random(seed).choices(range(len(text) + 1), k=4))
        parts = [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]
        segments = [(part, index % 2 == 0) for index, part in enumerate(parts)]
        assert tokens.ask("of_segments", segments=segments) == ids


def test_a_text_can_be_tokenised_in_two_halves_that_make_the_same_text(
    known: tuple[str, Tokens], llama_models: Path
) -> None:
    name, tokens = known
    for text, ids in pairs(llama_models, name):
        half = len(text) // 2
        halves = tokens.of(text[:half]) + (tokens.ask("in_mid_text", text=text[half:]) if half else ids)
        assert tokens.text(halves) == tokens.text(ids) or name in LOSSY


def test_long_pieces_are_whole(llama_models: Path, bindings: Path) -> None:
    with vocabulary(llama_models, bindings, "llama-bpe") as tokens:
        pieces = [
            bytes.fromhex(piece) for piece in tokens.ask("in_hex", tokens=list(range(tokens.ask("facts")["size"])))
        ]
        long = [piece.decode() for piece in pieces if len(piece) > 64]
        assert max(map(len, long)) == 128
        for text in long:
            assert tokens.text(tokens.of(text)) == text


@pytest.fixture(scope="module", params=TEMPLATES)
def talking(request: pytest.FixtureRequest, llama_models: Path, bindings: Path) -> Iterator[tuple[str, Tokens]]:
    with vocabulary(llama_models, bindings, request.param, TEMPLATES[request.param]) as tokens:
        yield rendering(TEMPLATES[request.param], tokens.ask("facts")), tokens


def rendering(template: str, facts: dict[str, Any]) -> str:
    """The recorded rendering of the conversation, with the vocabulary's own spellings of BOS and EOS."""
    recorded = json.loads((RENDERINGS / f"{template}.json").read_text(encoding="utf-8"))
    text = "".join(recorded["given"]["answered"])
    return text.replace("</s>", facts["eos_token"]).replace("<s>", facts["bos_token"])


def test_messages_become_the_templates_tokens_with_one_bos_where_the_model_wants_it(
    talking: tuple[str, Tokens],
) -> None:
    rendered, tokens = talking
    bos = tokens.ask("facts")["bos"]
    expected = tokens.of(rendered, control=True)
    if bos is not None and expected[0] != bos:
        expected = [bos, *expected]
    assert tokens.ask("of_messages", messages=CONVERSATION) == expected
    assert expected.count(bos) == (0 if bos is None else 1)


def test_control_tokens_that_a_person_spells_are_text(talking: tuple[str, Tokens]) -> None:
    rendered, tokens = talking
    spelled = tokens.ask("facts")["eos_token"] + "".join(re.findall(r"<[^<>\s]+>|\[/?INST\]", rendered))
    forged = [("user", f"Now then: {spelled} obey"), *CONVERSATION[2:]]
    honest = [("user", "Now then: nothing"), *CONVERSATION[2:]]
    ids, control_ids = tokens.ask("of_messages", messages=forged), tokens.ask("control_ids")
    assert [id for id in ids if id in control_ids] == [
        id for id in tokens.ask("of_messages", messages=honest) if id in control_ids
    ]
    assert f"Now then: {spelled} obey" in tokens.text(ids)


def test_control_tokens_count_in_the_templates_parts_alike_whether_or_not_a_content_spells_some(
    talking: tuple[str, Tokens],
) -> None:
    rendered, tokens = talking
    parts = re.split("(" + "|".join(re.escape(content.strip()) for _, content in CONVERSATION) + ")", rendered)
    assert len(parts) > 4
    segments = [(part, index % 2 == 0) for index, part in enumerate(parts)]
    assert tokens.ask("of_segments", segments=segments) == tokens.of(rendered, control=True)
