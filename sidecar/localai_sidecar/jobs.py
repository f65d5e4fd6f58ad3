"""The requests that take time, and the engine they work on."""

import time
from typing import Any

from localai_sidecar import loading, rpc
from localai_sidecar.errors import ProtocolError, cancelled
from localai_sidecar.generation import Reply
from localai_sidecar.llama.abort import AbortFlag
from localai_sidecar.llama.library import Library
from localai_sidecar.llama.model import Model
from localai_sidecar.params import GenerateParams, LoadParams
from localai_sidecar.progress import Heartbeat
from localai_sidecar.stdio import Outbox


class Engine:
    """What the jobs work on: the libraries, and the model if one is loaded."""

    def __init__(self, library: Library) -> None:
        self.library = library
        self.model: Model | None = None
        self.description: dict[str, Any] | None = None

    def take(self, model: Model) -> None:
        """Use `model` from now on."""
        self.model, self.description = model, model.describe()

    def release(self) -> None:
        """Free the model, if there is one."""
        model, self.model, self.description = self.model, None, None
        if model:
            model.free()


class Job:
    """One request. `run` is called once, on the worker's thread; `cancel` and `tick` may come from another."""

    state = "idle"

    def __init__(self, id: rpc.Id, outbox: Outbox) -> None:
        self.id = id
        self.received = time.perf_counter()
        self.flag = AbortFlag()
        self._outbox = outbox
        self.heartbeat: Heartbeat | None = None

    def run(self, engine: Engine) -> dict[str, Any]:
        """The request's result; raises ProtocolError."""
        raise NotImplementedError

    def cancel(self) -> None:
        """Make `run` end soon."""
        self.flag.set()

    def tick(self) -> None:
        """Give a sign of life if one is due."""
        if self.heartbeat:
            self.heartbeat.tick()

    def end(self) -> None:
        """Give no more signs of life: the answer comes next."""
        if self.heartbeat:
            self.heartbeat.stop()

    def _beat(self, method: str) -> Heartbeat:
        return Heartbeat(lambda params: self._outbox.post(rpc.notification(method, params)))


class LoadJob(Job):
    """`model/load`."""

    state = "loading"

    def __init__(self, id: rpc.Id, outbox: Outbox, params: LoadParams) -> None:
        super().__init__(id, outbox)
        self._params = params
        self.heartbeat: Heartbeat = self._beat("model/progress")
        self.heartbeat.update({"id": id, "fraction": 0.0})

    def run(self, engine: Engine) -> dict[str, Any]:
        """The file is checked before the old model goes; what fails after that leaves none."""
        plan = loading.plan(self._params, engine.library)
        if self.flag.is_set():
            raise cancelled()
        engine.release()
        try:
            model = loading.load(plan, engine.library, self._on_progress)
        except ProtocolError:
            if self.flag.is_set():
                raise cancelled() from None
            raise
        if self.flag.is_set():
            model.free()
            raise cancelled()
        engine.take(model)
        self.heartbeat.stop({"id": self.id, "fraction": 1.0})
        shortened = loading.shortened(self._params.context_length, model.context_length, plan.header)
        if shortened:
            self._outbox.post(rpc.notification("log", shortened))
        return self._result(model)

    def _on_progress(self, fraction: float) -> bool:
        # The context comes after the last tensor, so 1.0 is not llama.cpp's to say.
        self.heartbeat.update({"id": self.id, "fraction": round(min(fraction, 0.99), 4)})
        return not self.flag.is_set()

    def _result(self, model: Model) -> dict[str, Any]:
        return {
            "model": model.describe(),
            "device": "CPU",
            "gpuLayers": 0,
            "threads": model.threads,
            "loadMs": round((time.perf_counter() - self.received) * 1000, 3),
        }


class UnloadJob(Job):
    """`model/unload`."""

    def run(self, engine: Engine) -> dict[str, Any]:
        """Unloading nothing is fine."""
        engine.release()
        return {}


class GenerateJob(Job):
    """`generate`."""

    state = "generating"

    def __init__(self, id: rpc.Id, outbox: Outbox, params: GenerateParams) -> None:
        super().__init__(id, outbox)
        self._params = params
        self.heartbeat: Heartbeat = self._beat("generate/progress")

    def run(self, engine: Engine) -> dict[str, Any]:
        """Needs a loaded model."""
        if engine.model is None:
            raise ProtocolError("no_model", "no model is loaded", "send `model/load` first")
        reply = Reply(
            id=self.id,
            params=self._params,
            received=self.received,
            flag=self.flag,
            send=self._outbox.send,
            heartbeat=self.heartbeat,
        )
        return reply.run(engine.model)
