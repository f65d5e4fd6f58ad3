"""What the jobs work on: the libraries, the model if one is loaded, and what is kept between requests and processes."""

from pathlib import Path
from typing import Any

from localai_sidecar.engine_folder import Build
from localai_sidecar.kept.cachefolder import CacheFolder, default_folder, digest
from localai_sidecar.kept.contexts import Contexts
from localai_sidecar.kept.keeper import DEFAULT_MAX_BYTES, Keeper
from localai_sidecar.llama.library import Library
from localai_sidecar.llama.model import Model
from localai_sidecar.log import Log
from localai_sidecar.protocol import rpc
from localai_sidecar.protocol.notices import Notice
from localai_sidecar.protocol.params import CacheParams
from localai_sidecar.protocol.stdio import Outbox
from localai_sidecar.serving.backends import Backends

_CONTEXTS = "contexts"


class Engine:
    """`model` and what belongs to it are touched by the worker's thread only.

    `description` and `device`, which computes it, may be read by others.
    """

    def __init__(self, library: Library, build: Build, outbox: Outbox, log: Log) -> None:
        self.library = library
        self.backends = Backends(library, build.build_id, log)
        self.cache = CacheFolder(None)
        self.keeper = Keeper(None, 0, log)
        self.model: Model | None = None
        self.contexts: Contexts | None = None
        self.description: dict[str, Any] | None = None
        self.device: str | None = None
        self._build = build
        self._outbox = outbox
        self._log = log

    def use_cache(self, params: CacheParams) -> None:
        """Keep things where the driver said, and take up what was found out before."""
        max_bytes = DEFAULT_MAX_BYTES if params.max_bytes is None else params.max_bytes
        folder = default_folder() if params.folder is None else Path(params.folder)
        if folder is not None and max_bytes:
            self.cache = CacheFolder(folder)
            self.keeper = Keeper(folder / _CONTEXTS, max_bytes, self._log)
        self.backends.recall(self.cache)

    def tell(self, notice: Notice) -> None:
        """Send a `log` notification."""
        self._outbox.post(rpc.notification("log", notice))

    def take(self, model: Model) -> None:
        """Use `model` from now on."""
        header = model.header
        identity = digest(
            self._build.build_id,
            header.header_hash,
            header.file_bytes,
            header.modified_ns,
            model.context_length,
            model.place.identity,
        )
        self.model, self.description, self.device = model, model.describe(), model.place.device
        self.contexts = Contexts(model.kept, identity, self.keeper)
        model.chat.tell_by(self.tell)

    def release(self) -> None:
        """Free the model, if there is one; its context is put away before."""
        if self.contexts:
            self.contexts.put_away()
        model, self.model, self.contexts, self.description, self.device = self.model, None, None, None, None
        if model:
            model.free()

    def forget(self, conversation: str) -> None:
        """Keep nothing of `conversation`, in memory or on disk."""
        if self.contexts:
            self.contexts.forget(conversation)
        self.keeper.forget(conversation)
