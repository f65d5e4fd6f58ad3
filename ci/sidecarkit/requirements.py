"""What a machine must have that no lock can bring: system packages, and how to see whether they are there."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from ctypes.util import find_library
from dataclasses import dataclass
from pathlib import Path

MINIMUM_RUST = (1, 90)
_PROBE_LIMIT_S = 60
_MANIFESTS = (Path("/usr/share/vulkan/icd.d"), Path("/etc/vulkan/icd.d"))


@dataclass(frozen=True)
class Requirement:
    """Something the build or the tests need, and the packages that bring it. `found` says what is there, or None.

    `apt_without`: files of the packages that are left out where apt installs them.
    """

    name: str
    why: str
    found: Callable[[], str | None]
    apt: tuple[str, ...]
    pacman: tuple[str, ...]
    apt_without: tuple[str, ...] = ()


def of(platform: str) -> tuple[Requirement, ...]:
    """What `sys.platform` needs; what is said about Windows' C++ compiler is in `pitfalls`."""
    return on_linux() if platform == "linux" else (_RUST,)


def on_linux() -> tuple[Requirement, ...]:
    """Everything a Linux machine needs for the whole line, in the order it is needed."""
    return (
        Requirement("linker", "Rust links the app with it", _program("cc"), ("gcc", "libc6-dev"), ("gcc",)),
        Requirement(
            "ldd and readelf", "tell Nuitka what a library needs", _programs("ldd", "readelf"),
            ("libc-bin", "binutils"), ("glibc", "binutils"),
        ),
        Requirement("pkg-config", "Rust finds WebKitGTK by it", _program("pkg-config"), ("pkg-config",), ("pkgconf",)),
        Requirement(
            "WebKitGTK 4.1", "the app's window", _library("webkit2gtk-4.1"),
            ("libwebkit2gtk-4.1-dev",), ("webkit2gtk-4.1",),
        ),
        _RUST,
        # Both only recommend the xauth without which xvfb-run ends at once.
        Requirement(
            "Xvfb", "a screen for the app under test", _programs("xvfb-run", "Xvfb", "xauth"),
            ("xvfb", "xauth"), ("xorg-server-xvfb", "xorg-xauth"),
        ),
        Requirement(
            "WebKitWebDriver", "drives the app's page", _program("WebKitWebDriver"),
            ("webkit2gtk-driver",), ("webkit2gtk-4.1",),
        ),
        Requirement(
            "dbus", "a session bus for the app under test", _programs("dbus-run-session", "dbus-daemon"),
            ("dbus", "dbus-daemon"), ("dbus",),
        ),
        Requirement(
            "lavapipe", "the Vulkan backend is tested on it, without a graphics card", lavapipe,
            ("mesa-vulkan-drivers", "libvulkan1"), ("vulkan-swrast", "vulkan-icd-loader"),
        ),
        Requirement("git", "a release names the commit it is made of", _program("git"), ("git",), ("git",)),
        Requirement(
            "minisign", "the tests sign a release and check it", _program("minisign"), ("minisign",), ("minisign",)
        ),
        Requirement("strace", "sees which code the engine opens", _program("strace"), ("strace",), ("strace",)),
        Requirement(
            "dpkg-deb", "dates the package by its commit, and unpacks it", _program("dpkg-deb"), ("dpkg",), ("dpkg",)
        ),
        *([_REGISTRY] if shutil.which("apt-get") else []),
        Requirement(
            "a font", "a page without one shows boxes", _font, ("fonts-dejavu-core", "fontconfig"), ("ttf-dejavu",)
        ),
    )  # fmt: skip


def rust() -> str | None:
    """The version of a Rust that is new enough and has clippy and rustfmt; None otherwise."""
    version = rust_version()
    if version is None or version < MINIMUM_RUST:
        return None
    if answer(["cargo", "clippy", "--version"]) is None or answer(["cargo", "fmt", "--version"]) is None:
        return None
    return answer(["rustc", "--version"])


def rust_version() -> tuple[int, int] | None:
    """Major and minor version of the `rustc` on PATH; None when there is none that answers."""
    match = re.match(r"rustc (\d+)\.(\d+)", answer(["rustc", "--version"]) or "")
    return (int(match[1]), int(match[2])) if match else None


def lavapipe() -> str | None:
    """The manifest by which Vulkan's loader finds it, where the loader is there too."""
    manifest = next((path for folder in _MANIFESTS for path in folder.glob("lvp_icd*.json")), None)
    return str(manifest) if manifest and find_library("vulkan") else None


def answer(argv: list[str]) -> str | None:
    """What a quick question to a program prints; None when it is missing, fails or does not answer."""
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=_PROBE_LIMIT_S, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def _program(name: str) -> Callable[[], str | None]:
    return lambda: shutil.which(name)


def _programs(*names: str) -> Callable[[], str | None]:
    return lambda: shutil.which(names[0]) if all(map(shutil.which, names)) else None


def _library(name: str) -> Callable[[], str | None]:
    return lambda: answer(["pkg-config", "--modversion", name])


def _font() -> str | None:
    fonts = answer(["fc-list", ":", "family"])
    return f"{len(fonts.splitlines())} families" if fonts else None


_RUST = Requirement(
    "Rust ≥ 1.90 with clippy and rustfmt",
    "the app's core",
    rust,
    ("rustc-web", "cargo-web", "rust-web-clippy", "rustfmt-web"),
    ("rust",),
)

# Only Debian and its kin have a package of one; elsewhere the tests of the remote cache are left out.
_REGISTRY = Requirement(
    "docker-registry",
    "the tests of the remote cache start one on loopback",
    _program("docker-registry"),
    ("docker-registry",),
    (),
    # The tests start their own: without these it would listen on port 5000 of this machine from now on.
    apt_without=("*/docker-registry.service", "/etc/init.d/docker-registry"),
)
