"""One loaded model with its context: loading, freeing, tokens and their text."""

import ctypes
from collections.abc import Callable
from typing import Any

from localai_sidecar.errors import ProtocolError
from localai_sidecar.gguf.header import Header
from localai_sidecar.llama.abort import AbortFlag, abort_callback
from localai_sidecar.llama.chatforms import ChatForms
from localai_sidecar.llama.context import Kept
from localai_sidecar.llama.gpudevice import device_list
from localai_sidecar.llama.hugepages import LargePages
from localai_sidecar.llama.library import Library
from localai_sidecar.llama.loadfailure import explain
from localai_sidecar.llama.pace import FixedPace, Pace
from localai_sidecar.llama.place import ON_CPU, Place
from localai_sidecar.llama.threadpool import ThreadPools
from localai_sidecar.llama.threads import default_threads
from localai_sidecar.llama.vocabulary import Vocabulary

# Prefill goes in pieces of one fixed size: other sizes change the last bits of the logits.
PREFILL_PIECE = 512
# How far a load is when a device has the weights, and when it has compiled what a piece of prefill needs.
_WEIGHTS_READ, _PIECE_COMPILED = 0.98, 0.985
_LONGEST_NAME = 256
_VOCABULARY_NONE = 0


class Model(Vocabulary):
    """A model ready to generate. `free` must be called."""

    def __init__(
        self,
        library: Library,
        path: bytes,
        header: Header,
        *,
        context_length: Callable[[], int],
        threads: int,
        progress: "Progress",
        place: Place = ON_CPU,
        is_mapped: bool = False,
        no_alloc: bool = False,
    ) -> None:
        """Load the file at `path`, mapped or read into memory. Raises ProtocolError, also when `progress` said no.

        `context_length` is asked once the weights are there, when it is known what memory they left; it may raise, too.
        With `no_alloc` everything but the weights and the cache is there: for opening a file, not for decoding.
        """
        self.library = library
        self.llama = library.llama
        self.header = header
        self.place = place
        library.native_log.errors.clear()
        self._abort_callback = abort_callback(self.llama)
        template = header.metadata.get("tokenizer.chat_template")
        self.chat = ChatForms(template if isinstance(template, str) and not no_alloc else None)
        try:
            self.handle = self._load(path, progress, is_mapped, no_alloc)
        except BaseException:
            self.chat.end()
            raise
        super().__init__(self.llama, self.handle)
        self.parameters: int = self.llama.llama_model_n_params(self.handle)
        self.threads = threads or (1 if place.is_whole else default_threads(self.parameters))
        try:
            self._check_usable()
            self.context_length = context_length()
            self.context = self._new_context()
        except BaseException:
            self.chat.end()
            self.llama.llama_model_free(self.handle)
            raise
        self.kept = Kept(self.llama, self.context)
        self._pools = ThreadPools(library, self.context)
        self._pools.use(self.threads)
        # A device's tokens tell nothing of threads, and its driver's own may be what keeps the processor busy.
        adapts = not threads and self.threads > 1 and not place.gpu
        self.pace: Pace | FixedPace = Pace(self.threads, self._use_threads) if adapts else FixedPace()
        self.chat.settle(self)
        if place.gpu and not no_alloc:
            self._warm_up(progress)

    def _load(self, path: bytes, progress: "Progress", is_mapped: bool, no_alloc: bool) -> Any:
        params = self.llama.llama_model_default_params()
        devices = device_list(self.place.gpu)
        params.devices = ctypes.cast(devices, ctypes.c_void_p)
        params.n_gpu_layers = self.place.layers
        params.load_mode = self.llama.LLAMA_LOAD_MODE_MMAP if is_mapped else self.llama.LLAMA_LOAD_MODE_NONE
        params.no_alloc = no_alloc
        self._pages = pages = LargePages(0 if self.place.is_whole else self.header.file_bytes)
        share = _WEIGHTS_READ if self.place.gpu else 1.0
        params.progress_callback = self.llama.llama_progress_callback(_on_progress(progress, pages, share))
        handle = self.llama.llama_model_load_from_file(path, params)
        if not handle:
            raise self._explained()
        pages.filled()
        return handle

    def _check_usable(self) -> None:
        llama = self.llama
        makes_text = llama.llama_model_has_decoder(self.handle) and not llama.llama_model_has_encoder(self.handle)
        has_vocabulary = llama.llama_vocab_type(self.vocabulary) != _VOCABULARY_NONE
        if not makes_text or not has_vocabulary or llama.llama_model_is_diffusion(self.handle):
            raise ProtocolError(
                "model_unsupported",
                f"a `{self.header.architecture}` model of this kind does not continue text",
                "choose a model made for chat or completion",
                architecture=self.header.architecture,
            )

    def _new_context(self) -> Any:
        params = self.llama.llama_context_default_params()
        params.n_ctx = self.context_length
        params.n_batch = params.n_ubatch = PREFILL_PIECE
        params.n_threads = params.n_threads_batch = self.threads
        params.no_perf = True
        if self.place.gpu:
            # Only a piece's last token gets logits, and room for those of all would be taken from layers.
            params.n_outputs_max = 1
        context = self.llama.llama_init_from_model(self.handle, params)
        if not context:
            raise self._explained()
        return context

    def _explained(self) -> ProtocolError:
        return explain(self.library.native_log.errors, self.header, self.place)

    def _warm_up(self, progress: "Progress") -> None:
        """Compute what is computed later: a driver compiles its programs when it first needs them, for seconds."""
        for count, done in ((min(PREFILL_PIECE, self.context_length), _PIECE_COMPILED), (1, 1.0)):
            tokens = (ctypes.c_int32 * count)(*[self.first_token] * count)
            self.kept.forget()
            if self.llama.llama_decode(self.context, self.llama.llama_batch_get_one(tokens, count)):
                raise self._explained()
            self.llama.llama_synchronize(self.context)
            progress(done)
        self.kept.forget()

    def free(self) -> None:
        """Give everything back."""
        self._pages.end()
        self.chat.end()
        self.llama.llama_free(self.context)
        self._pools.free()
        self.llama.llama_model_free(self.handle)

    # -- facts ---------------------------------------------------------------------------------------------------

    def describe(self) -> dict[str, Any]:
        """The `model` of `model/load` and `status`."""
        return {
            "name": self.header.name[:_LONGEST_NAME],
            "architecture": self.header.architecture[:_LONGEST_NAME],
            "parameters": self.parameters,
            "fileBytes": self.header.file_bytes,
            "quantization": self._quantization(),
            "vocabSize": self.vocabulary_size,
            "contextLength": self.context_length,
            "trainContextLength": self.header.number("context_length"),
            "hasChatTemplate": self.chat.has_template,
        }

    def _quantization(self) -> str:
        name: bytes = self.llama.llama_ftype_name(self.llama.llama_model_ftype(self.handle)) or b"unknown"
        return name.decode("utf-8", "replace").removeprefix("(guessed) ").removeprefix("all ")

    # -- templates -----------------------------------------------------------------------------------------------

    def apply_template(self, template: bytes, messages: list[tuple[str, str]]) -> str | None:
        """The prompt for the next assistant message, or None if llama.cpp does not know the template.

        Contents must not hold NUL.
        """
        chat = (self.llama.llama_chat_message * len(messages))(
            *(self.llama.llama_chat_message(role.encode(), content.encode()) for role, content in messages)
        )
        room = 4096
        while True:
            buffer = ctypes.create_string_buffer(room)
            length = self.llama.llama_chat_apply_template(template, chat, len(messages), True, buffer, room)
            if length < 0:
                return None
            if length <= room:
                return buffer.raw[:length].decode("utf-8", "replace")
            room = length

    # -- decoding ------------------------------------------------------------------------------------------------

    def begin(self, flag: AbortFlag) -> None:
        """Stop at `flag` from now on."""
        self._flag = flag  # native code holds its address
        self.library.native_log.expected = flag
        self.llama.llama_set_abort_callback(self.context, self._abort_callback, flag.address)

    def _use_threads(self, threads: int) -> None:
        """Compute with another number of threads from now on."""
        self._pools.use(threads)
        self.llama.llama_set_n_threads(self.context, threads, threads)

    def rest(self) -> None:
        """Let the threads sleep: they would go on spinning for a while, waiting for the next token."""
        self._pools.pause()


def _on_progress(progress: "Progress", pages: LargePages, share: float) -> Callable[[float, Any], bool]:
    """llama.cpp calls it first when the memory for the weights is reserved, and nothing is in it yet."""

    def report(fraction: float, _: Any) -> bool:
        pages.filling(fraction)
        return progress(share * fraction)

    return report


Progress = Callable[[float], bool]
