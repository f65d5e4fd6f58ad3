"""Which Vulkan drivers are installed: their manifests, searched for as the Vulkan loader does, and nothing loaded.

See "Driver Discovery on Linux" in the loader's LoaderDriverInterface.md.
"""

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

_BELOW = Path("vulkan", "icd.d")
# Loaders before 1.3.207 know only the last of these; the first one that is set counts.
_OVERRIDES = ("VK_DRIVER_FILES", "VK_ICD_FILENAMES")
_LONGEST_MANIFEST = 1 << 16


class VulkanDriver(NamedTuple):
    """A driver by its manifest; `library` is a path, or a name that the system's linker looks up."""

    manifest: Path
    library: str


def vulkan_drivers(environment: Mapping[str, str]) -> list[VulkanDriver]:
    """The drivers of this architecture that a loader with this environment would load, each library once."""
    drivers: dict[str, VulkanDriver] = {}
    for manifest in _manifests(environment):
        library = _library_of(manifest)
        if library is not None:
            drivers.setdefault(library, VulkanDriver(manifest, library))
    return list(drivers.values())


def environment_for(manifests: list[str]) -> dict[str, str]:
    """What a process must have in its environment to load these drivers only, without layers that nobody asked for."""
    files = os.pathsep.join(manifests)
    return {
        **dict.fromkeys(_OVERRIDES, files),
        "VK_INSTANCE_LAYERS": "",
        "VK_LOADER_LAYERS_DISABLE": "~implicit~",
        # Loaders before 1.3.234 do not know the line above, and Mesa's layer puts devices into another order.
        "NODEVICE_SELECT": "1",
    }


def _manifests(environment: Mapping[str, str]) -> Iterator[Path]:
    for name in _OVERRIDES:
        if environment.get(name):
            yield from _listed(environment[name])
            return
    yield from _listed(environment.get("VK_ADD_DRIVER_FILES", ""))
    for folder in _folders(environment):
        yield from _in_folder(folder / _BELOW)


def _folders(environment: Mapping[str, str]) -> Iterator[Path]:
    home = environment.get("HOME", "")

    def own(name: str, below_home: str) -> str:
        return environment.get(name) or (f"{home}/{below_home}" if home else "")

    def listed(name: str, default: str) -> list[str]:
        return (environment.get(name) or default).split(os.pathsep)

    yield from _absolute([own("XDG_CONFIG_HOME", ".config"), *listed("XDG_CONFIG_DIRS", "/etc/xdg")])
    yield from _absolute(["/usr/local/etc", "/etc"])
    shared = listed("XDG_DATA_DIRS", "/usr/local/share:/usr/share")
    yield from _absolute([own("XDG_DATA_HOME", ".local/share"), *shared])


def _absolute(names: list[str]) -> Iterator[Path]:
    yield from (path for path in map(Path, names) if path.is_absolute())


def _listed(names: str) -> Iterator[Path]:
    for path in _absolute(names.split(os.pathsep)):
        if path.is_dir():
            yield from _in_folder(path)
        else:
            yield path


def _in_folder(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if path.suffix == ".json")
    except OSError:
        return []


def _library_of(manifest: Path) -> str | None:
    """What the manifest names, or None where the loader would step over it as well."""
    try:
        with manifest.open("rb") as file:
            driver = json.loads(file.read(_LONGEST_MANIFEST))["ICD"]
        library = driver["library_path"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    # The loader compares with the width of its own pointers.
    if not isinstance(library, str) or not library or driver.get("library_arch", "64") != "64":
        return None
    return library if "/" not in library else str(manifest.parent / library)
