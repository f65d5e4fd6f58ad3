"""The loops around `llama_decode`: the prompt in pieces, then token after token. This is where speed is made."""

import ctypes
from collections.abc import Callable, Iterator

from localai_sidecar.errors import ProtocolError
from localai_sidecar.llama.model import PREFILL_PIECE, Model
from localai_sidecar.llama.sampling import Sampler

_ABORTED = 2


class Aborted(Exception):
    """The abort flag stopped the native code."""


def prefill(model: Model, tokens: list[int], cached: int, on_piece: Callable[[int], None]) -> None:
    """Put the prompt behind its first `cached` tokens, which the context holds already. Raises Aborted.

    `on_piece` gets the number of tokens done. Only the last token of a piece gets logits (`llama_batch_get_one`).
    """
    llama, context, kept = model.llama, model.context, model.kept
    array = (ctypes.c_int32 * len(tokens))(*tokens)
    for start in range(cached, len(tokens), PREFILL_PIECE):
        count = min(PREFILL_PIECE, len(tokens) - start)
        piece = (ctypes.c_int32 * count).from_buffer(array, 4 * start)
        _check(model, llama.llama_decode(context, llama.llama_batch_get_one(piece, count)))
        llama.llama_synchronize(context)
        kept.tokens += tokens[start : start + count]
        on_piece(start + count)


def pieces(model: Model, sampler: Sampler, limit: int, *, end_at_end_token: bool = True) -> Iterator[bytes | None]:
    """At most `limit` tokens as bytes, each as soon as it is sampled; None is the end token. Raises Aborted."""
    llama, context, chain = model.llama, model.context, sampler.chain
    sample, decode, piece_of, keep = (
        llama.llama_sampler_sample,
        llama.llama_decode,
        model.pieces.__getitem__,
        model.kept.tokens.append,
    )
    slot = (ctypes.c_int32 * 1)()
    batch = llama.llama_batch_get_one(slot, 1)
    for left in range(limit - 1, -1, -1):
        token = sample(chain, context, -1)
        piece = piece_of(token)
        yield piece
        if (piece is None and end_at_end_token) or not left:
            return
        slot[0] = token
        status = decode(context, batch)
        if status:
            _check(model, status)
        keep(token)


def _check(model: Model, status: int) -> None:
    if status:
        model.kept.settle()
    if status == _ABORTED:
        raise Aborted
    if status:
        raise ProtocolError(
            "internal", f"llama_decode failed with status {status}", "load the model again; the log may say more"
        )
