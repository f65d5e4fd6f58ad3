"""The thread that runs one job after another, and answers it."""

import threading
from collections import deque
from collections.abc import Callable

from localai_sidecar.errors import ProtocolError
from localai_sidecar.log import Log
from localai_sidecar.protocol import rpc
from localai_sidecar.protocol.stdio import Outbox
from localai_sidecar.serving.engine import Engine
from localai_sidecar.serving.jobs import Job

MAX_QUEUED_REQUESTS = 8


class Worker:
    """Runs jobs on its own thread in the order they came; the rest of the process looks on."""

    def __init__(self, engine: Engine, outbox: Outbox, log: Log, on_done: Callable[[], None]) -> None:
        self._engine = engine
        self._outbox = outbox
        self._log = log
        self._on_done = on_done
        self._jobs: deque[Job] = deque()
        self._changed = threading.Condition()
        self._running: Job | None = None
        self._first: Callable[[], None] | None = None
        self._hurried = False
        self._idle = threading.Event()

    def start(self, first: Callable[[], None] | None) -> None:
        """Begin with `first`, which is nobody's request."""
        self._first = first
        threading.Thread(target=self._work, name="worker", daemon=True).start()

    def submit(self, job: Job) -> None:
        """Run `job` when its turn comes. Raises ProtocolError if too many are waiting."""
        with self._changed:
            if self.queued >= MAX_QUEUED_REQUESTS:
                raise ProtocolError(
                    "busy",
                    f"{self.queued} requests are waiting already, and no more may",
                    "wait for an answer, or cancel one",
                )
            self._jobs.append(job)
            self._changed.notify()

    @property
    def current(self) -> Job | None:
        """The job that runs, or the one whose turn it is."""
        with self._changed:
            return self._current()

    @property
    def queued(self) -> int:
        """How many jobs wait for another one's end."""
        return len(self._jobs) if self._running else max(len(self._jobs) - 1, 0)

    def find(self, id: rpc.Id) -> Job | None:
        """The job of that id, if it is not answered yet. Ids are compared with their type."""
        with self._changed:
            jobs = [self._running, *self._jobs]
        return next((job for job in jobs if job and type(job.id) is type(id) and job.id == id), None)

    def cancel(self, id: rpc.Id) -> None:
        """Make the job of that id end: one that waits is answered at once, an unknown id is ignored."""
        job = self.find(id)
        if job and not self._withdraw(job):
            job.cancel()

    def clear(self) -> None:
        """Cancel everything: what runs will end soon, what waits is answered -32800."""
        with self._changed:
            current = self._current()
            waiting = [job for job in self._jobs if job is not current]
            self._jobs = deque(job for job in self._jobs if job is current)
        if current:
            current.cancel()
        for job in waiting:
            self._outbox.post(job.refused_answer())

    def put_away(self, seconds: float) -> None:
        """Have an idle worker put the context away now; wait for it at most `seconds`."""
        self._idle.clear()
        with self._changed:
            self._hurried = True
            self._changed.notify()
        self._idle.wait(seconds)

    def _withdraw(self, job: Job) -> bool:
        with self._changed:
            if job not in self._jobs:
                return False
            self._jobs.remove(job)
        self._outbox.post(job.cancelled_answer())
        return True

    def _current(self) -> Job | None:
        return self._running or (self._jobs[0] if self._jobs else None)

    def _work(self) -> None:
        if self._first:
            self._guarded(self._first)
        while True:
            job = self._next()
            answer = self._answer(job)
            # Before the answer goes out: who reads it may send the next request at once.
            with self._changed:
                self._running = None
            self._outbox.send(answer)
            job.answered = True
            self._on_done()

    def _next(self) -> Job:
        while True:
            with self._changed:
                pause = self._engine.contexts.seconds_left() if self._engine.contexts else None
                self._changed.wait_for(lambda: self._jobs or self._hurried, pause)
                self._hurried = False
                if self._jobs:
                    self._running = self._jobs.popleft()
                    return self._running
            self._guarded(self._put_away)

    def _put_away(self) -> None:
        if self._engine.contexts:
            self._engine.contexts.put_away()
        self._idle.set()

    def _guarded(self, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception:
            internal(self._log)

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
