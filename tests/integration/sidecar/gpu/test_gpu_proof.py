"""The proof of a GPU, called as the engine calls it: right numbers pass, a wrong kernel's do not."""

from __future__ import annotations

from pathlib import Path

import pytest
from gguf import GGUFReader

from localai_sidecar.llama.variants import candidates
from localai_sidecar.machine.vulkandrivers import environment_for
from localai_sidecar.trials import proof
from localai_sidecar.trials.proof import MOST_NMSE_OF_GPU, Candidate, ProofFailed
from tests.integration.sidecar.gpu.conftest import PLUG_IN, Machine

# lavapipe compiles what it computes on the cores that everything else runs on.
pytestmark = pytest.mark.timeout(400)

# One matrix of each kind; what their blocks begin with is a scale of 16 bits.
MATRICES = {"Q4_0": "blk.1.ffn_up.weight", "Q8_0": "blk.1.attn_v.weight", "Q4_K": "blk.1.ffn_gate.weight"}
BLOCK_BYTES = {"Q4_0": 18, "Q8_0": 34, "Q4_K": 144}


@pytest.fixture
def device(machine: Machine, lavapipe: str) -> Candidate:
    """lavapipe, with time to compile."""
    manifest = machine.install(lavapipe)
    shaders = {"MESA_SHADER_CACHE_DIR": machine.env["MESA_SHADER_CACHE_DIR"]}
    environment = {**environment_for([str(manifest)]), **shaders, "GGML_VK_VISIBLE_DEVICES": "0"}
    return Candidate(PLUG_IN, environment, limit_s=100.0)


@pytest.fixture
def variants(gpu_folder: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The CPU plug-ins of the engine that proves; its throw-away processes are the engine's program."""
    monkeypatch.setenv("LOCALAI_SIDECAR_FOLDER", str(gpu_folder))
    if request.config.getoption("sidecar") != "source":
        program = str(gpu_folder / "localai-sidecar")

        def compiled(task: str, memory_bytes: int) -> tuple[str, list[str]]:
            return program, [program, "--child", task, str(memory_bytes)]

        monkeypatch.setattr("localai_sidecar.trials.child._program", compiled)
    return candidates(gpu_folder / "llama")


def test_a_sound_device_passes_whatever_plug_in_is_beside_it(device: Candidate, variants: list[str]) -> None:
    for variant in (variants[0], variants[-1]):
        assert proof.prove(device, variant, variants[-1]).error <= MOST_NMSE_OF_GPU / 4


@pytest.mark.parametrize("kind", MATRICES)
def test_a_matrix_with_doubled_scales_fails_by_far(
    device: Candidate, variants: list[str], gpu_folder: Path, tmp_path: Path, kind: str
) -> None:
    content = bytearray((gpu_folder / "proof.gguf").read_bytes())
    tensors = {tensor.name: tensor for tensor in GGUFReader(gpu_folder / "proof.gguf").tensors}
    tensor = tensors[MATRICES[kind]]
    assert tensor.tensor_type.name == kind
    for at in range(tensor.data_offset, tensor.data_offset + int(tensor.n_bytes), BLOCK_BYTES[kind]):
        # A float16 doubles when its exponent, from bit 10 on, grows by one.
        scale = int.from_bytes(content[at : at + 2], "little")
        content[at : at + 2] = (scale + (1 << 10)).to_bytes(2, "little")
    damaged = tmp_path / "damaged.gguf"
    damaged.write_bytes(content)
    with pytest.raises(ProofFailed, match="NMSE 0\\.") as failure:
        proof.prove(device, variants[0], variants[-1], model=damaged)
    assert failure.value.code == "wrong_numbers"
