"""The CPU plug-in is proven before it is used: right numbers pass, wrong ones do not, and it is done once."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lief
import pytest
from gguf import GGUFReader

from localai_sidecar.llama.variants import candidates
from localai_sidecar.trials import proof
from localai_sidecar.trials.proof import MOST_NMSE, ProofFailed
from sidecarkit.sidecar_client import SidecarClient

# Blocks in which a fault is in every head: one of each kind of matrix.
BLOCKS = {"Q4_0": "blk.0.attn_v.weight", "Q8_0": "blk.1.attn_v.weight", "Q4_K": "blk.0.attn_k.weight"}
LIMIT_S = 30.0


@pytest.fixture
def engine_folder(sidecar_command: tuple[str, ...]) -> Path:
    if "-m" in sidecar_command:
        return Path(os.environ["LOCALAI_SIDECAR_FOLDER"])
    program = Path(sidecar_command[0])
    folder = program.with_name(f"{program.name}.dist")
    return folder if folder.is_dir() else program.parent


@pytest.fixture
def from_sources(engine_folder: Path, sidecar_command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> Path:
    """The proof called as the engine calls it, its throw-away processes being the engine's program."""
    monkeypatch.setenv("LOCALAI_SIDECAR_FOLDER", str(engine_folder))
    if "-m" in sidecar_command:
        return engine_folder
    program = engine_folder / "localai-sidecar"

    def compiled(task: str, memory_bytes: int) -> tuple[str, list[str]]:
        return str(program), [str(program), "--child", task, str(memory_bytes)]

    monkeypatch.setattr("localai_sidecar.trials.child._program", compiled)
    return engine_folder


def test_every_variant_that_runs_here_computes_like_the_baseline(from_sources: Path) -> None:
    variants = candidates(from_sources / "llama")
    assert len(variants) >= 2
    errors = {variant: proof.prove(proof.CPU, variant, variants[-1]).error for variant in variants}
    assert errors[variants[-1]] == 0, "the baseline beside itself"
    assert max(errors.values()) <= MOST_NMSE, errors


@pytest.mark.parametrize("kind", BLOCKS)
def test_one_block_with_a_doubled_scale_fails(from_sources: Path, tmp_path: Path, kind: str) -> None:
    variants = candidates(from_sources / "llama")
    damaged = tmp_path / "damaged.gguf"
    content = bytearray((from_sources / "proof.gguf").read_bytes())
    (tensor,) = [each for each in GGUFReader(from_sources / "proof.gguf").tensors if each.name == BLOCKS[kind]]
    assert tensor.tensor_type.name == kind
    # A float16 doubles when its exponent, from bit 10 on, grows by one.
    scale = int.from_bytes(content[tensor.data_offset : tensor.data_offset + 2], "little")
    content[tensor.data_offset : tensor.data_offset + 2] = (scale + (1 << 10)).to_bytes(2, "little")
    damaged.write_bytes(content)
    with pytest.raises(ProofFailed, match="NMSE"):
        proof.prove(proof.CPU, variants[0], variants[-1], model=damaged)


def test_a_variant_or_model_that_cannot_be_loaded_fails(from_sources: Path, tmp_path: Path) -> None:
    not_a_model = tmp_path / "nothing.gguf"
    not_a_model.write_bytes(b"GGUF")
    variants = candidates(from_sources / "llama")
    with pytest.raises(ProofFailed, match="cannot be loaded"):
        proof.prove(proof.CPU, variants[0], variants[-1], model=not_a_model)
    with pytest.raises(ProofFailed, match="cannot be loaded"):
        proof.prove(proof.CPU, "libggml-cpu-nowhere.so", variants[-1])


def backend(client: SidecarClient) -> dict[str, Any]:
    (cpu,) = client.request("status").result["backends"]
    return dict(cpu)


def test_the_first_start_proves_and_says_so_and_the_next_one_remembers(
    start: Callable[..., SidecarClient], tiny_model: Path, tmp_path: Path
) -> None:
    cache = {"folder": str(tmp_path / "cache")}
    first = start()
    initialized = first.initialize(cache=cache).result
    first.request("model/load", {"path": str(tiny_model)}, LIMIT_S)
    assert initialized["backends"][0]["state"] in ("probing", "ready")
    assert [each.params["kind"] for each in first.loose if each.method == "log"] == ["backend_ready"]
    assert backend(first)["state"] == "ready"
    second = start()
    assert second.initialize(cache=cache).result["backends"][0]["state"] == "ready"
    second.request("model/load", {"path": str(tiny_model)}, LIMIT_S)
    assert not second.loose
    assert backend(second)["library"] == backend(first)["library"]


