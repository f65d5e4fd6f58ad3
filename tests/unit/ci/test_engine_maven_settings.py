"""The user's own Maven settings decide where the pinned CPython comes from."""

from __future__ import annotations

from pathlib import Path

import pytest

from sidecarkit.maven import Settings, settings_of_user


def settings(home: Path, body: str, **environment: str) -> Settings:
    (home / ".m2").mkdir()
    text = f'<settings xmlns="http://maven.apache.org/SETTINGS/1.2.0">{body}</settings>'
    (home / ".m2" / "settings.xml").write_text(text, encoding="utf-8")
    return settings_of_user(home, environment)


def mirror(mirror_of: str) -> str:
    return (
        f"<mirrors><mirror><id>house</id><mirrorOf>{mirror_of}</mirrorOf>"
        "<url>https://maven.house/central</url></mirror></mirrors>"
    )


def test_without_settings_maven_s_own_defaults_hold(tmp_path: Path) -> None:
    assert settings_of_user(tmp_path, {}) == Settings()


@pytest.mark.parametrize("mirror_of", ["central", "*", "external:*", "other, central", "*,!snapshots"])
def test_a_mirror_of_central_is_used(tmp_path: Path, mirror_of: str) -> None:
    assert settings(tmp_path, mirror(mirror_of)).mirror == "https://maven.house/central"


@pytest.mark.parametrize("mirror_of", ["other", "*,!central"])
def test_a_mirror_of_something_else_is_not(tmp_path: Path, mirror_of: str) -> None:
    assert settings(tmp_path, mirror(mirror_of)).mirror is None


def test_credentials_are_the_mirror_s_and_may_stand_in_the_environment(tmp_path: Path) -> None:
    servers = (
        "<servers><server><id>other</id><username>nobody</username><password>x</password></server>"
        "<server><id>house</id><username>builder</username><password>${env.HOUSE_PASSWORD}</password></server></servers>"
    )
    found = settings(tmp_path, mirror("central") + servers, HOUSE_PASSWORD="secret")
    assert (found.username, found.password) == ("builder", "secret")


def test_the_active_proxy_is_used(tmp_path: Path) -> None:
    found = settings(
        tmp_path,
        "<proxies><proxy><active>false</active><host>old</host></proxy>"
        "<proxy><active>true</active><host>proxy.house</host><port>3128</port>"
        "<username>me</username><password>pw</password></proxy></proxies>",
    )
    assert found.proxy == "http://me:pw@proxy.house:3128"
