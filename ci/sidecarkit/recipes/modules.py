"""The parts of Python that no sidecar needs, left out of the engine: pure, for every triple."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from sidecarkit import digest

# The C library and its parts, which every system brings; anything else must lie in the engine's own folder.
FROM_THE_SYSTEM = frozenset(
    ("libc.so.6", "libm.so.6", "libdl.so.2", "libpthread.so.0", "librt.so.1", "libutil.so.1", "ld-linux-x86-64.so.2")
)

_NETWORK = """
    _socket socket socketserver _ssl ssl asyncio _asyncio http urllib.request urllib.error urllib.robotparser
    ftplib imaplib poplib smtplib xmlrpc webbrowser netrc email mimetypes wsgiref
"""
_PROCESSES = "multiprocessing _multiprocessing _posixshmem subprocess _posixsubprocess concurrent pty"
# Their modules need libraries that would be copied from the build machine.
_ARCHIVES = """
    binascii bz2 _bz2 lzma _lzma zlib gzip tarfile zipfile encodings.bz2_codec encodings.zlib_codec
    sqlite3 _sqlite3 dbm curses _curses _curses_panel readline _uuid _hashlib
"""
_DEVELOPMENT = """
    _pyrepl pdb bdb cmd code pydoc doctest unittest rlcompleter cProfile profile pstats timeit trace
    pickletools modulefinder pyclbr ensurepip sysconfig _sysconfigdata__linux_x86_64-linux-gnu
    _osx_support _aix_support _android_support _apple_support
"""
_NO_USE = """
    statistics fractions decimal _decimal _pydecimal
    base64 quopri uuid secrets csv _csv configparser plistlib tomllib xml pyexpat turtle colorsys sched filecmp
    __hello__ __phello__ antigravity this
"""


def flags(left_out: Iterable[str] = ()) -> tuple[str, ...]:
    """Nuitka's options that choose the modules: a sidecar has no network code in it, not even unused.

    `left_out` names what a project leaves out beside that.
    """
    names = " ".join((_NETWORK, _PROCESSES, _ARCHIVES, _DEVELOPMENT, _NO_USE)).split()
    # Nuitka would leave the fast half of json out, to save 50 kB.
    return (f"--nofollow-import-to={','.join([*names, *left_out])}", "--include-module=_json")


def inputs() -> dict[str, str]:
    """What decides the flags."""
    return {"modules left out": digest.of_file(Path(__file__))}
