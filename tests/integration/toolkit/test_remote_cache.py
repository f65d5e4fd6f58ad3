"""The remote cache on a real registry: what one machine built, another takes; whatever is wrong is a miss."""

from __future__ import annotations

import base64
import gzip
import io
import json
import shutil
import socket
import tarfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from sidecarkit import oci
from sidecarkit.cache import Cache, archive
from sidecarkit.cache import entry as entries
from sidecarkit.cache.remote import ADDRESS, WRITES, Remote
from sidecarkit.report import Report
from tests.integration.toolkit import registry as registries
from tests.integration.toolkit.registry import Registry

KEY = "c" * 64
INPUTS = {"flags": "-O3", "zig": "0.17.1"}
TAG = f"native-{'c' * 32}"


class Machine:
    """A machine with a cache folder of its own; `said` is what its user reads, `built` how often it compiled."""

    def __init__(self, root: Path, address: str, *, writes: bool = False, limit_s: float = 60) -> None:
        self.said = io.StringIO()
        self.built = 0
        report = Report(self.said)
        self.cache = Cache(root, report, Remote(address, report, writes=writes, limit_s=limit_s))

    def layer(self, layer: str = "native", key: str = KEY) -> Path:
        return self.cache.told(key, target="cpu-x", inputs=INPUTS).folder(layer, key, self._build).path

    def _build(self, folder: Path) -> None:
        self.built += 1
        (folder / "lib").mkdir()
        (folder / "lib" / "libllama.so").write_bytes(b"\x7fELF" + bytes(range(256)) * 4096)
        (folder / "bench").write_text("#!/bin/sh\n", encoding="utf-8")
        (folder / "bench").chmod(0o755)
        (folder / "tools").mkdir()
        (folder / "tools" / "libllama.so").symlink_to("../lib/libllama.so")


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    if shutil.which(registries.PROGRAM) is None and shutil.which("apt-get") is None:
        pytest.skip("this system has no package of an OCI registry")
    with registries.running(tmp_path_factory.mktemp("registry")) as registry:
        yield registry


@pytest.fixture
def registry(started: Registry, request: pytest.FixtureRequest) -> Registry:
    """The running registry, with a repository that no other test has."""
    name = request.node.name.partition("[")[0].replace("_", "-")[:60].strip("-")
    return replace(started, address=f"{started.address}/{name}")


def test_a_second_machine_takes_what_the_first_one_built(registry: Registry, tmp_path: Path) -> None:
    first = Machine(tmp_path / "first", registry.address, writes=True)
    second = Machine(tmp_path / "second", registry.address)
    theirs, ours = first.layer(), second.layer()
    assert (first.built, second.built) == (1, 0)
    assert entries.damage(ours) is None
    assert (ours / "lib" / "libllama.so").read_bytes() == (theirs / "lib" / "libllama.so").read_bytes()
    assert (ours / "tools" / "libllama.so").readlink() == Path("../lib/libllama.so")
    assert (ours / "bench").stat().st_mode & 0o777 == 0o755
    assert "the native layer came from the remote cache" in second.said.getvalue()
    assert entries.facts(ours).origin == entries.facts(theirs).origin


def test_a_machine_that_was_not_told_to_write_only_reads(registry: Registry, tmp_path: Path) -> None:
    for name in ("first", "second"):
        machine = Machine(tmp_path / name, registry.address)
        machine.layer()
        assert machine.built == 1
        assert "adding" not in machine.said.getvalue()


def test_an_entry_whose_inputs_nobody_told_stays_on_its_machine(registry: Registry, tmp_path: Path) -> None:
    machine = Machine(tmp_path, registry.address, writes=True)
    machine.cache.folder("compiler", KEY, lambda folder: (folder / "python").touch())
    assert "remote cache" not in machine.said.getvalue()