def test_a_proof_does_not_keep_initialize_or_ping_waiting(start: Callable[..., SidecarClient], tmp_path: Path) -> None:
    client = start()
    assert client.initialize(cache={"folder": str(tmp_path)}).result["backends"][0]["state"] == "probing"
    assert client.request("ping").result == {}


@pytest.fixture
def own_engine(start: Callable[..., SidecarClient], engine_folder: Path, tmp_path: Path) -> Path:
    """A copy of the engine's folder whose libraries may be changed."""
    start().initialize()  # the engine is whole
    copy = tmp_path / "engine"
    shutil.copytree(engine_folder, copy)
    return copy


def sidecar_in(folder: Path, sidecar_command: tuple[str, ...]) -> SidecarClient:
    if "-m" in sidecar_command:
        return SidecarClient(sidecar_command, env={**os.environ, "LOCALAI_SIDECAR_FOLDER": str(folder)})
    return SidecarClient([folder / "localai-sidecar"])


def test_a_variant_that_does_not_compute_is_passed_over_and_not_tried_again(
    own_engine: Path, sidecar_command: tuple[str, ...], tiny_model: Path, tmp_path: Path
) -> None:
    llama = own_engine / "llama"
    best, *_, baseline = candidates(llama)
    broken_functions(llama / best)
    cache = {"folder": str(tmp_path / "cache")}
    with sidecar_in(own_engine, sidecar_command) as client:
        client.initialize(cache=cache)
        client.request("model/load", {"path": str(tiny_model), "threads": 1}, LIMIT_S)
        skipped, ready = (each.params for each in client.loose if each.method == "log")
        assert (skipped["kind"], skipped["level"], skipped["data"]["library"]) == ("variant_skipped", "warning", best)
        assert "SIG" in skipped["data"]["reason"]
        assert ready["kind"] == "backend_ready"
        assert ready["data"]["library"] not in (best, baseline)
        assert client.request("generate", {"prompt": "Once", "maxTokens": 4}).result["completionTokens"] == 4
    with sidecar_in(own_engine, sidecar_command) as client:
        assert client.initialize(cache=cache).result["backends"][0]["library"] == ready["data"]["library"]
        client.request("model/load", {"path": str(tiny_model)}, LIMIT_S)
        assert not client.loose


def test_without_any_variant_that_computes_the_device_is_unavailable(
    own_engine: Path, sidecar_command: tuple[str, ...]
) -> None:
    (own_engine / "proof.gguf").write_bytes(b"GGUF")
    with sidecar_in(own_engine, sidecar_command) as client:
        client.initialize(cache={"maxBytes": 0})
        answer = client.send("model/load", {"path": "/nowhere.gguf"})
        with pytest.raises(Exception, match=r"-32024.*no CPU plug-in computes rightly"):
            client.wait(answer, LIMIT_S)
        assert backend(client)["state"] == "unavailable"
        assert "reason" in backend(client)


def test_the_self_test_proves_too(sidecar_command: tuple[str, ...], own_engine: Path, tmp_path: Path) -> None:
    folder = {"LOCALAI_SIDECAR_FOLDER": str(own_engine)} if "-m" in sidecar_command else {}
    command = list(sidecar_command) if folder else [str(own_engine / "localai-sidecar")]
    env = {**os.environ, "XDG_CACHE_HOME": str(tmp_path), **folder}
    done = subprocess.run(
        [*command, "--self-test"], env=env, capture_output=True, text=True, timeout=LIMIT_S, check=True
    )
    assert json.loads(done.stdout)["backends"][0]["state"] == "ready"
    (kept,) = (tmp_path / "localai-sidecar" / "known").glob("variant-*.json")
    assert json.loads(kept.read_text())["library"] == json.loads(done.stdout)["backends"][0]["library"]


def broken_functions(library: Path) -> None:
    """Fill the function that computes a graph with an instruction no processor has (ud2)."""
    binary = lief.parse(str(library))
    assert isinstance(binary, lief.ELF.Binary)
    symbol = binary.get_symbol("ggml_graph_compute")
    assert isinstance(symbol, lief.ELF.Symbol)
    offset = binary.virtual_address_to_offset(symbol.value)
    assert isinstance(offset, int)
    content = bytearray(library.read_bytes())
    content[offset : offset + 2] = b"\x0f\x0b"
    library.write_bytes(content)
