"""GPUs as places for a model: which one is the fastest for it, and how many of its layers it holds."""

from collections.abc import Callable
from typing import Any

from localai_sidecar.devices import choice, layers, telling
from localai_sidecar.devices.choice import Option
from localai_sidecar.devices.gpus import Gpus
from localai_sidecar.devices.inuse import InUse, NotShown
from localai_sidecar.devices.layers import Fit
from localai_sidecar.errors import device_unavailable
from localai_sidecar.kept.cachefolder import CacheFolder
from localai_sidecar.llama.gpudevice import GpuDevice
from localai_sidecar.llama.library import Library
from localai_sidecar.llama.loadfailure import out_of_device_memory
from localai_sidecar.llama.place import ON_CPU, Place
from localai_sidecar.log import Log
from localai_sidecar.machine.memory import available_bytes
from localai_sidecar.protocol.notices import Tell
from localai_sidecar.serving.loading import LoadPlan, affordable_context, cache_bytes_per_token

# A load without a device waits this long for proofs that are running, and computes on the CPU then.
_PATIENCE_S = 3.0
_CPU = "CPU"


class GpuPlaces:
    """`describe` may be asked from any thread, the rest is the worker's."""

    def __init__(self, library: Library, build_id: str, log: Log) -> None:
        self._library = library
        self._gpus = Gpus(library.native_folder, build_id, log)
        self._in_use = InUse(library, self._gpus.roster)

    def recall(self, cache: CacheFolder) -> None:
        """Take up what was found out before."""
        self._gpus.recall(cache)

    def find_out(self, variant: str, baseline: Callable[[], str], tell: Tell, *, is_waiting: bool) -> None:
        """Find out the rest: on this thread if somebody `is_waiting`, else on one of its own."""
        self._gpus.begin(variant, baseline, tell)
        if is_waiting:
            self._gpus.find_out()
        else:
            self._gpus.start()

    def describe(self) -> list[dict[str, Any]]:
        """Their part of `backends`."""
        return self._gpus.describe()

    def proven(self) -> list[str]:
        """The devices that may be asked for."""
        return self._gpus.roster.proven()

    def flaw(self, device: str, is_cancelled: Callable[[], bool]) -> str | None:
        """Why a device may not be used, or None; one that is not known to compute rightly is tried now."""
        if self._gpus.prove(device, is_cancelled):
            return None
        roster = self._gpus.roster
        known = roster.devices().get(device)
        backends = [known.driver.backend] if known else roster.backends
        return "; ".join(map(roster.reason, backends))

    def fastest(self, plan: LoadPlan, tell: Tell, is_cancelled: Callable[[], bool]) -> str:
        """The device that is expected to compute the model fastest, the CPU among them; says so, and why."""
        is_settled = self._gpus.wait(_PATIENCE_S, is_cancelled)
        roster = self._gpus.roster
        speeds, processor = self._gpus.speeds(), roster.memory.recall_processor(self._library.variant or "")
        if not speeds or not processor:
            reason = "no other device is known to be faster" if is_settled else "other devices are still being tried"
            tell(telling.chosen(_CPU, reason))
            return _CPU
        devices = roster.devices()
        options = [
            Option(id, speed, self._fit(plan, devices[id].memory_total, devices[id].memory_total).layers)
            for id, speed in speeds.items()
        ]
        best = choice.fastest(plan.header.weights, options, processor)
        if best.device is None:
            tell(telling.chosen(_CPU, "no other device is expected to be faster with this model"))
            return _CPU
        try:
            self._in_use.device(best.device)
        except NotShown as problem:
            tell(telling.not_shown(best.device, devices[best.device].driver.backend, str(problem)))
            return _CPU
        tell(telling.chosen(best.device, f"about {best.times:.1f} times as fast as the CPU"))
        return best.device

    def open(self, device: str) -> GpuDevice:
        """A proven device, ready for use. Raises device_unavailable where only another process can use it."""
        try:
            return self._in_use.device(device)
        except NotShown as problem:
            more = {"restart": True} if problem.restart else {}
            others = [each for each in self.proven() if each != device]
            raise device_unavailable(device, str(problem), [_CPU, *others], **more) from None

    def place(self, device: str, plan: LoadPlan, tell: Tell) -> Place:
        """As many layers as were asked for, or fit. Raises out_of_memory."""
        gpu = self.open(device)
        free, total = gpu.memory()
        fit = self._fit(plan, free, total)
        wanted = fit.total if plan.gpu_layers < 0 else min(plan.gpu_layers, fit.total)
        if fit.layers < wanted and (plan.gpu_layers > 0 or not fit.layers):
            return self._without(device, plan, gpu, wanted, tell)
        if fit.layers < fit.total and plan.gpu_layers < 0:
            tell(telling.layers_on_cpu(device, fit))
        known = self._gpus.roster.devices()[device]
        return Place(
            device=device,
            identity=f"{known.identity} {fit.layers}",
            gpu=gpu,
            layers=fit.layers,
            total=fit.total,
            needed=fit.device_bytes,
            context_length=context_length(plan, layers.usable_bytes(free, total)),
        )

    def note_free(self, device: str, gpu: GpuDevice) -> None:
        """Look how much of a device's memory is free."""
        self._gpus.roster.note_free(device, gpu.memory()[0])

    def _without(self, device: str, plan: LoadPlan, gpu: GpuDevice, layers_wanted: int, tell: Tell) -> Place:
        """Too little memory: the CPU takes what nobody asked to have elsewhere."""
        free, total = gpu.memory()
        context = context_length(plan, layers.usable_bytes(free, total))
        cache = cache_bytes_per_token(plan.header)
        # With what stays free: so much must be free for it to be loaded.
        needed = layers.bytes_of(plan.header, context, cache, max(layers_wanted, 1)) + layers.margin_bytes(total)
        if plan.device is not None or plan.gpu_layers > 0:
            what = f"{layers_wanted} layers, and a context of {context} tokens"
            raise out_of_device_memory(device, needed, free, what)
        backend = self._gpus.roster.devices()[device].driver.backend
        tell(telling.no_memory(device, backend, needed, free))
        tell(telling.chosen(_CPU, f"{device} has too little free memory"))
        return ON_CPU

    @staticmethod
    def _fit(plan: LoadPlan, free: int, total: int) -> Fit:
        usable = layers.usable_bytes(free, total)
        length = context_length(plan, usable)
        return layers.fit(plan.header, length, cache_bytes_per_token(plan.header), usable, plan.gpu_layers)


def context_length(plan: LoadPlan, usable: int) -> int:
    """The context that was asked for, or what a device with so many `usable` bytes affords.

    A model that it does not hold is shared with the CPU, and so is its context.
    """
    if plan.context_length:
        return plan.context_length
    is_whole = plan.header.file_bytes + layers.compute_bytes(plan.header, 0) <= usable
    return affordable_context(plan.header, usable if is_whole else usable + available_bytes())
