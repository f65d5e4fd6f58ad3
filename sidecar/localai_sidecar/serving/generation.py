"""One running reply: tokens out as text, counted and timed, until it ends, fills its limit, or is cancelled."""

import math
import os
import time
from collections.abc import Callable, Iterator
from typing import Any

from localai_sidecar.errors import ProtocolError, invalid_params
from localai_sidecar.kept.contexts import Contexts
from localai_sidecar.llama.abort import AbortFlag
from localai_sidecar.llama.decode import Aborted, pieces, prefill
from localai_sidecar.llama.model import Model
from localai_sidecar.llama.pace import FixedPace, Pace
from localai_sidecar.llama.prompt import prompt_tokens
from localai_sidecar.llama.sampling import Sampler
from localai_sidecar.protocol import rpc
from localai_sidecar.protocol.params import MAX_SEED, GenerateParams
from localai_sidecar.protocol.progress import Heartbeat
from localai_sidecar.protocol.textstream import TextStream

# Tokens that come faster share a delta: a driver and its page gain nothing from more than 100 a second.
# The next token decides whether it is time, so that a tenth of the promised 10 ms is left for it.
DELTA_INTERVAL_S = 0.009


class Deltas:
    """Sends text as `generate/delta`, several tokens in one when they come fast."""

    def __init__(self, id: rpc.Id, send: Callable[[bytes], None]) -> None:
        self._line = rpc.delta_line(id)
        self._send = send
        self._text = ""
        self._tokens = 0
        self._seq = 0
        self._sent_at = float("-inf")
        self.characters = 0

    def add(self, text: str, now: float) -> None:
        """One more token, with the text it made ready (maybe none); `now` in seconds."""
        self._text += text
        self._tokens += 1
        if self._text and now - self._sent_at >= DELTA_INTERVAL_S:
            self._sent_at = now
            self.flush()

    def flush(self, text: str = "") -> None:
        """Send what is there, and `text` after it."""
        text = self._text + text
        if not text:
            return
        self._send(self._line(self._seq, text, self._tokens))
        self.characters += len(text)
        self._seq += 1
        self._text, self._tokens = "", 0


class Reply:
    """A `generate` while it runs. Times are seconds of `time.perf_counter()`."""

    def __init__(
        self,
        *,
        id: rpc.Id,
        params: GenerateParams,
        received: float,
        flag: AbortFlag,
        send: Callable[[bytes], None],
        heartbeat: Heartbeat,
    ) -> None:
        self._params = params
        self._received = received
        self._flag = flag
        self._heartbeat = heartbeat
        self._deltas = Deltas(id, send)
        self._id = id
        self._seed = params.seed if params.seed is not None else int.from_bytes(os.urandom(4)) % (MAX_SEED + 1)
        self._started = self._first_at = self._last_at = received
        self._prompt_done: float | None = None
        self._prompt_tokens = 0
        self._cached_tokens = 0
        self._completion_tokens = 0

    def run(self, model: Model, contexts: Contexts) -> dict[str, Any]:
        """The result of `generate`; raises ProtocolError for a prompt that does not fit."""
        self._started = time.perf_counter()
        tokens = prompt_tokens(model, self._params)
        self._check(tokens, model)
        self._prompt_tokens = len(tokens)
        self._cached_tokens = contexts.begin(self._params.conversation, tokens)
        self._tell_progress(self._cached_tokens)
        sampler = Sampler(model.llama, model.vocabulary_size, self._params.sampling, self._seed)
        try:
            return self._result(self._decode(model, tokens, sampler))
        finally:
            sampler.end()
            model.rest()
            contexts.end()

    def _check(self, tokens: list[int], model: Model) -> None:
        if not tokens:
            raise invalid_params("prompt", "", "a text that is not empty: this model has no token to begin with")
        if len(tokens) > model.context_length:
            raise ProtocolError(
                "context_overflow",
                f"the prompt has {len(tokens)} tokens and the context holds {model.context_length}",
                "shorten the prompt, or load the model with a larger `contextLength`",
                promptTokens=len(tokens),
                contextLength=model.context_length,
            )

    def _decode(self, model: Model, tokens: list[int], sampler: Sampler) -> str:
        model.begin(self._flag)
        model.pace.begin()
        sampler.accept(tokens)
        stream = TextStream(self._params.stop)
        try:
            prefill(model, tokens, self._cached_tokens, lambda done: self._on_piece(done, model.pace))
            self._prompt_done = time.perf_counter()
            self._heartbeat.stop()
            # The last token is sampled and needs no room in the context.
            limit = min(self._params.max_tokens, model.context_length + 1 - len(tokens))
            reason = self._stream(pieces(model, sampler, limit), stream, model.pace)
        except Aborted:
            reason = "cancelled"
        self._deltas.flush(stream.finish())
        return reason

    def _on_piece(self, done: int, pace: Pace | FixedPace) -> None:
        if self._flag.is_set():
            raise Aborted
        pace.piece()
        self._tell_progress(done)

    def _tell_progress(self, done: int) -> None:
        self._heartbeat.update({"id": self._id, "promptTokensDone": done, "promptTokens": self._prompt_tokens})

    def _stream(self, tokens: Iterator[bytes | None], stream: TextStream, pace: Pace | FixedPace) -> str:
        clock, feed, add, cancelled = time.perf_counter, stream.feed, self._deltas.add, self._flag.is_set
        look_at = math.inf
        for piece in tokens:
            if piece is None:
                return "stop"
            now = self._last_at = clock()
            if not self._completion_tokens:
                self._first_at = now
                look_at = pace.first_token(now)
            self._completion_tokens += 1
            add(feed(piece), now)
            if stream.stopped:
                return "stop"
            if cancelled():
                return "cancelled"
            if now >= look_at:
                look_at = pace.look(now, self._completion_tokens)
        return "length"

    def _result(self, reason: str) -> dict[str, Any]:
        prompt_s = (self._prompt_done or time.perf_counter()) - self._started
        prompt_tokens_read = self._prompt_tokens - self._cached_tokens if self._prompt_done else 0
        decode_s = self._last_at - self._first_at
        return {
            "finishReason": reason,
            "seed": self._seed,
            "characters": self._deltas.characters,
            "promptTokens": self._prompt_tokens,
            "cachedTokens": self._cached_tokens,
            "completionTokens": self._completion_tokens,
            "timings": {
                "queueMs": _ms(self._started - self._received),
                "promptMs": _ms(prompt_s),
                "firstTokenMs": _ms(self._first_at - self._received) if self._completion_tokens else 0,
                "decodeMs": _ms(decode_s),
                "promptTokensPerSecond": _rate(prompt_tokens_read, prompt_tokens_read, prompt_s),
                "decodeTokensPerSecond": _rate(self._completion_tokens, self._completion_tokens - 1, decode_s),
            },
        }


def never_started(seed: int | None) -> dict[str, Any]:
    """The result of a `generate` that was cancelled while it waited."""
    return {
        "finishReason": "cancelled",
        "seed": seed or 0,
        "characters": 0,
        "promptTokens": 0,
        "cachedTokens": 0,
        "completionTokens": 0,
        "timings": {
            "queueMs": 0,
            "promptMs": 0,
            "firstTokenMs": 0,
            "decodeMs": 0,
            "promptTokensPerSecond": None,
            "decodeTokensPerSecond": None,
        },
    }


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 3)


def _rate(tokens: int, counted: int, seconds: float) -> float | None:
    """Tokens per second, or None where two tokens or a measurable time are missing."""
    return round(counted / seconds, 2) if tokens >= 2 and seconds > 0 else None
