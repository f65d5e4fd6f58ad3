"""The one folder the sidecar writes to: whole files, for this user only; where it cannot write, nothing is kept."""

import contextlib
import errno
import json
import os
from _blake2 import blake2b
from collections.abc import Iterable
from pathlib import Path
from typing import Any

NAME = "localai-sidecar"
_NO_UNNAMED_FILES = (errno.EOPNOTSUPP, errno.EISDIR, errno.ENOENT, errno.EINVAL)


def default_folder() -> Path | None:
    """`localai-sidecar` in the user's cache folder (XDG base directory specification), as launcher.c finds it too."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    if os.path.isabs(base):  # noqa: PTH117 - a Path of "" is "."
        return Path(base) / NAME
    home = os.environ.get("HOME", "")
    if not os.path.isabs(home):  # noqa: PTH117
        import pwd

        try:
            home = pwd.getpwuid(os.geteuid()).pw_dir
        except KeyError:
            return None
    return Path(home) / ".cache" / NAME


def digest(*parts: object) -> str:
    """32 hex digits that stand for `parts`, in their order."""
    return blake2b("\0".join(map(str, parts)).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


class CacheFolder:
    """Files under `folder`; None keeps nothing. Nothing here raises OSError unless it says so."""

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder

    def recall(self, kind: str, key: str) -> dict[str, Any] | None:
        """What `remember` was told, or None."""
        if self.folder is None:
            return None
        try:
            value = json.loads((self.folder / "known" / f"{kind}-{key}.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return value if isinstance(value, dict) else None

    def remember(self, kind: str, key: str, value: dict[str, Any]) -> None:
        """Keep a small fact for later processes; `key` is a `digest`."""
        if self.folder is not None:
            with contextlib.suppress(OSError):
                write_whole(self.folder / "known", f"{kind}-{key}.json", [json.dumps(value).encode()])


def write_whole(folder: Path, name: str, parts: Iterable[bytes | memoryview]) -> None:
    """Put `parts` into the file `name`, whole or not at all, even when the process is killed. Raises OSError.

    The file has no name until it is complete (open(2), O_TMPFILE), so there is nothing to tidy up.
    """
    _make_folder(folder)
    try:
        fd = os.open(folder, os.O_TMPFILE | os.O_WRONLY | os.O_CLOEXEC, 0o600)
    except OSError as error:
        if error.errno not in _NO_UNNAMED_FILES:
            raise
        _write_and_rename(folder / name, parts)
        return
    try:
        _write(fd, parts)
        _name(fd, folder, name)
    finally:
        os.close(fd)


def _name(fd: int, folder: Path, name: str) -> None:
    # With a descriptor for the folder Python calls linkat(2), which alone follows the link in /proc.
    folder_fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name, dir_fd=folder_fd)
        with contextlib.suppress(FileExistsError):  # another sidecar was faster, with the same right
            os.link(f"/proc/self/fd/{fd}", name, dst_dir_fd=folder_fd)
    finally:
        os.close(folder_fd)


def _make_folder(folder: Path) -> None:
    for each in (*reversed(folder.parents), folder):
        with contextlib.suppress(FileExistsError):
            each.mkdir(mode=0o700)


def _write_and_rename(path: Path, parts: Iterable[bytes | memoryview]) -> None:
    """For file systems without unnamed files (NFS, some FUSE): a kill leaves one dot file, which is overwritten."""
    fresh = path.with_name(f".{path.name}")
    fd = os.open(fresh, os.O_CREAT | os.O_TRUNC | os.O_WRONLY | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        _write(fd, parts)
        fresh.replace(path)
    except OSError:
        fresh.unlink(missing_ok=True)
        raise
    finally:
        os.close(fd)


def _write(fd: int, parts: Iterable[bytes | memoryview]) -> None:
    for part in parts:
        rest = memoryview(part)
        while rest:
            rest = rest[os.write(fd, rest) :]
