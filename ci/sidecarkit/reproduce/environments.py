"""The environment of a build in other circumstances: its own home and caches; what is pinned by hash is shared."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

from sidecarkit.reproduce.circumstances import Circumstances

# Downloads, which every lock checks by hash, and how this user reaches the registries.
_SHARED_IN_HOME = (
    ".npmrc", ".netrc", ".config/pip", ".pip", ".m2/settings.xml",
    ".cargo/config.toml", ".cargo/credentials.toml", ".cargo/registry/cache", ".cargo/registry/index",
)  # fmt: skip
# The user's locale, folders and Python; and the remote cache, out of which nothing would be built anew.
_LEFT_OUT = ("LC_", "XDG_", "PYTHON", "SIDECARKIT_")


def of(circumstances: Circumstances, top: Path) -> dict[str, str]:
    """What programs of the build in `top` see of it. Homes and caches are made, empty but for what is shared."""
    home, cache = top / "home", top / "cache"
    cache.mkdir(parents=True)
    _share_home(home)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_LEFT_OUT)}
    return kept | {
        "HOME": str(home),
        "CARGO_HOME": str(home / ".cargo"),
        "RUSTUP_HOME": os.environ.get("RUSTUP_HOME", str(Path.home() / ".rustup")),
        "XDG_CACHE_HOME": str(cache),
        "TZ": circumstances.timezone,
        "LC_ALL": circumstances.locale,
        "LANG": circumstances.locale,
        "CARGO_BUILD_JOBS": str(circumstances.jobs()),
        "PIP_CACHE_DIR": platformdirs.user_cache_dir("pip"),
        "npm_config_cache": str(Path.home() / ".npm"),
    }


def _share_home(home: Path) -> None:
    for name in _SHARED_IN_HOME:
        theirs = Path.home() / name
        if name.startswith(".cargo/") and "CARGO_HOME" in os.environ:
            theirs = Path(os.environ["CARGO_HOME"], name.removeprefix(".cargo/"))
        if theirs.exists():
            (home / name).parent.mkdir(parents=True, exist_ok=True)
            (home / name).symlink_to(theirs)
