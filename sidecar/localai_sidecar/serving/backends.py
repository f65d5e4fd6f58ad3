"""What may compute: the CPU by its proven plug-in; remembered per processor and build."""

from typing import Any

from localai_sidecar.errors import ProtocolError
from localai_sidecar.kept.cachefolder import CacheFolder, digest
from localai_sidecar.llama.library import Library
from localai_sidecar.llama.variants import candidates
from localai_sidecar.log import Log
from localai_sidecar.machine import cpuinfo
from localai_sidecar.machine.memory import available_bytes
from localai_sidecar.protocol.notices import Tell, notice
from localai_sidecar.trials.proof import NoProof, ProofFailed, prove

_KIND = "variant"
_CPU = "CPU"


class Backends:
    """The backends of `initialize` and `status`. A proof runs on the worker's thread, before its first job."""

    def __init__(self, library: Library, build_id: str, log: Log) -> None:
        self._library = library
        self._key = digest(build_id, cpuinfo.identity())
        self._log = log
        self._cache = CacheFolder(None)
        self._candidates: list[str] = []
        self._state = "probing"
        self._reason: str | None = None

    def recall(self, cache: CacheFolder) -> bool:
        """Use the plug-in that was proven before; whether there is one."""
        self._cache = cache
        known = (cache.recall(_KIND, self._key) or {}).get("library")
        if isinstance(known, str) and self._use(known):
            return True
        self._candidates = candidates(self._library.native_folder)
        return False

    def prove(self, tell: Tell) -> None:
        """Find the fastest plug-in that computes rightly, use it, and say what came of it."""
        for variant in self._candidates:
            reason = self._flaw(variant)
            if reason is None and self._use(variant):
                self._cache.remember(_KIND, self._key, {"library": variant})
                tell(notice("info", "backend_ready", f"the CPU computes with {variant}", backend=_CPU, library=variant))
                return
            text = f"the CPU plug-in {variant} is not used: {reason or 'it cannot be loaded'}"
            tell(notice("warning", "variant_skipped", text, backend=_CPU, library=variant, reason=reason))
        self._state = "unavailable"
        self._reason = "no CPU plug-in computes rightly on this machine"
        tell(notice("error", "backend_unavailable", self._reason, backend=_CPU, reason=self._reason))

    def _flaw(self, variant: str) -> str | None:
        baseline = self._candidates[-1]
        try:
            error = prove(_CPU, variant, baseline)
        except ProofFailed as failure:
            return str(failure)
        except NoProof as problem:
            return None if variant == baseline else f"it could not be proven: {problem}"
        self._log.info(f"{variant} computes like {baseline}: NMSE {error:.2g}")
        return None

    def _use(self, variant: str) -> bool:
        if not self._library.use_cpu(variant):
            return False
        self._state = "ready"
        return True

    def describe(self) -> list[dict[str, Any]]:
        """The `backends` of `initialize` and `status`."""
        device = {
            "id": _CPU,
            "kind": "cpu",
            "description": cpuinfo.description(),
            "memoryTotal": cpuinfo.installed_bytes(),
            "memoryFree": available_bytes(),
        }
        library = self._library.variant or next(iter(self._candidates), None)
        backend = {"name": _CPU, "library": library, "state": self._state, "devices": [device]}
        return [backend if self._reason is None else {**backend, "reason": self._reason, "devices": []}]

    def check(self, device: str | None) -> None:
        """Raise device_unavailable unless `device` (None: any) can compute."""
        available = [_CPU] if self._state == "ready" else []
        if not available or (device is not None and device not in available):
            reason = f": {self._reason}" if self._reason else ""
            raise ProtocolError(
                "device_unavailable",
                f"there is no device `{device or _CPU}` here{reason}",
                f"use one of: {', '.join(available)}" if available else "install the program again",
                available=available,
            )
