"""The throw-away side of `look`: asks a GPU driver which devices it has."""

import ctypes
import json
from pathlib import Path
from typing import Any

from localai_sidecar.engine_folder import engine_folder
from localai_sidecar.llama.cudaapi import CudaFailed, cuda_devices
from localai_sidecar.llama.vulkanapi import VulkanFailed, physical_devices
from localai_sidecar.trials.childside import Answerer

_VULKAN_LOADER = "libvulkan.so"
_ARCHITECTURES = "architectures"


def looker() -> Answerer:
    """Answers `{"backend", "plugIn"}` with `{"devices", "files"}`, or `{"code", "reason"}`.

    `files` are those that the driver is made of, by what it mapped.
    """
    folder = engine_folder()

    def answer(question: dict[str, Any]) -> dict[str, Any]:
        before = _mapped_files()
        try:
            if question["backend"] == "CUDA":
                devices = cuda_devices(_architectures(folder))
            else:
                devices = physical_devices(_linked_with_loader(folder / "llama" / question["plugIn"]))
        except OSError as error:
            if _VULKAN_LOADER in str(error):
                return {"code": "no_driver", "reason": "there is no Vulkan loader (libvulkan.so.1)"}
            return {"code": "plug_in_broken", "reason": f"the plug-in cannot be loaded: {error}"}
        except (VulkanFailed, CudaFailed) as error:
            return {"code": "no_driver", "reason": str(error)}
        return {"devices": devices, "files": sorted(_mapped_files() - before)}

    return answer


def _linked_with_loader(plug_in: Path) -> ctypes.CDLL:
    """The plug-in, not the loader by its name: so it shows whether the plug-in can be loaded, too."""
    # Loaded by its path first, so that LD_LIBRARY_PATH cannot plant it.
    ctypes.CDLL(str(plug_in.with_name("libggml-base.so")), mode=ctypes.RTLD_GLOBAL)
    return ctypes.CDLL(str(plug_in))


def _architectures(folder: Path) -> list[str]:
    """Those that the CUDA plug-in was built for, where the build says."""
    build: dict[str, Any] = json.loads((folder / "build.json").read_text(encoding="utf-8"))
    return list(build.get(_ARCHITECTURES, ()))


def _mapped_files() -> set[str]:
    lines = Path("/proc/self/maps").read_text(errors="replace").splitlines()
    fields = (line.split(maxsplit=5) for line in lines if "x" in line.split(maxsplit=2)[1])
    return {parts[5] for parts in fields if len(parts) == 6 and parts[5].startswith("/")}
