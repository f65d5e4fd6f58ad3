"""A model just large enough to tell a device's speed: three layers of a 1B model, of nothing but zeros.

Its time for a token is what memory and launches cost in models that people use, by llama.cpp's own kernels and
repacking. Zeros take as long as other weights.
"""

import os
import struct

_LAYERS, _EMBEDDING, _FEED_FORWARD, _HEADS, _KV_HEADS, _VOCABULARY = 3, 2048, 8192, 32, 8, 256
LAYERS = _LAYERS
CONTEXT = 256
_F32, _Q4_0 = 0, 2
_STRING, _UINT32, _FLOAT32 = 8, 4, 6
_ALIGNMENT = 32

_NUMBERS = {
    "context_length": CONTEXT, "embedding_length": _EMBEDDING, "block_count": _LAYERS, "vocab_size": _VOCABULARY,
    "feed_forward_length": _FEED_FORWARD, "attention.head_count": _HEADS, "attention.head_count_kv": _KV_HEADS,
}  # fmt: skip

_Tensor = tuple[str, tuple[int, ...], int]


def write() -> int:
    """A file descriptor of the model; its weights take memory when they are read."""
    fd = os.memfd_create("speed.gguf")
    tensors = _tensors()
    header = _header(tensors)
    os.write(fd, header)
    os.ftruncate(fd, _padded(len(header)) + sum(_padded(_bytes(tensor)) for tensor in tensors))
    return fd


def weight_bytes() -> int:
    """Bytes of weights that a token passes through."""
    return sum(_bytes(tensor) for tensor in _tensors() if tensor[0] != "token_embd.weight")


def _tensors() -> list[_Tensor]:
    wide, narrow, kv = _EMBEDDING, _FEED_FORWARD, _EMBEDDING // _HEADS * _KV_HEADS
    shapes = {
        "attn_q": (wide, wide), "attn_k": (wide, kv), "attn_v": (wide, kv), "attn_output": (wide, wide),
        "ffn_gate": (wide, narrow), "ffn_up": (wide, narrow), "ffn_down": (narrow, wide),
    }  # fmt: skip
    tensors: list[_Tensor] = [("token_embd.weight", (wide, _VOCABULARY), _Q4_0)]
    for layer in range(_LAYERS):
        tensors += [(f"blk.{layer}.{name}.weight", shape, _Q4_0) for name, shape in shapes.items()]
        tensors += [(f"blk.{layer}.{name}.weight", (wide,), _F32) for name in ("attn_norm", "ffn_norm")]
    return [*tensors, ("output_norm.weight", (wide,), _F32), ("output.weight", (wide, _VOCABULARY), _Q4_0)]


def _header(tensors: list[_Tensor]) -> bytes:
    pairs: list[tuple[str, int, object]] = [
        ("general.architecture", _STRING, "llama"),
        ("tokenizer.ggml.model", _STRING, "no_vocab"),
        ("llama.attention.layer_norm_rms_epsilon", _FLOAT32, 1e-5),
        *((f"llama.{key}", _UINT32, value) for key, value in _NUMBERS.items()),
    ]
    header = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(pairs))
    for key, kind, value in pairs:
        header += _text(key) + struct.pack("<I", kind) + _value(kind, value)
    offset = 0
    for name, shape, kind in tensors:
        header += _text(name) + struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, kind, offset)
        offset += _padded(_bytes((name, shape, kind)))
    return header


def _value(kind: int, value: object) -> bytes:
    return _text(str(value)) if kind == _STRING else struct.pack("<f" if kind == _FLOAT32 else "<I", value)


def _text(text: str) -> bytes:
    return struct.pack("<Q", len(text)) + text.encode()


def _bytes(tensor: _Tensor) -> int:
    _, shape, kind = tensor
    elements = 1
    for length in shape:
        elements *= length
    return elements * 4 if kind == _F32 else elements // 32 * 18


def _padded(size: int) -> int:
    return -(-size // _ALIGNMENT) * _ALIGNMENT
