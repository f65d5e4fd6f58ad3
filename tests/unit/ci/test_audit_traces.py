"""What of the build machine stays in files: folders, names, secrets; and what only looks like it."""

from __future__ import annotations

from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import cast

import pytest

from sidecarkit.audit import Builder, traces

BUILDER = Builder(folders=(Path("/src/checkout"), Path("/tmp"), Path("/")), user="marianne")


def found(content: bytes, builder: Builder = BUILDER) -> list[str]:
    return [f"{problem.what}: {problem.found}" for problem in traces.problems("file", b"\0" + content, builder)]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"/src/checkout/native/ggml.c", "build path: `/src/checkout` at byte 1"),
        (b"/home/ann/app/main.c", "build path: `/home/ann/app` at byte 1"),
        (b"/root/app/main.c", "build path: `/root/app` at byte 1"),
        (b"/tmp/tmpa1b2c3d4/source.c", "build path: `/tmp/tmpa1b2c3d4` at byte 1"),
        (b"/__w/localaiapp/localaiapp/x", "build path: `/__w/localaiapp/` at byte 1"),
        (b"C:\\Users\\Ann Lee\\app", "build path: `C:\\Users\\Ann Lee\\` at byte 1"),
        (b"D:\\a\\localaiapp\\localaiapp", "build path: `D:\\a\\localaiapp\\` at byte 1"),
        (b"-I/home/ann/include", None),
        (b"\xff\xfe/home/ann/x", "build path: `/home/ann/x` at byte 3"),
    ],
)
def test_a_path_of_a_build_machine_is_told_with_its_place(content: bytes, told: str | None) -> None:
    assert found(content) == ([told] if told else [])


@pytest.mark.parametrize(
    "content",
    [
        b"https://example.org/home/page/x",
        b"llama.cpp/src/checkout/llama.cpp",
        b"/src/checkouts/of/others",
        b"/usr/local/lib/python",
        b"/home/runner/work/javacpp-presets/javacpp-presets/cpython/cppbuild",
        b"/tmp/perf-%d.map",
        b"in /tmp/ or /home/",
    ],
)
def test_what_belongs_to_nobody_here_is_left_alone(content: bytes) -> None:
    assert found(content) == []


def test_what_pinned_parts_bring_is_refused_where_this_machine_would_leave_the_same() -> None:
    content = b"D:\\a\\_work\\1\\s\\vctools\\crt"
    assert found(content) == []
    here = cast("Path", PureWindowsPath("D:\\a\\_work\\1\\s"))
    assert found(content, Builder(folders=(here,))) == ["build path: `D:\\a\\_work\\1\\s` at byte 1"]


def test_windows_programs_are_searched_for_utf_16_too() -> None:
    text = "D:\\a\\app\\app\\main.c".encode("utf-16-le")
    builder = Builder(folders=())
    for before in (b"MZ\0\0", b"MZ\0\0\0"):
        (problem,) = traces.problems("file", before + text, builder)
        assert problem.found == f"`D:\\a\\app\\` at byte {len(before)}"
    assert list(traces.problems("file", b"\x7fELF" + text, builder)) == []


def test_a_windows_folder_is_found_with_either_slash() -> None:
    folder = cast("Path", PureWindowsPath("E:\\build\\app"))
    builder = Builder(folders=(folder,))
    assert len(found(b"E:\\build\\app\\a.c", builder)) == len(found(b"E:/build/app/a.c", builder)) == 1


@pytest.mark.parametrize(
    "content",
    [b"/mnt/marianne/x", b"by marianne@desk", b"USER=marianne", b"E:\\Users\\marianne\\y", b"LOGNAME=marianne\n"],
)
def test_the_builders_name_is_found_where_names_stand(content: bytes) -> None:
    assert [text.partition(":")[0] for text in found(content)] == ["name of the builder's account"]


def test_a_word_that_is_the_builders_name_by_chance_is_left_alone() -> None:
    text = b"the runner runs, a mark is left; root@ /root: /opt/run/ llama.cpp/build/x"
    for user in ("runner", "mark", "root", "run", "build", ""):
        assert found(text, Builder(folders=(), user=user)) == []


# Put together here, so that nobody's scanner takes this file for a leak.
SECRETS = {
    "a GitHub token": "ghp" + "_" + "a1B2" * 9,
    "an AWS access key": "AKIA" + "ABCDEFGH" * 2,
    "a PyPI token": "pypi-" + "AgEIcHlwaS5vcmc" + "x" * 60,
    "an npm token": "npm" + "_" + "0aZ" * 12,
    "a Hugging Face token": "hf" + "_" + "aB" * 17,
    "a private key": "-----BEGIN RSA " + "PRIVATE KEY-----\n" + "MIIEowIBAAKCAQEA" * 6,
    "an age key": "AGE-SECRET-" + "KEY-1" + "QPZR" * 14 + "QP",
}


@pytest.mark.parametrize("kind", SECRETS)
def test_a_secret_is_told_by_kind_and_place_and_never_shown(kind: str) -> None:
    secret = SECRETS[kind]
    (problem,) = traces.problems("file", f"token={secret} ".encode(), BUILDER)
    assert problem.found == f"{kind} at byte 6"
    assert secret[12:] not in str(problem) + problem.hint


@pytest.mark.parametrize(
    "content",
    [
        b"-----BEGIN PRIVATE KEY-----\0-----END PRIVATE KEY-----",
        b"the prefix ghp_ and sixteen letters after AKIA",
        b"ABCAKIA" + b"ABCDEFGH" * 2,
        b"hf_hub_download and npm_config_cache_of_a_very_long_name_indeed",
    ],
)
def test_what_only_speaks_of_secrets_is_left_alone(content: bytes) -> None:
    assert found(content) == []


def test_the_builder_here_has_the_folders_that_were_given_and_a_home() -> None:
    here = Builder.here(Path("/checkout"))
    assert Path("/checkout") in here.folders
    assert Path.home() in here.folders
    assert PurePosixPath("/") not in [PurePosixPath(trace.start) for trace in here.traces()]
