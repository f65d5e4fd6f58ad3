"""The GPUs beside the CPU: a thread that finds out about them, and who asks waits no longer than it must."""

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from localai_sidecar.devices.kinds import Speed, Verdict
from localai_sidecar.devices.probe import Probe
from localai_sidecar.devices.roster import Roster, is_proven
from localai_sidecar.kept.cachefolder import CacheFolder
from localai_sidecar.log import Log
from localai_sidecar.protocol.notices import Tell

# How often a waiting thread looks whether it is still wanted.
_GLANCE_S = 0.1


class Gpus:
    """What the plug-ins in `native` could compute on; their drivers are never loaded here."""

    def __init__(self, native: Path, build_id: str, log: Log) -> None:
        self.roster = Roster(native, build_id)
        self._log = log
        self._settled = False
        self._changed = threading.Condition()
        self._wishes: list[str] = []
        self._probe: Probe | None = None
        self._thread: threading.Thread | None = None

    def recall(self, cache: CacheFolder) -> None:
        """Take up what was found out before; takes milliseconds."""
        self.roster.recall(cache)
        self._settled = self.roster.is_complete

    def begin(self, variant: str, baseline: Callable[[], str], tell: Tell) -> None:
        """The CPU is ready, so that others can be compared with it. Everything else happens after this."""
        self._probe = Probe(self.roster, variant, baseline, tell, self._log)
        self._settled = self._settled and not self._probe.lacks_processor

    def find_out(self) -> None:
        """Look at drivers and prove devices that nothing is known of."""
        if self._probe:
            self._guarded(self._probe.everything)
        with self._changed:
            self._settled = True
            self._changed.notify_all()

    def start(self) -> None:
        """`find_out` on a thread of its own, which stays for what is asked for later.

        It must: the system ends a throw-away process with the thread that started it.
        """
        self._thread = threading.Thread(target=self._work, name="devices", daemon=True)
        self._thread.start()

    def wait(self, seconds: float, is_cancelled: Callable[[], bool]) -> bool:
        """Whether nothing is being tried any more, after at most `seconds`."""
        return self._wait_for(lambda: self._settled, seconds, is_cancelled)

    def prove(self, id: str, is_cancelled: Callable[[], bool]) -> bool:
        """Whether the device computes rightly; one that is not known to is tried now, however long that takes."""
        # Where everything is known the first look comes to nothing, in no time.
        self._wait_for(lambda: self._settled or is_proven(self.roster.verdict(id)), None, is_cancelled)
        if not is_proven(self.roster.verdict(id)) and not is_cancelled():
            self._wish(id, is_cancelled)
        return is_proven(self.roster.verdict(id))

    def speeds(self) -> dict[str, Speed]:
        """The proven devices that may be chosen unasked, with their speeds."""
        verdicts: dict[str, Verdict | None] = {id: self.roster.verdict(id) for id in self.roster.proven()}
        return {id: verdict.speed for id, verdict in verdicts.items() if verdict and verdict.speed}

    def describe(self) -> list[dict[str, Any]]:
        """Their part of `backends`."""
        return self.roster.describe(self._settled)

    def _wish(self, id: str, is_cancelled: Callable[[], bool]) -> None:
        probe = self._probe
        if not probe:
            return
        if not self._thread:
            self._guarded(lambda: probe.named(id))
            return
        with self._changed:
            self._wishes.append(id)
            self._changed.notify_all()
        self._wait_for(lambda: id not in self._wishes, None, is_cancelled)

    def _work(self) -> None:
        self.find_out()
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._wishes)
                id = self._wishes[0]
            probe = self._probe
            assert probe
            self._guarded(lambda probe=probe, id=id: probe.named(id))  # type: ignore[misc]
            with self._changed:
                self._wishes = [wish for wish in self._wishes if wish != id]
                self._changed.notify_all()

    def _wait_for(self, is_done: Callable[[], bool], seconds: float | None, is_cancelled: Callable[[], bool]) -> bool:
        deadline = None if seconds is None else time.monotonic() + seconds
        with self._changed:
            while not is_done() and not is_cancelled():
                left = _GLANCE_S if deadline is None else min(deadline - time.monotonic(), _GLANCE_S)
                if left <= 0:
                    break
                self._changed.wait(left)
        return is_done()

    def _guarded(self, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception:
            import traceback

            self._log.error(traceback.format_exc())
