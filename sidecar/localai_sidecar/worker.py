"""The thread that runs one job after another, and answers it."""

import queue
import threading
from collections.abc import Callable

from localai_sidecar import rpc
from localai_sidecar.errors import ProtocolError, quote
from localai_sidecar.jobs import Engine, Job
from localai_sidecar.log import Log
from localai_sidecar.stdio import Outbox


class Worker:
    """Runs jobs on its own thread and answers them; there is no queue, so one at a time."""

    def __init__(self, engine: Engine, outbox: Outbox, log: Log, on_done: Callable[[], None]) -> None:
        self.running: Job | None = None
        self._engine = engine
        self._outbox = outbox
        self._log = log
        self._on_done = on_done
        self._jobs: queue.SimpleQueue[Job] = queue.SimpleQueue()
        threading.Thread(target=self._work, name="worker", daemon=True).start()

    def start(self, job: Job) -> None:
        """Run `job` now. Raises ProtocolError if another one is running."""
        running = self.running
        if running is not None:
            raise ProtocolError(
                "busy",
                f"the engine is {running.state} for request {quote(running.id)}, and there is no queue",
                "wait for its answer, or cancel it",
            )
        self.running = job
        self._jobs.put(job)

    def _work(self) -> None:
        while True:
            job = self._jobs.get()
            answer = self._answer(job)
            # Before the answer goes out: who reads it may send the next request at once.
            self.running = None
            self._outbox.send(answer)
            self._on_done()

    def _answer(self, job: Job) -> bytes:
        try:
            return rpc.result(job.id, job.run(self._engine))
        except ProtocolError as problem:
            return rpc.error(job.id, problem)
        except Exception:
            return rpc.error(job.id, internal(self._log))
        finally:
            job.end()


def internal(log: Log) -> ProtocolError:
    """The error for a fault of ours; its trace goes to the log."""
    import traceback

    log.error(traceback.format_exc())
    return ProtocolError("internal", "the sidecar met a fault of its own", "its log on stderr tells more")
