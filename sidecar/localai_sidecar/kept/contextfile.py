"""A kept context as a file, believed only after every byte of it was checked.

Layout: MAGIC, u64 number of tokens, u64 bytes of state, the tokens as i32, the state, BLAKE2b of all that; the digest's
key is the file's name, so that a file under another name is a damaged one. Numbers are little-endian.
"""

import mmap
import os
import stat
import struct
from _blake2 import blake2b
from array import array
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from localai_sidecar.kept.cachefolder import digest, write_whole

SUFFIX = ".context"
_MAGIC = b"localai-context\n"
_SIZES = struct.Struct("<QQ")
_TOKEN_BYTES = 4
_DIGEST_BYTES = 32
_CHUNK = 1 << 20


class Saved(NamedTuple):
    """The tokens of a context and the copy of its state."""

    tokens: list[int]
    state: mmap.mmap


def name_of(conversation: str, identity: str) -> str:
    """The file of a conversation with one model; it does not tell the conversation's key."""
    return f"{digest(conversation)}-{identity}{SUFFIX}"


def files_of(folder: Path, conversation: str) -> list[Path]:
    """A conversation's files, with whatever model. Raises OSError."""
    beginning = digest(conversation)
    return [path for path in _files(folder) if path.name.startswith(beginning)]


def write(folder: Path, name: str, saved: Saved) -> None:
    """Keep `saved`. Raises OSError, and leaves nothing then."""
    write_whole(folder, name, _parts(name, saved))


def read(folder: Path, name: str, is_worth: Callable[[list[int]], bool]) -> Saved | None:
    """What was kept under `name`, or None if it is not there, damaged, or not worth reading by its tokens."""
    try:
        fd = os.open(folder / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        return _read(fd, name, is_worth)
    except (OSError, ValueError, struct.error):
        return None
    finally:
        os.close(fd)


def prune(folder: Path, max_bytes: int) -> None:
    """Remove the oldest files until the rest fits into `max_bytes`. Raises OSError."""
    facts = sorted(((path.stat(), path) for path in _files(folder)), key=lambda each: each[0].st_mtime, reverse=True)
    total = 0
    for status, path in facts:
        total += status.st_size
        if total > max_bytes:
            path.unlink(missing_ok=True)


def size_of(tokens: int, state_bytes: int) -> int:
    """Bytes of a file."""
    return len(_MAGIC) + _SIZES.size + tokens * _TOKEN_BYTES + state_bytes + _DIGEST_BYTES


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if path.suffix == SUFFIX] if folder.is_dir() else []


def _parts(name: str, saved: Saved) -> Iterator[bytes | memoryview]:
    check = _new_check(name)
    head = _MAGIC + _SIZES.pack(len(saved.tokens), len(saved.state)) + array("i", saved.tokens).tobytes()
    check.update(head)
    yield head
    with memoryview(saved.state) as state:
        for start in range(0, len(state), _CHUNK):
            chunk = state[start : start + _CHUNK]
            check.update(chunk)
            yield chunk
    yield check.digest()


def _read(fd: int, name: str, is_worth: Callable[[list[int]], bool]) -> Saved | None:
    status = os.fstat(fd)
    head = os.read(fd, len(_MAGIC) + _SIZES.size)
    token_count, state_bytes = _SIZES.unpack_from(head, len(_MAGIC))
    is_whole = status.st_size == size_of(token_count, state_bytes)
    if not stat.S_ISREG(status.st_mode) or not head.startswith(_MAGIC) or not is_whole:
        return None
    raw_tokens = os.read(fd, token_count * _TOKEN_BYTES)
    tokens = array("i", raw_tokens).tolist()
    if len(tokens) != token_count or not is_worth(tokens):
        return None
    check = _new_check(name)
    check.update(head + raw_tokens)
    state = _read_state(fd, state_bytes)
    check.update(state)
    return Saved(tokens, state) if check.digest() == os.read(fd, _DIGEST_BYTES + 1) else None


def _read_state(fd: int, size: int) -> mmap.mmap:
    """Not the file mapped: one that is truncated meanwhile would end the process (SIGBUS)."""
    state = mmap.mmap(-1, size)
    with memoryview(state) as rest:
        at = 0
        while at < size and (count := os.readv(fd, [rest[at : at + _CHUNK]])):
            at += count
    return state


def _new_check(name: str) -> blake2b:
    return blake2b(digest_size=_DIGEST_BYTES, key=name.encode()[:64])
