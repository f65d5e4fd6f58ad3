"""One file from Maven Central by its coordinates, by the user's own Maven settings: mirror, credentials, proxy.

Run as a program (`python -m sidecarkit.maven COORDINATES FILE`), so that a hanging connection can be
stopped and no password stands on a command line.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from maven_artifact.artifact import Artifact
from maven_artifact.downloader import Downloader
from maven_artifact.requestor import RequestException

from sidecarkit import certificates

_ENVIRONMENT_REFERENCE = re.compile(r"\$\{env\.(\w+)\}")
_MEANS_CENTRAL = {"*", "external:*", "central"}


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What of Maven's settings.xml matters for a download; None: Maven's own default."""

    mirror: str | None = None
    username: str | None = None
    password: str | None = None
    proxy: str | None = None


def settings_of_user(home: Path, environment: Mapping[str, str]) -> Settings:
    """What `home`/.m2/settings.xml says (https://maven.apache.org/settings.html); all None without that file."""
    path = home / ".m2" / "settings.xml"
    if not path.is_file():
        return Settings()
    text = _ENVIRONMENT_REFERENCE.sub(lambda found: environment.get(found[1], ""), path.read_text(encoding="utf-8"))
    root = ElementTree.fromstring(text)
    mirror = next((entry for entry in root.iterfind("{*}mirrors/{*}mirror") if _stands_for_central(entry)), None)
    servers = {_text(entry, "id"): entry for entry in root.iterfind("{*}servers/{*}server")}
    server = servers.get("central" if mirror is None else _text(mirror, "id"))
    return Settings(
        mirror=_text(mirror, "url"),
        username=_text(server, "username"),
        password=_text(server, "password"),
        proxy=next((_proxy_url(entry) for entry in root.iterfind("{*}proxies/{*}proxy") if _is_active(entry)), None),
    )


def download(coordinates: str, destination: Path) -> None:
    """Download `group:artifact:packaging:classifier:version` to `destination`. Raises RequestException."""
    settings = settings_of_user(Path.home(), os.environ)
    certificates.trust_those_of_the_system()
    _set_default("HTTPS_PROXY", settings.proxy)
    base = {} if settings.mirror is None else {"base": settings.mirror}
    downloader = Downloader(**base, username=settings.username, password=settings.password)
    downloader.download(Artifact.parse(coordinates), str(destination))


def _set_default(name: str, value: str | None) -> None:
    if value and not {name, name.lower()} & os.environ.keys():
        os.environ[name] = value


def _stands_for_central(mirror: ElementTree.Element) -> bool:
    names = {name.strip() for name in (_text(mirror, "mirrorOf") or "").split(",")}
    return bool(names & _MEANS_CENTRAL) and "!central" not in names


def _is_active(proxy: ElementTree.Element) -> bool:
    return (_text(proxy, "active") or "true") == "true"


def _proxy_url(proxy: ElementTree.Element) -> str:
    user = _text(proxy, "username")
    account = f"{user}:{_text(proxy, 'password') or ''}@" if user else ""
    return f"http://{account}{_text(proxy, 'host')}:{_text(proxy, 'port') or '8080'}"


def _text(element: ElementTree.Element | None, name: str) -> str | None:
    return None if element is None else (element.findtext(f"{{*}}{name}") or "").strip() or None


if __name__ == "__main__":
    try:
        download(sys.argv[1], Path(sys.argv[2]))
    except RequestException as error:
        sys.exit(str(error))
