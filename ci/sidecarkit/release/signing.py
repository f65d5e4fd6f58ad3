"""A release's signatures by minisign or cosign, where a key is configured; the toolkit itself holds no key."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from sidecarkit import command
from sidecarkit.errors import ConfigError, MissingTool
from sidecarkit.report import Report

MINISIGN_KEY = "SIDECARKIT_MINISIGN_KEY"
COSIGN_KEY = "SIDECARKIT_COSIGN_KEY"
MINISIGN_ENDING = ".minisig"
COSIGN_ENDING = ".sigstore.json"
ENDINGS = (MINISIGN_ENDING, COSIGN_ENDING)
_SIGN_LIMIT_S = 300


def is_asked_for() -> bool:
    """Whether the environment names a key."""
    return bool(os.environ.get(MINISIGN_KEY) or os.environ.get(COSIGN_KEY))


def sign(files: list[Path], *, comment: str, log: Path, report: Report) -> list[Path]:
    """Sign `files` with every key the environment names, and return the signatures beside them.

    SIDECARKIT_MINISIGN_KEY is the path of a secret key without a password (`minisign -G -W`),
    SIDECARKIT_COSIGN_KEY what cosign takes as `--key`. Raises MissingTool and ConfigError before anything is signed.
    """
    minisign, cosign = os.environ.get(MINISIGN_KEY), os.environ.get(COSIGN_KEY)
    if minisign:
        _require("minisign", MINISIGN_KEY)
        if not Path(minisign).is_file():
            raise ConfigError(f"{MINISIGN_KEY} names `{minisign}`, where no key is", hint="`minisign -G -W` makes one")
    if cosign:
        _require("cosign", COSIGN_KEY)
    made = []
    for file in files:
        if minisign:
            made.append(file.with_name(file.name + MINISIGN_ENDING))
            words: list[str | Path] = ["minisign", "-S", "-s", minisign, "-m", file, "-t", comment, "-x", made[-1]]
            command.run(words, log=log, report=report, title=f"signing {file.name}", timeout_s=_SIGN_LIMIT_S)
        if cosign:
            made.append(file.with_name(file.name + COSIGN_ENDING))
            words = ["cosign", "sign-blob", "--yes", "--key", cosign, "--bundle", made[-1], file]
            command.run(words, log=log, report=report, title=f"signing {file.name}", timeout_s=_SIGN_LIMIT_S)
    return made


def problem(file: Path, public_key: str) -> str | None:
    """Why the signature beside `file` is none of `public_key`'s; None when it is.

    `public_key`: a file, or minisign's own text of 56 characters. Raises MissingTool without the program.
    """
    words = {MINISIGN_ENDING: _minisign_check, COSIGN_ENDING: _cosign_check}
    for ending, check in words.items():
        signature = file.with_name(file.name + ending)
        if signature.is_file() and (ending == MINISIGN_ENDING) == _is_minisign(public_key):
            argv = check(file, signature, public_key)
            _require(argv[0], "--public-key")
            done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=_SIGN_LIMIT_S)
            said = (done.stderr or done.stdout).strip().splitlines()
            return None if done.returncode == 0 else f"{signature.name}: {said[-1] if said else 'it does not fit'}"
    return f"{file.name} has no signature that this public key could have made"


def _is_minisign(public_key: str) -> bool:
    path = Path(public_key)
    return not path.is_file() or path.read_text(encoding="utf-8").startswith("untrusted comment:")


def _minisign_check(file: Path, signature: Path, public_key: str) -> list[str]:
    key = ["-p", public_key] if Path(public_key).is_file() else ["-P", public_key]
    return ["minisign", "-V", *key, "-m", str(file), "-x", str(signature)]


def _cosign_check(file: Path, signature: Path, public_key: str) -> list[str]:
    return ["cosign", "verify-blob", "--key", public_key, "--bundle", str(signature), str(file)]


def _require(program: str, because: str) -> None:
    if shutil.which(program) is None:
        raise MissingTool(f"`{program}` was not found, and {because} asks for it", hint=f"install {program}")
