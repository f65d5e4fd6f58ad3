"""Smoke's judgement, tried on little scripted programs that do one thing wrong each."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from sidecarkit.errors import SmokeFailed
from sidecarkit.stages import smoke

# Speaks as much of the protocol as smoke asks for; `{wrong}` runs first and may replace any piece.
SCRIPT = """#!{python}
import json, sys, time
def give(**fields):
    print(json.dumps({{"jsonrpc": "2.0", **fields}}), flush=True)
identity = {{"variant": "cpu", "server": {{"buildId": "abc"}},
            "backends": [{{"name": "CPU", "library": "libggml-cpu-x64.so", "state": "probing"}}]}}
proven = {{"name": "CPU", "library": "libggml-cpu-x64.so", "state": "ready"}}
skipped = {{"level": "warning", "kind": "variant_skipped", "message": "libggml-cpu-zen4.so is not used: it crashed"}}
text, first_seq, completion_tokens, characters = " a time", 0, 2, 7
before_load = before_generate = after_shutdown = lambda: None
exit_code = 0
{wrong}
for line in sys.stdin:
    request = json.loads(line)
    method, id_ = request["method"], request["id"]
    if method == "initialize":
        give(id=id_, result=identity)
    elif method == "model/load":
        before_load()
        give(id=id_, result={{}})
    elif method == "status":
        give(id=id_, result={{"backends": [proven]}})
    elif method == "generate":
        before_generate()
        for seq, part in enumerate([text[:2], text[2:]]):
            give(method="generate/delta", params={{"id": id_, "seq": first_seq + seq, "text": part, "tokens": 1}})
        give(id=id_, result={{"completionTokens": completion_tokens, "characters": characters}})
    elif method == "shutdown":
        give(id=id_, result=None)
        after_shutdown()
        sys.exit(exit_code)
"""

EXPECTED = smoke.Expected(
    variant="cpu",
    build_id="abc",
    model=Path("/models/tiny.gguf"),
    recorded=smoke.Recorded(model_sha256="", max_tokens=2, beginnings={"Once upon": " a"}),
)


def program(folder: Path, wrong: str = "") -> Path:
    path = folder / "localai-sidecar"
    path.write_text(SCRIPT.format(python=sys.executable, wrong=wrong), encoding="utf-8")
    path.chmod(0o755)
    return path


def test_a_layout_that_does_all_of_it_right_passes_with_its_text(tmp_path: Path) -> None:
    evidence = smoke.prove(program(tmp_path), EXPECTED)
    assert evidence["text"] == "Once upon a time"
    assert evidence["backends"] == ["libggml-cpu-x64.so"]


@pytest.mark.parametrize(("wrong", "said"), [
    ('text = " the time"', "should begin with ' a', found ' the time'"),
    ("first_seq = 1", r"numbers of the deltas: expected \[0, 1\], found \[1, 2\]"),
    ("completion_tokens = 3", "completionTokens: expected 2, found 3"),
    ("characters = 6", "characters: expected 7, found 6"),
    ('identity["variant"] = "cuda"', "variant: expected 'cpu', found 'cuda'"),
    ('identity["server"]["buildId"] = "old"', "buildId: expected 'abc', found 'old'"),
    ('proven["state"] = "probing"', "CPU backend: expected 'ready', found 'probing'"),
    ('proven["name"] = "BLAS"', "CPU backend: expected 'ready', found None"),
    ('before_load = lambda: give(method="log", params=skipped)', "libggml-cpu-zen4.so is not used: it crashed"),
    ('del identity["variant"]', "lacks the field 'variant'"),
    ('before_generate = lambda: print("llama_decode: hello", flush=True)', "llama_decode: hello"),
    ("before_generate = lambda: sys.exit(70)", "exit code 70 while the answer to `generate`"),
    ('after_shutdown = lambda: print("bye", flush=True)', "nothing should follow .* found b'bye"),
    ("exit_code = 3", "exit code after shutdown: expected 0, found 3"),
])  # fmt: skip
def test_one_thing_wrong_fails_with_expected_and_found(tmp_path: Path, wrong: str, said: str) -> None:
    with pytest.raises(SmokeFailed, match=said) as caught:
        smoke.prove(program(tmp_path, wrong), EXPECTED)
    assert "`localai-sidecar`" in caught.value.message
    assert caught.value.exit_code == 8


@pytest.mark.parametrize(("wrong", "limit", "said"), [
    ("time.sleep(600)", "START_LIMIT_S", "answer to `initialize`"),
    ("before_generate = lambda: time.sleep(600)", "ANSWER_LIMIT_S", "answer to `generate`"),
    ("after_shutdown = lambda: time.sleep(600)", "END_LIMIT_S", "still runs"),
])  # fmt: skip
def test_a_layout_that_hangs_fails_at_the_limit_of_that_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wrong: str, limit: str, said: str
) -> None:
    monkeypatch.setattr(smoke, limit, 1.0)
    with pytest.raises(SmokeFailed, match=said):
        smoke.prove(program(tmp_path, wrong), EXPECTED)


def test_a_program_that_cannot_be_started_fails_with_the_systems_reason(tmp_path: Path) -> None:
    path = program(tmp_path)
    path.chmod(0o644)
    with pytest.raises(SmokeFailed, match="Permission denied"):
        smoke.prove(path, EXPECTED)


def test_the_recorded_texts_belong_to_the_demo_model_in_the_repository() -> None:
    root = Path(__file__).parents[3]
    recorded = smoke.Recorded.read(root / smoke.RECORDED)
    expected = smoke.Expected(variant="cpu", build_id="", model=root / smoke.MODEL, recorded=recorded)
    smoke.check_model(expected)
    assert len(recorded.beginnings) == 2
    assert all(len(beginning) > 60 for beginning in recorded.beginnings.values())


def test_another_model_than_the_recorded_one_is_refused(tmp_path: Path) -> None:
    other = tmp_path / "other.gguf"
    other.write_bytes(b"GGUF")
    expected = smoke.Expected(variant="cpu", build_id="", model=other, recorded=EXPECTED.recorded)
    with pytest.raises(SmokeFailed, match=r"`other\.gguf`"):
        smoke.check_model(expected)