def test_a_file_changed_in_the_registry_is_noticed_by_its_hash_and_built_instead(
    registry: Registry, tmp_path: Path
) -> None:
    Machine(tmp_path / "first", registry.address, writes=True).layer()
    content = max(registry.blobs(), key=lambda path: path.stat().st_mtime if path.stat().st_size > 2000 else 0)
    changed = bytearray(content.read_bytes())
    changed[len(changed) // 2] ^= 1
    content.write_bytes(changed)
    second = Machine(tmp_path / "second", registry.address)
    try:
        second.layer()
    finally:
        changed[len(changed) // 2] ^= 1
        content.write_bytes(changed)
    assert second.built == 1
    assert "WrongArtifact: the file's SHA-256 is" in second.said.getvalue()
    assert entries.damage(second.layer()) is None


def test_an_entry_of_another_key_under_this_tag_is_not_taken(registry: Registry, tmp_path: Path) -> None:
    other = Machine(tmp_path / "first", registry.address).layer(key="d" * 64)
    origin = entries.facts(other).origin
    assert origin
    archive.pack(other, origin, tmp_path / "entry.tar.gz")
    oci.push(registry.address, TAG, tmp_path / "entry.tar.gz")
    second = Machine(tmp_path / "second", registry.address)
    second.layer()
    assert second.built == 1
    assert f"it says it is native {'d' * 64}" in second.said.getvalue()


HOSTILE = {
    "a path upwards": [("../planted", None)],
    "a path from the root": [("/tmp/planted", None)],
    "a path down and up": [("lib/../../planted", None)],
    "a link upwards": [("tools/link", "../../..")],
    "a link from the root": [("tools/link", "/tmp")],
    "a path through a link": [("here", "."), ("here/../planted", None)],
    "the same file twice": [("planted", None), ("planted", None)],
}


@pytest.mark.parametrize("members", HOSTILE.values(), ids=HOSTILE.keys())
def test_an_archive_that_reaches_outside_is_refused(tmp_path: Path, members: list[tuple[str, str | None]]) -> None:
    with gzip.open(tmp_path / "hostile.tar.gz", "wb") as packed, tarfile.open(fileobj=packed, mode="w") as content:
        for name, link in members:
            member = tarfile.TarInfo(name)
            member.type, member.linkname = (tarfile.SYMTYPE, link) if link else (tarfile.REGTYPE, "")
            member.size = 0 if link else 3
            content.addfile(member, None if link else io.BytesIO(b"bad"))
    (tmp_path / "outer" / "entry").mkdir(parents=True)
    with pytest.raises((archive.UnsafeArchive, FileExistsError)):
        archive.unpack(tmp_path / "hostile.tar.gz", tmp_path / "outer" / "entry")
    assert not (tmp_path / "outer" / "planted").exists()
    assert not Path("/tmp/planted").exists()


def test_the_same_entry_gives_the_same_archive(tmp_path: Path) -> None:
    archives = []
    for name in ("first", "second"):
        entry = Machine(tmp_path / name, "").layer()
        origin = entries.facts(entry).origin
        assert origin
        archives.append(tmp_path / f"{name}.tar.gz")
        archive.pack(entry, replace(origin, created="", seconds=None), archives[-1])
        (entry / "bench").touch()
    assert archives[0].read_bytes() == archives[1].read_bytes()


def test_an_artifact_that_is_no_cache_entry_is_not_taken(registry: Registry, tmp_path: Path) -> None:
    (tmp_path / "entry.tar.gz").write_bytes(b"no archive at all")
    oci.push(registry.address, TAG, tmp_path / "entry.tar.gz")
    machine = Machine(tmp_path / "machine", registry.address)
    machine.layer()
    assert machine.built == 1
    assert "its native entry is not what it should be" in machine.said.getvalue()


@pytest.mark.usefixtures("started")
def test_a_registry_that_asks_for_a_password_gets_the_one_that_docker_login_keeps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    with registries.running(tmp_path, asks_for_password=True) as registry:
        stranger = Machine(tmp_path / "stranger", registry.address, writes=True)
        stranger.layer()
        assert "it asks for a password: `docker login 127.0.0.1:" in stranger.said.getvalue()
        account = base64.b64encode(f"{registries.USER}:{registries.PASSWORD}".encode()).decode()
        host = registry.address.removeprefix("http://").partition("/")[0]
        (tmp_path / ".docker").mkdir()
        kept = {"auths": {host: {"auth": account}}}
        (tmp_path / ".docker" / "config.json").write_text(json.dumps(kept), encoding="utf-8")
        Machine(tmp_path / "first", registry.address, writes=True).layer()
        second = Machine(tmp_path / "second", registry.address)
        second.layer()
    assert second.built == 0, second.said.getvalue()
    assert registries.PASSWORD not in stranger.said.getvalue() + second.said.getvalue()


def test_a_registry_that_is_down_is_left_alone_after_its_first_failure(tmp_path: Path) -> None:
    machine = Machine(tmp_path, f"http://127.0.0.1:{registries.free_port()}/caches/x", writes=True)
    for layer in ("native", "engine", "pack"):
        machine.layer(layer)
    said = machine.said.getvalue()
    assert machine.built == 3
    assert said.count("asking the remote cache") == 2  # its announcement and its end: one attempt
    assert "is not used in this run: ConnectionError" in said


def test_a_registry_that_never_answers_is_left_after_the_limit(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        machine = Machine(tmp_path, f"http://127.0.0.1:{silent.getsockname()[1]}/caches/x", limit_s=2)
        machine.layer()
    assert machine.built == 1
    assert "is not used in this run: `asking the remote cache for the native layer` was stopped" in (
        machine.said.getvalue()
    )


@contextmanager
def web_server(body: bytes) -> Iterator[str]:
    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/caches/x"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.mark.parametrize("body", [b"<html>Sign in</html>", b"[]", b'{"layers": []}', b'{"layers": [{"digest": 1}]}'])
def test_a_server_that_is_no_registry_is_a_miss(tmp_path: Path, body: bytes) -> None:
    with web_server(body) as address:
        machine = Machine(tmp_path, address)
        machine.layer()
    assert machine.built == 1
    assert "is not used in this run" in machine.said.getvalue()


@pytest.mark.parametrize("address", ["ftp://127.0.0.1/x", "no-repository", "http://127.0.0.1:99999999/x"])
def test_an_address_that_is_none_is_a_miss_with_a_sentence(tmp_path: Path, address: str) -> None:
    machine = Machine(tmp_path, address)
    machine.layer()
    assert machine.built == 1
    assert f"the remote cache `{address}` is not used in this run" in machine.said.getvalue()


def test_the_environment_names_the_remote_cache_and_who_may_write() -> None:
    report = Report(io.StringIO())
    assert Remote.of_environment({}, report) is None
    assert Remote.of_environment({ADDRESS: " "}, report) is None
    reader = Remote.of_environment({ADDRESS: "registry.example/team/cache"}, report)
    writer = Remote.of_environment({ADDRESS: "registry.example/team/cache", WRITES: "1"}, report)
    assert reader
    assert writer
    assert (reader.writes, writer.writes) == (False, True)
