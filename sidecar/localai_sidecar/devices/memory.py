"""What was found out about drivers and devices, kept for later starts and believed only while nothing has changed."""

from pathlib import Path
from typing import Any, NamedTuple

from localai_sidecar.devices.drivers import fingerprint
from localai_sidecar.devices.kinds import Driver, Looked, Speed, Verdict, described, device_of
from localai_sidecar.kept.cachefolder import CacheFolder, digest
from localai_sidecar.machine import cpuinfo

_DRIVER, _PROCESSOR, _TOLD = "driver", "processor", "told"


class Known(NamedTuple):
    """A driver: what looking at it gave, the files it is made of, and the verdicts on its devices by identity."""

    looked: Looked
    files: list[str]
    verdicts: dict[str, Verdict]


class Memory:
    """Verdicts by driver, for one build of the engine; the plug-ins lie in `native`."""

    def __init__(self, cache: CacheFolder, build_id: str, native: Path) -> None:
        self._cache = cache
        self._build_id = build_id
        self._native = native

    def recall(self, driver: Driver) -> Known | None:
        """What is known of a driver, or None if it is to be looked at again."""
        kept = self._cache.recall(_DRIVER, self._key(driver))
        try:
            if kept is None or kept["fingerprint"] != fingerprint(driver, self._native, kept["files"]):
                return None
            devices = tuple(device_of(driver, found) for found in kept["devices"])
            verdicts = {identity: _verdict_of(told) for identity, told in kept["verdicts"].items()}
            return Known(Looked(devices, kept["code"], kept["reason"]), list(kept["files"]), verdicts)
        except (KeyError, TypeError, ValueError, AttributeError):
            return None

    def remember(self, driver: Driver, known: Known) -> None:
        """Keep what is known of a driver."""
        self._cache.remember(
            _DRIVER,
            self._key(driver),
            {
                "fingerprint": fingerprint(driver, self._native, known.files),
                "files": known.files,
                "code": known.looked.code,
                "reason": known.looked.reason,
                "devices": [described(device) for device in known.looked.devices],
                "verdicts": {identity: verdict._asdict() for identity, verdict in known.verdicts.items()},
            },
        )

    def is_news(self, *fact: str) -> bool:
        """Whether a fact was not told before; it is not news any more then."""
        key = digest(self._build_id, *fact)
        if self._cache.recall(_TOLD, key):
            return False
        self._cache.remember(_TOLD, key, {"told": list(fact)})
        return True

    def recall_processor(self, variant: str) -> Speed | None:
        """The speed of the CPU with a plug-in."""
        kept = self._cache.recall(_PROCESSOR, self._processor_key(variant))
        try:
            return None if kept is None else _speed_of(kept)
        except (TypeError, ValueError):
            return None

    def remember_processor(self, variant: str, speed: Speed) -> None:
        """Keep the speed of the CPU with a plug-in."""
        self._cache.remember(_PROCESSOR, self._processor_key(variant), speed._asdict())

    def _processor_key(self, variant: str) -> str:
        return digest(self._build_id, variant, cpuinfo.identity())

    def _key(self, driver: Driver) -> str:
        return digest(self._build_id, *driver)


def _verdict_of(told: dict[str, Any]) -> Verdict:
    speed = told["speed"]
    return Verdict(told["code"], told["reason"], float(told["seconds"]), None if speed is None else _speed_of(speed))


def _speed_of(told: Any) -> Speed:
    """NamedTuples are kept as lists where they stand in another one."""
    values = told.values() if isinstance(told, dict) else told
    return Speed(*map(float, values))
