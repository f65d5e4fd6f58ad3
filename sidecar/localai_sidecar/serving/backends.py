"""What may compute: the CPU by its proven plug-in, remembered per processor and build, and GPUs where plug-ins are."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from localai_sidecar.errors import cancelled, device_unavailable, invalid_params
from localai_sidecar.kept.cachefolder import CacheFolder, digest
from localai_sidecar.llama.library import Library
from localai_sidecar.llama.place import ON_CPU, Place
from localai_sidecar.llama.variants import candidates
from localai_sidecar.log import Log
from localai_sidecar.machine import cpuinfo
from localai_sidecar.machine.memory import available_bytes
from localai_sidecar.protocol.notices import Tell, notice
from localai_sidecar.trials import proof
from localai_sidecar.trials.proof import NoProof, ProofFailed, prove

if TYPE_CHECKING:
    from localai_sidecar.serving.gpuplaces import GpuPlaces
    from localai_sidecar.serving.loading import LoadPlan

_KIND = "variant"
_CPU = "CPU"
_GPU_PLUG_INS = ("libggml-cuda.so", "libggml-vulkan.so")


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
        self._gpus = _gpu_places(library, build_id, log)

    def recall(self, cache: CacheFolder) -> None:
        """Use the plug-in that was proven before, if there is one, and what is known of GPUs."""
        self._cache = cache
        if self._gpus:
            self._gpus.recall(cache)
        known = (cache.recall(_KIND, self._key) or {}).get("library")
        if not isinstance(known, str) or not self._use(known):
            self._candidates = candidates(self._library.native_folder)

    @property
    def is_complete(self) -> bool:
        """Whether nothing is left to be found out."""
        return self._state == "ready" and not self._gpus

    def find_out(self, tell: Tell, *, is_waiting: bool) -> None:
        """Prove what is not known: the CPU now; GPUs now if somebody `is_waiting`, else on a thread of their own."""
        if self._state == "probing":
            self._prove(tell)
        if self._gpus and self._state == "ready":
            self._gpus.find_out(self._library.variant or "", self._baseline, tell, is_waiting=is_waiting)

    def _baseline(self) -> str:
        self._candidates = self._candidates or candidates(self._library.native_folder)
        return self._candidates[-1]

    def _prove(self, tell: Tell) -> None:
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
            error = prove(proof.CPU, variant, baseline).error
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
        cpu = backend if self._reason is None else {**backend, "reason": self._reason, "devices": []}
        return [cpu, *(self._gpus.describe() if self._gpus else ())]

    def check(self, device: str | None, is_cancelled: Callable[[], bool]) -> None:
        """Raise device_unavailable unless `device` (None: any) can compute; a GPU that is not proven is tried now."""
        if self._state != "ready":
            raise device_unavailable(device or _CPU, self._reason, [])
        if device in (None, _CPU):
            return
        if not self._gpus:
            raise device_unavailable(str(device), None, self._available())
        reason = self._gpus.flaw(str(device), is_cancelled)
        if is_cancelled():
            raise cancelled()
        if reason is not None:
            raise device_unavailable(str(device), reason, self._available())

    def choose(self, plan: "LoadPlan", tell: Tell, is_cancelled: Callable[[], bool]) -> str:
        """The device for a file that passed its checks: the one asked for, else the fastest. Raises ProtocolError."""
        if plan.device not in (None, _CPU) and plan.gpu_layers == 0:
            raise invalid_params("gpuLayers", 0, "-1, or 1 and more on a device that is not the CPU")
        if plan.device in (None, _CPU) and (plan.device or plan.gpu_layers == 0 or not self._gpus):
            return _CPU
        assert self._gpus, "`check` has refused other devices"
        if plan.device is None:
            return self._gpus.fastest(plan, tell, is_cancelled)
        self._gpus.open(plan.device)
        return plan.device

    def place(self, device: str, plan: "LoadPlan", tell: Tell) -> Place:
        """Where to load what was planned, once the model before is gone. Raises ProtocolError."""
        if device == _CPU or not self._gpus:
            return ON_CPU
        return self._gpus.place(device, plan, tell)

    def loaded(self, place: Place) -> None:
        """A model was loaded there: what `status` tells of free memory is looked at again."""
        if self._gpus and place.gpu:
            self._gpus.note_free(place.device, place.gpu)

    def _available(self) -> list[str]:
        return [_CPU, *(self._gpus.proven() if self._gpus else ())]


def _gpu_places(library: Library, build_id: str, log: Log) -> "GpuPlaces | None":
    """None where no plug-in is: then nothing of all that is even imported."""
    if not any((library.native_folder / name).exists() for name in _GPU_PLUG_INS):
        return None
    from localai_sidecar.serving.gpuplaces import GpuPlaces

    return GpuPlaces(library, build_id, log)
