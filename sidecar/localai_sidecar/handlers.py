"""One short function per method: params in, result out, or a job for the worker."""

import time
from typing import TYPE_CHECKING, Any

from localai_sidecar import __version__, jobs, params, rpc
from localai_sidecar.errors import EXIT_PROTOCOL_VERSION, ProtocolError
from localai_sidecar.fields import Fields
from localai_sidecar.memory import resident_bytes

if TYPE_CHECKING:
    from localai_sidecar.serve import Server

MAX_QUEUED_REQUESTS = 0
CAPABILITIES = {"generate": True, "chat": True, "tokenize": False, "sessionCache": False}


def initialize(server: "Server", request: rpc.Request) -> dict[str, Any]:
    """The handshake; a version that is not spoken ends the process after the answer."""
    if server.initialized:
        raise ProtocolError("invalid_request", "`initialize` was answered already", "send it once per process")
    try:
        params.initialize(request.params)
    except ProtocolError as problem:
        if problem.kind == "protocol_version":
            server.exit_with(EXIT_PROTOCOL_VERSION)
        raise
    server.initialized = True
    return {
        "protocolVersion": params.PROTOCOL_VERSION,
        "server": {"name": "localai-sidecar", "version": __version__, "buildId": server.build.build_id},
        "variant": server.build.variant,
        "backends": server.engine.library.backends(),
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
    running = server.worker.running
    description = server.engine.description
    return {
        "state": running.state if running else "idle",
        "model": description,
        "device": "CPU" if description else None,
        "backends": server.engine.library.backends(),
        "rssBytes": resident_bytes(),
        "queued": 0,
        "uptimeMs": round((time.perf_counter() - server.started) * 1000),
    }


def load(server: "Server", request: rpc.Request) -> None:
    """`model/load`, answered by the worker."""
    server.worker.start(jobs.LoadJob(request.id, server.outbox, params.load(request.params)))


def unload(server: "Server", request: rpc.Request) -> None:
    """`model/unload`, answered by the worker."""
    Fields(request.params)
    server.worker.start(jobs.UnloadJob(request.id, server.outbox))


def generate(server: "Server", request: rpc.Request) -> None:
    """`generate`, answered by the worker."""
    server.worker.start(jobs.GenerateJob(request.id, server.outbox, params.generate(request.params)))


def shutdown(server: "Server", request: rpc.Request) -> None:
    """`shutdown`, answered once the running request is."""
    Fields(request.params)
    server.shutdown_id = request.id
    if server.worker.running:
        server.worker.running.cancel()


REQUESTS = {
    "initialize": initialize,
    "ping": ping,
    "status": status,
    "model/load": load,
    "model/unload": unload,
    "generate": generate,
    "shutdown": shutdown,
}


def cancel(server: "Server", notification: rpc.Notification) -> None:
    """Stop a running request; an unknown id is ignored, and 1 is not "1"."""
    values = notification.params if isinstance(notification.params, dict) else {}
    running = server.worker.running
    if running and type(values.get("id")) is type(running.id) and values["id"] == running.id:
        running.cancel()


NOTIFICATIONS = {"cancel": cancel}
