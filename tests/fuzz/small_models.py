"""Small sound models with other keys, tokenizers and tensors than the demo model has: what mutations begin with."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from gguf import GGUFWriter

WIDTH, LAYERS, HEADS, FEED_FORWARD, EXPERTS, CONTEXT = 32, 2, 4, 32, 4, 64
INNER, STATE, KERNEL, RANK = 64, 8, 4, 4


def write_experts(path: Path) -> None:
    """A llama with experts, grouped heads, YaRN and a byte-level BPE vocabulary."""
    writer = GGUFWriter(path, "llama")
    _write_shape(writer)
    writer.add_feed_forward_length(FEED_FORWARD)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv([2] * LAYERS)
    writer.add_rope_dimension_count(WIDTH // HEADS)
    writer.add_rope_freq_base(10_000.0)
    writer.add_string("llama.rope.scaling.type", "yarn")
    writer.add_rope_scaling_factor(2.0)
    writer.add_rope_scaling_orig_ctx_len(32)
    writer.add_expert_count(EXPERTS)
    writer.add_expert_used_count(2)
    tokens = _write_bytes_vocabulary(writer)
    _matrix(writer, "token_embd.weight", tokens, WIDTH)
    for layer in range(LAYERS):
        block = f"blk.{layer}"
        _matrix(writer, f"{block}.attn_norm.weight", WIDTH)
        _matrix(writer, f"{block}.attn_q.weight", WIDTH, WIDTH)
        _matrix(writer, f"{block}.attn_k.weight", WIDTH // 2, WIDTH)
        _matrix(writer, f"{block}.attn_v.weight", WIDTH // 2, WIDTH)
        _matrix(writer, f"{block}.attn_output.weight", WIDTH, WIDTH)
        _matrix(writer, f"{block}.ffn_norm.weight", WIDTH)
        _matrix(writer, f"{block}.ffn_gate_inp.weight", EXPERTS, WIDTH)
        _matrix(writer, f"{block}.ffn_gate_exps.weight", EXPERTS, FEED_FORWARD, WIDTH)
        _matrix(writer, f"{block}.ffn_down_exps.weight", EXPERTS, WIDTH, FEED_FORWARD)
        _matrix(writer, f"{block}.ffn_up_exps.weight", EXPERTS, FEED_FORWARD, WIDTH)
    _matrix(writer, "output_norm.weight", WIDTH)
    _close(writer)


def write_recurrent(path: Path) -> None:
    """A mamba: no attention, and a state in place of a cache."""
    writer = GGUFWriter(path, "mamba")
    _write_shape(writer)
    writer.add_ssm_conv_kernel(KERNEL)
    writer.add_ssm_inner_size(INNER)
    writer.add_ssm_state_size(STATE)
    writer.add_ssm_time_step_rank(RANK)
    tokens = _write_bytes_vocabulary(writer)
    _matrix(writer, "token_embd.weight", tokens, WIDTH)
    for layer in range(LAYERS):
        block = f"blk.{layer}"
        _matrix(writer, f"{block}.attn_norm.weight", WIDTH)
        _matrix(writer, f"{block}.ssm_in.weight", 2 * INNER, WIDTH)
        _matrix(writer, f"{block}.ssm_conv1d.weight", INNER, KERNEL)
        _matrix(writer, f"{block}.ssm_conv1d.bias", INNER)
        _matrix(writer, f"{block}.ssm_x.weight", RANK + 2 * STATE, INNER)
        _matrix(writer, f"{block}.ssm_dt.weight", INNER, RANK)
        _matrix(writer, f"{block}.ssm_dt.bias", INNER)
        _matrix(writer, f"{block}.ssm_a", INNER, STATE)
        _matrix(writer, f"{block}.ssm_d", INNER)
        _matrix(writer, f"{block}.ssm_out.weight", WIDTH, INNER)
    _matrix(writer, "output_norm.weight", WIDTH)
    _close(writer)


def _write_shape(writer: GGUFWriter) -> None:
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(LAYERS)
    writer.add_layer_norm_rms_eps(1e-5)


def _write_bytes_vocabulary(writer: GGUFWriter) -> int:
    """GPT-2's spelling of the 256 bytes, two merges and an end token; the number of tokens."""
    printable = {*range(33, 127), *range(161, 173), *range(174, 256)}
    others = iter(range(256, 512))
    tokens = [chr(byte if byte in printable else next(others)) for byte in range(256)]
    tokens += ["th", "the", "<|endoftext|>"]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(tokens)
    writer.add_token_types([1] * (len(tokens) - 1) + [3])
    writer.add_token_merges(["t h", "th e"])
    writer.add_eos_token_id(len(tokens) - 1)
    writer.add_add_bos_token(False)
    return len(tokens)


def _matrix(writer: GGUFWriter, name: str, *shape: int) -> None:
    writer.add_tensor(name, np.full(shape, 0.01, np.float32))


def _close(writer: GGUFWriter) -> None:
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
