"""The requests that take time: run one after another, each may be cancelled while it runs or waits."""

import time
from typing import Any

from localai_sidecar.errors import ProtocolError, cancelled
from localai_sidecar.kept.contexts import Contexts
from localai_sidecar.llama.abort import AbortFlag
from localai_sidecar.llama.model import Model
from localai_sidecar.llama.prompt import prompt_tokens
from localai_sidecar.protocol import rpc
from localai_sidecar.protocol.params import GenerateParams, LoadParams, PromptParams
from localai_sidecar.protocol.progress import Heartbeat
from localai_sidecar.protocol.stdio import Outbox
from localai_sidecar.serving import loading
from localai_sidecar.serving.engine import Engine
from localai_sidecar.serving.generation import Reply, never_started

# How far a load is once its device is tried, before the weights are read.
_DEVICE_READY = 0.01


class Job:
    """One request. `run` is called once, on the worker's thread; `cancel` and `tick` may come from another."""

    state = "idle"

    def __init__(self, id: rpc.Id, outbox: Outbox) -> None:
        self.id = id
        self.received = time.perf_counter()
        self.flag = AbortFlag()
        self.answered = False
        self._outbox = outbox
        self.heartbeat: Heartbeat | None = None

    def run(self, engine: Engine) -> dict[str, Any] | None:
        """The request's result; raises ProtocolError."""
        raise NotImplementedError

    def cancel(self) -> None:
        """Make `run` end soon."""
        self.flag.set()

    def cancelled_answer(self) -> bytes:
        """The answer of a request that was cancelled before its turn came."""
        return self.refused_answer()

    def refused_answer(self) -> bytes:
        """The answer of a request whose turn will not come: the sidecar is shutting down."""
        return rpc.error(self.id, cancelled())

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
        self._fraction = 0.0
        self._on_progress(0.0)

    def run(self, engine: Engine) -> dict[str, Any]:
        """The file is checked before the old model goes; what fails after that leaves none."""
        backends = engine.backends
        backends.check(self._params.device, self.flag.is_set)
        plan = loading.plan(self._params, engine.library, engine.cache)
        device = backends.choose(plan, engine.tell, self.flag.is_set)
        if self.flag.is_set():
            raise cancelled()
        engine.release()
        try:
            place = backends.place(device, plan, engine.tell)
            # Trying a device may have taken most of the time without progress that a driver puts up with.
            self._on_progress(_DEVICE_READY if place.gpu else 0.0)
            model = loading.load(plan, engine.library, self._on_progress, place)
        except ProtocolError:
            if self.flag.is_set():
                raise cancelled() from None
            raise
        if self.flag.is_set():
            model.free()
            raise cancelled()
        engine.take(model)
        backends.loaded(model.place)
        self.heartbeat.stop({"id": self.id, "fraction": 1.0})
        shortened = loading.shortened(self._params.context_length, model.context_length, plan.header)
        if shortened:
            engine.tell(shortened)
        return self._result(model)

    def _on_progress(self, fraction: float) -> bool:
        # The context comes after the last tensor, so 1.0 is not llama.cpp's to say.
        self._fraction = max(self._fraction, min(fraction, 0.99))
        self.heartbeat.update({"id": self.id, "fraction": round(self._fraction, 4)})
        return not self.flag.is_set()

    def _result(self, model: Model) -> dict[str, Any]:
        return {
            "model": model.describe(),
            "device": model.place.device,
            "gpuLayers": model.place.layers,
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
        model, contexts = _loaded(engine)
        reply = Reply(
            id=self.id,
            params=self._params,
            received=self.received,
            flag=self.flag,
            send=self._outbox.send,
            heartbeat=self.heartbeat,
        )
        return reply.run(model, contexts)

    def cancelled_answer(self) -> bytes:
        """A result like any other, with nothing in it."""
        return rpc.result(self.id, never_started(self._params.seed))


class TokenizeJob(Job):
    """`tokenize`."""

    def __init__(self, id: rpc.Id, outbox: Outbox, params: PromptParams) -> None:
        super().__init__(id, outbox)
        self._params = params

    def run(self, engine: Engine) -> dict[str, Any]:
        """Needs a loaded model."""
        model, _ = _loaded(engine)
        count = len(prompt_tokens(model, self._params))
        if self.flag.is_set():
            raise cancelled()
        return {"tokens": count}


class ForgetJob(Job):
    """`session/forget`."""

    def __init__(self, id: rpc.Id, outbox: Outbox, conversation: str) -> None:
        super().__init__(id, outbox)
        self._conversation = conversation

    def run(self, engine: Engine) -> dict[str, Any]:
        """Forgetting what is not kept is fine."""
        engine.forget(self._conversation)
        return {}


class ShutdownJob(Job):
    """`shutdown`: the last one; what is kept of the context is on its way to the disk when it is answered."""

    def run(self, engine: Engine) -> None:
        """Cannot fail."""
        if engine.contexts:
            engine.contexts.put_away()


def _loaded(engine: Engine) -> tuple[Model, Contexts]:
    if engine.model is None or engine.contexts is None:
        raise ProtocolError("no_model", "no model is loaded", "send `model/load` first")
    return engine.model, engine.contexts
