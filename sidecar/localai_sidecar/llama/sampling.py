"""The chain of llama.cpp's samplers for one reply."""

from typing import Any

from localai_sidecar.protocol.params import Sampling

PENALTY_WINDOW = 64
# Dividing logits by less overflows to infinity, and infinity minus infinity is no probability.
_LOWEST_TEMPERATURE = 1e-3


class Sampler:
    """Chooses tokens. `end` must be called, native memory is behind it."""

    def __init__(self, llama: Any, vocabulary_size: int, options: Sampling, seed: int) -> None:
        self._llama = llama
        self._counts_tokens = options.repeat_penalty != 1
        params = llama.llama_sampler_chain_default_params()
        params.no_perf = True
        self.chain = llama.llama_sampler_chain_init(params)
        for part in _parts(llama, vocabulary_size, options, seed):
            llama.llama_sampler_chain_add(self.chain, part)

    def accept(self, tokens: list[int]) -> None:
        """Count the end of the prompt as said, for the repeat penalty."""
        for token in tokens[-PENALTY_WINDOW:] if self._counts_tokens else ():
            self._llama.llama_sampler_accept(self.chain, token)

    def end(self) -> None:
        """Free the chain."""
        self._llama.llama_sampler_free(self.chain)


def _parts(llama: Any, vocabulary_size: int, options: Sampling, seed: int) -> list[Any]:
    greedy = options.temperature == 0
    top_k = 1 if greedy else options.top_k
    parts = _penalty(llama, vocabulary_size, options.repeat_penalty, top_k)
    if greedy:
        return [*parts, llama.llama_sampler_init_greedy()]
    # top-k first: what follows sorts its candidates, 3 to 8 ms for a whole vocabulary of 128,000.
    if top_k > 0:
        parts.append(llama.llama_sampler_init_top_k(top_k))
    if options.top_p < 1:
        parts.append(llama.llama_sampler_init_top_p(options.top_p, 1))
    if options.min_p > 0:
        parts.append(llama.llama_sampler_init_min_p(options.min_p, 1))
    parts.append(llama.llama_sampler_init_temp(max(options.temperature, _LOWEST_TEMPERATURE)))
    parts.append(llama.llama_sampler_init_dist(seed))
    return parts


def _penalty(llama: Any, vocabulary_size: int, penalty: float, top_k: int) -> list[Any]:
    if penalty == 1:
        return []
    sampler = llama.llama_sampler_init_penalties(vocabulary_size, PENALTY_WINDOW, penalty, 0.0, 0.0)
    if penalty > 1 and top_k > 0:
        # It lowers at most 64 tokens, so the best k afterwards are among the best k + 64 before: exact, and it
        # looks up a hundred candidates instead of the whole vocabulary.
        return [llama.llama_sampler_init_top_k(min(top_k + PENALTY_WINDOW, vocabulary_size)), sampler]
    return [sampler]
