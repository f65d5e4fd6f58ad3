"""A real OCI registry on loopback: Debian's docker-registry with a folder of the test's own as storage."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

PROGRAM = "docker-registry"
_START_LIMIT_S = 30.0
_CONFIGURATION = """\
version: 0.1
log: {{level: warn}}
storage:
  filesystem: {{rootdirectory: {storage}}}
http:
  addr: 127.0.0.1:{port}
"""
_AUTHENTICATION = """\
auth:
  htpasswd: {{realm: test, path: {passwords}}}
"""
USER, PASSWORD = "ada", "open sesame"
_BCRYPT = "$2y$05$abcdefghijklmnopqrstuupx2xBUC4954936wVIjyyPHmUBFu0wCW"


@dataclass(frozen=True, kw_only=True)
class Registry:
    """Its address as `SIDECARKIT_REMOTE_CACHE` takes it, and where it keeps what was pushed."""

    address: str
    storage: Path

    def blobs(self) -> list[Path]:
        """The files it keeps, the largest first."""
        return sorted(self.storage.rglob("blobs/sha256/*/*/data"), key=lambda path: -path.stat().st_size)

    def tags(self) -> set[str]:
        return {path.name for path in self.storage.rglob("_manifests/tags/*")}


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


@contextmanager
def running(folder: Path, *, asks_for_password: bool = False) -> Iterator[Registry]:
    """A registry that answers, gone when the block ends. Raises AssertionError when there is none to start."""
    program = shutil.which(PROGRAM)
    assert program, f"`{PROGRAM}` is missing: `python3 noxfile.py -s doctor` installs it"
    port, storage = free_port(), folder / "storage"
    configuration = folder / "registry.yml"
    text = _CONFIGURATION.format(storage=storage, port=port)
    if asks_for_password:
        passwords = folder / "passwords"
        passwords.write_text(f"{USER}:{_BCRYPT}\n", encoding="utf-8")
        text += _AUTHENTICATION.format(passwords=passwords)
    configuration.write_text(text, encoding="utf-8")
    with (folder / "registry.log").open("wb") as log:
        server = subprocess.Popen([program, "serve", configuration], stdout=log, stderr=subprocess.STDOUT)
    try:
        _wait_until_it_answers(port, server, folder / "registry.log")
        yield Registry(address=f"http://127.0.0.1:{port}/caches/localaiapp", storage=storage)
    finally:
        server.kill()
        server.wait(_START_LIMIT_S)


def _wait_until_it_answers(port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _START_LIMIT_S
    while time.monotonic() < deadline and server.poll() is None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/v2/", timeout=1):
                return
        except urllib.error.HTTPError as answer:  # it asks for a password
            answer.close()
            return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.02)
    raise AssertionError(f"the registry does not answer:\n{log.read_text(encoding='utf-8', errors='replace')}")
