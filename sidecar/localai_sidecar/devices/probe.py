"""Looks at drivers, proves and measures devices, and tells what came of it. All of it happens in other processes."""

import time
from collections.abc import Callable
from typing import Any

from localai_sidecar.devices import choice, telling
from localai_sidecar.devices.drivers import PLUG_INS
from localai_sidecar.devices.kinds import (
    HUNG,
    NO_DRIVER,
    PLUG_IN_BROKEN,
    Device,
    Driver,
    Looked,
    Speed,
    Verdict,
    device_of,
    environment_of,
    environment_to_look,
)
from localai_sidecar.devices.memory import Known
from localai_sidecar.devices.roster import Roster, is_proven
from localai_sidecar.log import Log
from localai_sidecar.protocol.notices import Tell
from localai_sidecar.trials import proof
from localai_sidecar.trials.child import NOT_STARTED
from localai_sidecar.trials.look import Asked, look
from localai_sidecar.trials.proof import Candidate, NoProof, ProofFailed

_PROOF_LAYERS = 2
# A software device compiles its shaders on the cores that everything else runs on, and nobody waits for it unasked.
# Less than the minute without progress after which a driver may take a load for hung.
_SOFTWARE_LIMIT_S = 3 * proof.LIMIT_S


class Probe:
    """`variant` is the CPU plug-in in use, `baseline` the one whose numbers count."""

    def __init__(self, roster: Roster, variant: str, baseline: Callable[[], str], tell: Tell, log: Log) -> None:
        self._roster = roster
        self._variant = variant
        self._baseline = baseline
        self._tell = tell
        self._log = log

    def everything(self) -> None:
        """Find out what is not known yet; software devices are named, and left alone."""
        roster = self._roster
        fresh = [driver for driver, known in roster.drivers().items() if known is None]
        self._look(fresh)
        for backend in roster.backends:
            self._tell_nothing(backend, fresh)
        for id, device in roster.devices().items():
            verdict = roster.verdict(id)
            if verdict is None and not device.is_software:
                self._prove(id, device)
            elif device.driver in fresh:
                self._tell(telling.verdict(id, device, verdict) if verdict else telling.software(id, device))
        self._measure_processor()

    def named(self, id: str) -> None:
        """Prove a device that somebody asked for, whatever is known of it, and wherever it may have been hidden."""
        if id not in self._roster.devices():
            drivers = self._roster.drivers()
            self._look([driver for driver, known in drivers.items() if known is None or known.looked.code])
        device = self._roster.devices().get(id)
        if device and not is_proven(self._roster.verdict(id)):
            self._prove(id, device)
            self._measure_processor()

    @property
    def lacks_processor(self) -> bool:
        """Whether a device's speed is known, and not the CPU's."""
        has_speed = any((verdict := self._roster.verdict(id)) and verdict.speed for id in self._roster.proven())
        return has_speed and self._roster.memory.recall_processor(self._variant) is None

    def _look(self, drivers: list[Driver]) -> None:
        asked = [Asked(driver.backend, driver.plug_in, dict(environment_to_look(driver))) for driver in drivers]
        for driver, found in zip(drivers, look(asked), strict=True):
            looked = _looked(driver, found)
            is_lasting = looked.code != NOT_STARTED
            self._roster.learn(driver, Known(looked, found.get("files", []), _unfit(found)), keep=is_lasting)
            self._log.info(f"{_name(driver)}: {looked.reason or f'{len(looked.devices)} devices'}")
            if looked.code not in (None, NO_DRIVER, NOT_STARTED):
                self._tell(telling.driver_skipped(driver, looked))
        self._roster.number()

    def _tell_nothing(self, backend: str, fresh: list[Driver]) -> None:
        """Say once that a backend has nothing to offer, unless a driver's own failure was told."""
        drivers = self._roster.drivers(backend)
        is_told = bool(drivers) and not any(driver in fresh for driver in drivers)
        codes = {known.looked.code for known in drivers.values() if known}
        devices = [device for device in self._roster.devices().values() if device.driver.backend == backend]
        if devices or is_told or not codes <= {None, NO_DRIVER}:
            return
        if drivers or self._roster.memory.is_news(backend, PLUG_INS[backend]):
            self._tell(telling.nothing_there(backend, self._roster.reason(backend)))

    def _prove(self, id: str, device: Device) -> None:
        limit = _SOFTWARE_LIMIT_S if device.is_software else proof.LIMIT_S
        candidate = Candidate(device.driver.plug_in, environment_of([device]), limit)
        began = time.monotonic()
        try:
            proven = proof.prove(candidate, self._variant, self._baseline())
            speed = None if device.is_software else self._measure_patiently(id, candidate, proven.token_seconds)
            verdict = Verdict(None, None, time.monotonic() - began, speed)
            self._log.info(f"{id} computes like {self._baseline()}: NMSE {proven.error:.2g}; {speed}")
        except ProofFailed as failure:
            verdict = Verdict(failure.code, str(failure), time.monotonic() - began)
        except NoProof as problem:
            self._log.warning(f"{id} could not be proven: {problem}")
            return
        self._roster.judge(id, verdict)
        self._tell(telling.verdict(id, device, verdict))

    def _measure_processor(self) -> None:
        """How fast the CPU is, once there is something to compare it with."""
        if not self.lacks_processor:
            return
        try:
            token = proof.prove(proof.CPU, self._variant, self._baseline()).token_seconds
            self._roster.memory.remember_processor(self._variant, self._measure(proof.CPU, token))
        except (ProofFailed, NoProof) as problem:
            self._log.warning(f"the CPU's speed could not be measured: {problem}")

    def _measure_patiently(self, id: str, candidate: Candidate, proof_token: float) -> Speed | None:
        """The speed of a device, or None for one that computes rightly and too slowly to be taken unasked."""
        try:
            return self._measure(candidate, proof_token)
        except ProofFailed as failure:
            if failure.code != HUNG:
                raise
            self._log.info(f"{id} is not taken unless it is asked for: {failure}")
            return None

    def _measure(self, candidate: Candidate, proof_token: float) -> Speed:
        measured = proof.measure(candidate, self._variant)
        return choice.speed_of(
            proof_token / _PROOF_LAYERS,
            measured.token_seconds,
            measured.prompt_token_seconds,
            measured.layers,
            measured.bytes,
        )


def _looked(driver: Driver, found: dict[str, object]) -> Looked:
    if "devices" not in found:
        return Looked((), str(found["code"]), str(found["reason"]))
    devices = found["devices"]
    assert isinstance(devices, list)
    return Looked(tuple(device_of(driver, each) for each in devices))


def _unfit(found: dict[str, Any]) -> dict[str, Verdict]:
    """The devices that need no proof to be passed over."""
    devices = found.get("devices", [])
    return {each["identity"]: Verdict(PLUG_IN_BROKEN, each["unfit"], 0.0) for each in devices if each.get("unfit")}


def _name(driver: Driver) -> str:
    return f"{driver.backend} driver {driver.library}"
