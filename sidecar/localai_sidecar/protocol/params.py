"""The parameters of each method, checked on receipt; what needs the model or the file is checked when it runs."""

from pathlib import Path
from typing import Any, NamedTuple

from localai_sidecar.errors import ProtocolError
from localai_sidecar.protocol.fields import Fields

PROTOCOL_VERSION = 1
MAX_SEED = 2**32 - 2
MAX_THREADS = 512
SHORTEST_CONTEXT = 16
MAX_CONVERSATION = 200
ROLES = ("system", "user", "assistant")
LOAD_MODES = ("auto", "mapped", "compact")
_INT32 = 2**31 - 1


class Message(NamedTuple):
    """One turn of a conversation."""

    role: str
    content: str


class CacheParams(NamedTuple):
    """`initialize`'s `cache`; None means that the sidecar chooses, 0 bytes that nothing is kept."""

    folder: str | None
    max_bytes: int | None


class LoadParams(NamedTuple):
    """`model/load`; zeros mean that the sidecar chooses."""

    path: str
    context_length: int
    gpu_layers: int
    device: str | None
    threads: int
    load_mode: str


class Sampling(NamedTuple):
    """How the next token is chosen."""

    temperature: float
    top_k: int
    top_p: float
    min_p: float
    repeat_penalty: float


class PromptParams(NamedTuple):
    """`tokenize`; exactly one of `prompt` and `messages` is there."""

    prompt: str | None
    messages: tuple[Message, ...] | None


class GenerateParams(NamedTuple):
    """`generate`; exactly one of `prompt` and `messages` is there."""

    prompt: str | None
    messages: tuple[Message, ...] | None
    conversation: str | None
    max_tokens: int
    sampling: Sampling
    seed: int | None
    stop: tuple[str, ...]


def initialize(params: Any) -> CacheParams:
    """The params of `initialize`; an unknown integer version is `protocol_version`, all else `invalid_params`."""
    fields = Fields(params)
    version = fields.value("protocolVersion")
    if isinstance(version, bool) or not isinstance(version, int):
        raise fields.wrong("protocolVersion", f"the integer {PROTOCOL_VERSION}")
    if version != PROTOCOL_VERSION:
        raise ProtocolError(
            "protocol_version",
            f"protocol version {version} is not spoken here",
            f"speak version {PROTOCOL_VERSION}, or use a sidecar that speaks {version}",
            supported=[PROTOCOL_VERSION],
        )
    if fields.value("client") is None:
        raise fields.wrong("client", "an object with `name` and `version`")
    client = Fields(fields.value("client"), "client.")
    client.needed_text("name")
    client.needed_text("version")
    cache = Fields(fields.value("cache"), "cache.")
    folder = cache.text("folder", shortest=1)
    if folder is not None and not _is_absolute(folder):
        raise cache.wrong("folder", "an absolute path without NUL")
    return CacheParams(folder, None if cache.value("maxBytes") is None else cache.integer("maxBytes", 0, 0))


def load(params: Any) -> LoadParams:
    """The params of `model/load`."""
    fields = Fields(params)
    path = fields.needed_text("path", shortest=1)
    if not _is_absolute(path):
        raise fields.wrong("path", "an absolute path without NUL")
    context_length = fields.integer("contextLength", 0, 0)
    if 0 < context_length < SHORTEST_CONTEXT:
        raise fields.wrong("contextLength", f"0, or {SHORTEST_CONTEXT} up to the model's trained length")
    return LoadParams(
        path=path,
        context_length=context_length,
        gpu_layers=fields.integer("gpuLayers", -1, -1, _INT32),
        device=fields.text("device", shortest=1),
        threads=fields.integer("threads", 0, 0, MAX_THREADS),
        load_mode=_load_mode(fields),
    )


def _load_mode(fields: Fields) -> str:
    mode = fields.text("loadMode") or "auto"
    if mode not in LOAD_MODES:
        raise fields.wrong("loadMode", " or ".join(f'"{name}"' for name in LOAD_MODES))
    return mode


def generate(params: Any) -> GenerateParams:
    """The params of `generate`."""
    fields = Fields(params)
    prompt, messages = _prompt_or_messages(fields, "prompt")
    conversation = fields.text("conversation", 1, MAX_CONVERSATION)
    seed = None if fields.value("seed") is None else fields.integer("seed", 0, 0, MAX_SEED)
    return GenerateParams(
        prompt=prompt,
        messages=messages,
        conversation=conversation,
        max_tokens=fields.integer("maxTokens", 512, 1),
        sampling=Sampling(
            temperature=fields.number("temperature", 0.8, 0, 5),
            top_k=min(fields.integer("topK", 40, 0), _INT32),
            top_p=fields.number("topP", 0.95, 0, 1, low_included=False),
            min_p=fields.number("minP", 0.05, 0, 1),
            repeat_penalty=fields.number("repeatPenalty", 1.0, 0, 2, low_included=False),
        ),
        seed=seed,
        stop=_stop(fields),
    )


def tokenize(params: Any) -> PromptParams:
    """The params of `tokenize`."""
    return PromptParams(*_prompt_or_messages(Fields(params), "text"))


def forget(params: Any) -> str:
    """The conversation that `session/forget` names."""
    return Fields(params).needed_text("conversation", 1, MAX_CONVERSATION)


def _prompt_or_messages(fields: Fields, name: str) -> tuple[str | None, tuple[Message, ...] | None]:
    text, messages = fields.text(name), _messages(fields)
    if (text is None) == (messages is None):
        raise fields.wrong(name, "a string, or `messages` instead: exactly one of the two")
    return text, messages


def _messages(fields: Fields) -> tuple[Message, ...] | None:
    allowed = f"a non-empty array of {{role: {'|'.join(ROLES)}, content: string}}"
    items = fields.array("messages", allowed, shortest=1)
    if items is None:
        return None
    messages = []
    for index, item in enumerate(items):
        message = Fields(item, f"messages[{index}].")
        role = message.needed_text("role")
        if role not in ROLES:
            raise message.wrong("role", " or ".join(f'"{name}"' for name in ROLES))
        messages.append(Message(role, message.needed_text("content")))
    return tuple(messages)


def _stop(fields: Fields) -> tuple[str, ...]:
    allowed = "at most 8 strings of 1 to 256 code points"
    items = fields.array("stop", allowed, longest=8) or []
    if not all(isinstance(item, str) and 1 <= len(item) <= 256 for item in items):
        raise fields.wrong("stop", allowed)
    return tuple(items)


def _is_absolute(path: str) -> bool:
    return Path(path).is_absolute() and "\0" not in path
