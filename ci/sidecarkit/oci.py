"""One file as an artifact of an OCI registry, pulled and pushed by tag with the credentials `docker login` keeps.

Run as a program (`python -m sidecarkit.oci pull|push ADDRESS TAG FILE`), so that a registry that hangs can be
stopped, and no password stands on a command line. Pulling a tag that is not there succeeds without a file.
"""

from __future__ import annotations

import hashlib
import sys
from functools import partial
from pathlib import Path
from typing import Any

import requests

from sidecarkit import certificates

# jsonschema, which oras imports, would compile a grammar of web addresses for a second, and no manifest needs it.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]

import oras.provider  # noqa: E402 - after the line above
from oras.auth.basic import BasicAuth  # noqa: E402

_MEDIA_TYPE = "application/vnd.localaiapp.cache-entry.v1.tar+gzip"
_MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
_TIMEOUTS_S = (5, 30)  # to connect; between two pieces of an answer
_CHUNK = 1 << 20
_NOT_FOUND = 404


class WrongArtifact(Exception):
    """What the registry gave is not what its own manifest says."""


def pull(address: str, tag: str, destination: Path) -> None:
    """Write the artifact's one file to `destination`, held against size and SHA-256 in the manifest.

    A tag that is not there leaves no file. Raises WrongArtifact, requests' exceptions, or oras' ValueError.
    """
    registry, container = _open(address, tag)
    url = f"{registry.prefix}://{container.manifest_url()}"
    answer = registry.do_request(url, "GET", headers={"Accept": _MANIFEST_TYPE})
    if answer.status_code == _NOT_FOUND:
        return
    answer.raise_for_status()
    layers = answer.json().get("layers", [])
    if len(layers) != 1 or layers[0].get("mediaType") != _MEDIA_TYPE:
        raise WrongArtifact(f"`{tag}` is no cache entry: expected one file of the type {_MEDIA_TYPE}")
    _download(registry, container, layers[0], destination)


def push(address: str, tag: str, file: Path) -> None:
    """Add `file` as the artifact `tag`; the tag appears when everything is there. Raises as `pull` does."""
    registry, container = _open(address, tag)
    registry.push(container, files=[f"{file}:{_MEDIA_TYPE}"], disable_path_validation=True, quiet=True)


def _open(address: str, tag: str) -> tuple[Any, Any]:
    scheme, _, place = address.rpartition("://")
    if scheme not in ("", "https", "http") or "/" not in place:
        raise WrongArtifact(f"`{address}` is no address: expected [http://]HOST[:PORT]/REPOSITORY")
    registry = oras.provider.Registry(insecure=scheme == "http", auth_backend=_authentication(scheme or "https", place))
    # requests waits for ever unless told otherwise, and oras tries five times over two minutes, also what is refused.
    registry.session.request = partial(registry.session.request, timeout=_TIMEOUTS_S)
    registry.do_request = partial(oras.provider.Registry.do_request.__wrapped__, registry)
    container = registry.get_container(f"{place}:{tag}")
    registry.auth.load_configs(container)
    if isinstance(registry.auth, BasicAuth) and not getattr(registry.auth, "_basic_auth", None):
        raise WrongArtifact(f"it asks for a password: `docker login {container.registry}` keeps one")
    return registry, container


def _authentication(scheme: str, place: str) -> str:
    """How the registry wants to be told who asks, by oras' names: plain registries by password, most by tokens."""
    answer = requests.get(f"{scheme}://{place.partition('/')[0]}/v2/", timeout=_TIMEOUTS_S)
    return "basic" if answer.headers.get("Www-Authenticate", "").lower().startswith("basic") else "token"


def _download(registry: Any, container: Any, layer: dict[str, Any], destination: Path) -> None:
    found, size = hashlib.sha256(), 0
    partial = destination.with_suffix(".partial")
    with registry.get_blob(container, layer["digest"], stream=True) as answer, partial.open("wb") as file:
        answer.raise_for_status()
        for chunk in answer.iter_content(_CHUNK):
            size += len(chunk)
            if size > layer["size"]:
                raise WrongArtifact(f"the file is longer than the {layer['size']} bytes of its manifest")
            found.update(chunk)
            file.write(chunk)
    if f"sha256:{found.hexdigest()}" != layer["digest"]:
        raise WrongArtifact(f"the file's SHA-256 is {found.hexdigest()}, its manifest says {layer['digest']}")
    partial.rename(destination)


if __name__ == "__main__":
    certificates.trust_those_of_the_system()
    verb, address, tag, file = sys.argv[1:]
    try:
        (pull if verb == "pull" else push)(address, tag, Path(file))
    except (WrongArtifact, requests.RequestException, ValueError, KeyError) as error:
        sys.exit(f"{type(error).__name__}: {error}")
