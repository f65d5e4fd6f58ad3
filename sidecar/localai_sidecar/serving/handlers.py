"""One short function per method: params in, result out, or a job for the worker."""

import time
from typing import TYPE_CHECKING, Any

from localai_sidecar import __version__
from localai_sidecar.errors import EXIT_PROTOCOL_VERSION, ProtocolError
from localai_sidecar.machine.memory import resident_bytes
from localai_sidecar.protocol import params, rpc
from localai_sidecar.protocol.fields import Fields
from localai_sidecar.serving import jobs
from localai_sidecar.serving.worker import MAX_QUEUED_REQUESTS

if TYPE_CHECKING:
    from localai_sidecar.serving.serve import Server

CAPABILITIES = {"generate": True, "chat": True, "tokenize": True, "sessionCache": True}


def initialize(server: "Server", request: rpc.Request) -> dict[str, Any]:
    """The handshake; a version that is not spoken ends the process after the answer."""
    if server.initialized:
        raise ProtocolError("invalid_request", "`initialize` was answered already", "send it once per process")
    try:
        cache = params.initialize(request.params)
    except ProtocolError as problem:
        if problem.kind == "protocol_version":
            server.exit_with(EXIT_PROTOCOL_VERSION)
        raise
    server.initialized = True
    engine = server.engine
    engine.use_cache(cache)
    complete = engine.backends.is_complete
    server.worker.start(None if complete else lambda: engine.backends.find_out(engine.tell, is_waiting=False))
    return {
        "protocolVersion": params.PROTOCOL_VERSION,
        "server": {"name": "localai-sidecar", "version": __version__, "buildId": server.build.build_id},
        "variant": server.build.variant,
        "backends": server.engine.backends.describe(),
        "limits": {"maxMessageBytes": rpc.MAX_MESSAGE_BYTES, "maxQueuedRequests": MAX_QUEUED_REQUESTS},
        "capabilities": CAPABILITIES,
    }


def ping(_: "Server", request: rpc.Request) -> dict[str, Any]:
    """Is anybody there?"""
    Fields(request.params)
    return {}


def status(server: "Server", request: rpc.Request) -> dict[str, Any]:
    """What the engine is doing."""
    Fields(request.params)
    current = server.worker.current
    description = server.engine.description
    return {
        "state": current.state if current else "idle",
        "model": description,
        "device": server.engine.device,
        "backends": server.engine.backends.describe(),
        "rssBytes": resident_bytes(),
        "queued": server.worker.queued,
        "uptimeMs": round((time.perf_counter() - server.started) * 1000),
    }


def load(server: "Server", request: rpc.Request) -> None:
    """`model/load`, answered by the worker."""
    server.worker.submit(jobs.LoadJob(request.id, server.outbox, params.load(request.params)))


def unload(server: "Server", request: rpc.Request) -> None:
    """`model/unload`, answered by the worker."""
    Fields(request.params)
    server.worker.submit(jobs.UnloadJob(request.id, server.outbox))


def generate(server: "Server", request: rpc.Request) -> None:
    """`generate`, answered by the worker."""
    server.worker.submit(jobs.GenerateJob(request.id, server.outbox, params.generate(request.params)))


def tokenize(server: "Server", request: rpc.Request) -> None:
    """`tokenize`, answered by the worker."""
    server.worker.submit(jobs.TokenizeJob(request.id, server.outbox, params.tokenize(request.params)))


def forget(server: "Server", request: rpc.Request) -> None:
    """`session/forget`, answered by the worker."""
    server.worker.submit(jobs.ForgetJob(request.id, server.outbox, params.forget(request.params)))


def shutdown(server: "Server", request: rpc.Request) -> None:
    """`shutdown`, answered once the running request is."""
    Fields(request.params)
    server.worker.clear()
    server.shutdown = jobs.ShutdownJob(request.id, server.outbox)
    server.worker.submit(server.shutdown)


REQUESTS = {
    "initialize": initialize,
    "ping": ping,
    "status": status,
    "model/load": load,
    "model/unload": unload,
    "generate": generate,
    "tokenize": tokenize,
    "session/forget": forget,
    "shutdown": shutdown,
}


def cancel(server: "Server", notification: rpc.Notification) -> None:
    """Stop a running request; an unknown id is ignored, and 1 is not "1"."""
    values = notification.params if isinstance(notification.params, dict) else {}
    id = values.get("id")
    if isinstance(id, str | int) and not isinstance(id, bool):
        server.worker.cancel(id)


NOTIFICATIONS = {"cancel": cancel}
