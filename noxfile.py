"""Wiring only: the sessions, and the locked environment they run in.

`python3 noxfile.py` does the main job: it makes its own environment from ci/locks, then runs nox in it.
`pipx run nox` and `uvx nox` find the same sessions.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent
sys.path.insert(0, str(ROOT / "ci"))

from sidecarkit import host  # noqa: E402 - found only after the line above
from sidecarkit.errors import INTERRUPTED, ConfigError, ToolkitError  # noqa: E402

ENVIRONMENT = ROOT / "build" / "environment"
EXIT_CODE_FILE = ROOT / "build" / ".exit-code"
# nox would kill the toolkit half a second after Ctrl-C, and what it compiles with would go on alone.
STOP_LIMIT_S = 30
STAGES = ("native", "plugin", "engine", "pack", "place", "smoke", "bench", "app", "assemble", "e2e")
TARGETS = tuple(
    f"{entry['variant']}-{entry['triple']}"
    for entry in tomllib.loads((ROOT / "ci" / "targets.toml").read_text(encoding="utf-8"))["target"]
)


def locked_python(*locks: str) -> Path:
    """The Python of an environment that holds exactly what ci/locks/<lock>.txt name, made when it is not there."""
    python = ENVIRONMENT / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not python.exists():
        _require_venv()
        print(f"making the toolkit's environment in {ENVIRONMENT.relative_to(ROOT)}", flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(ENVIRONMENT)], check=True)
    for lock in locks:
        _install(python, ROOT / "ci" / "locks" / f"{lock}.txt")
    return python


def _install(python: Path, lock: Path) -> None:
    stamp = ENVIRONMENT / f"{lock.stem}.sha256"
    wanted = hashlib.sha256(lock.read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text(encoding="utf-8") == wanted:
        return
    print(f"installing {lock.relative_to(ROOT)} (hash-locked; a minute on a slow network)", flush=True)
    subprocess.run(
        [str(python), "-m", "pip", "install", "--disable-pip-version-check", "--require-hashes", "-r", str(lock)],
        check=True,
    )
    stamp.write_text(wanted, encoding="utf-8")


def _require_venv() -> None:
    if importlib.util.find_spec("ensurepip") and importlib.util.find_spec("venv"):
        return
    command = "apt-get install -y --no-install-recommends python3-venv"
    if not (shutil.which("apt-get") and os.geteuid() == 0):
        sys.exit(f"error: this Python ({sys.executable}) cannot make environments\nhint: run `sudo {command}`")
    print(f"python3-venv is missing: {command}", flush=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    if not any(Path("/var/lib/apt/lists").glob("*Packages*")):
        subprocess.run(["apt-get", "update"], check=True, env=environment)
    subprocess.run(command.split(), check=True, env=environment)
    importlib.invalidate_caches()


def default_sessions(targets: list[str]) -> list[str]:
    """The main job: every stage of every target in `targets`, between a look at the machine and release and report."""
    released = ["release"] if targets == [f"cpu-{host.target_triple()}"] else []
    return ["doctor", "plan", *(f"{stage}({target})" for target in targets for stage in STAGES), *released, "report"]


def chosen_target(name: str | None) -> str:
    """`all`, or the target that `--target` means; without it, the host's cpu target. Raises ConfigError."""
    wanted = name or f"cpu-{host.target_triple()}"
    if wanted not in ("all", *TARGETS):
        raise ConfigError(f"there is no target `{wanted}`", hint=f"`all`, or one of: {', '.join(TARGETS)}")
    return wanted


def buildable_targets(python: Path) -> list[str]:
    """Every target that can be built on this machine; `plan` says why the others cannot."""
    asked = [str(python), "-m", "sidecarkit", "plan", "--json"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "ci")}
    planned = subprocess.run(asked, env=environment, capture_output=True, text=True, check=True)
    return [each["target"] for each in json.loads(planned.stdout) if each["buildable"]]


def main(arguments: list[str]) -> int:
    """Run nox in the locked environment; the result is the first failed stage's exit code."""
    parser = argparse.ArgumentParser(
        allow_abbrev=False,
        description="Build, prove, measure and package localaiapp. Unknown options go to nox (-l lists the sessions).",
    )
    parser.add_argument("--target", help="a target's name, or `all` (default: the cpu target of this machine)")
    parser.add_argument("--again", action="append", default=[], metavar="STAGE", help="repeat a remembered stage")
    ours, for_nox = parser.parse_known_args(arguments)
    posargs = [word for stage in ours.again for word in ("--again", stage)]
    if "--" in for_nox:
        cut = for_nox.index("--")
        for_nox, posargs = for_nox[:cut], posargs + for_nox[cut + 1 :]
    target = chosen_target(ours.target)
    python = locked_python("toolkit")
    targets = buildable_targets(python) if target == "all" else [target]
    sessions = [] if for_nox else ["--sessions", *default_sessions(targets)]
    EXIT_CODE_FILE.unlink(missing_ok=True)
    command = [str(python), "-m", "nox", "--noxfile", __file__, "--stop-on-first-error", *for_nox, *sessions]
    code = ended([*command, "--", *posargs])
    if code and EXIT_CODE_FILE.exists():
        code = int(EXIT_CODE_FILE.read_text(encoding="utf-8"))
    if sessions and code not in (0, INTERRUPTED):  # the report ends a run that stopped, too: it shows where and why
        ended([*command[: -len(sessions)], "--sessions", "report"])
    return code


def ended(command: list[str]) -> int:
    """Run `command` to its end and return its exit code; Ctrl-C reaches it too, and it needs time to stop compilers."""
    with subprocess.Popen(command) as process:
        while True:
            try:
                return process.wait()
            except KeyboardInterrupt:
                continue


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except ToolkitError as error:
        print(f"error: {error.message}\nhint: {error.hint}", file=sys.stderr)
        sys.exit(error.exit_code)
    except subprocess.CalledProcessError as error:
        sys.exit(f"error: `{' '.join(map(str, error.cmd))}` ended with {error.returncode}")
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)

import nox  # noqa: E402 - bare Python has none: it ends above

nox.needs_version = ">=2025.1.1"
nox.options.stop_on_first_error = True
nox.options.default_venv_backend = "none"
nox.options.sessions = default_sessions([f"cpu-{host.target_triple()}"])


def sidecarkit(session: nox.Session, *words: str, locks: tuple[str, ...] = ("toolkit",)) -> None:
    """Run `python -m sidecarkit` in the locked environment, with what was given after `--`."""
    session.run(
        str(locked_python(*locks)), "-m", "sidecarkit", *words, *session.posargs,
        env={"PYTHONPATH": str(ROOT / "ci"), "SIDECARKIT_EXIT_CODE_FILE": str(EXIT_CODE_FILE)}, external=True,
        interrupt_timeout=STOP_LIMIT_S, terminate_timeout=STOP_LIMIT_S,
    )  # fmt: skip


each_target = nox.parametrize("target", [nox.param(name, id=name) for name in TARGETS])


@nox.session
def doctor(session: nox.Session) -> None:
    """Name what this machine lacks, and install it where nobody has to be asked."""
    sidecarkit(session, "doctor")


@nox.session
def plan(session: nox.Session) -> None:
    """Show what a run will do for each target, and what changed since the last one."""
    sidecarkit(session, "plan")


@nox.session
@each_target
def native(session: nox.Session, target: str) -> None:
    """Compile llama.cpp's libraries and llama-bench."""
    sidecarkit(session, "stage", "native", "--target", target)


@nox.session
@each_target
def plugin(session: nox.Session, target: str) -> None:
    """Compile the library of the variant's own backend, if it has one."""
    sidecarkit(session, "stage", "plugin", "--target", target)


@nox.session
@each_target
def engine(session: nox.Session, target: str) -> None:
    """Compile the Python sidecar to a program."""
    sidecarkit(session, "stage", "engine", "--target", target)


@nox.session
@each_target
def pack(session: nox.Session, target: str) -> None:
    """Join engine and libraries into the folder and the single file."""
    sidecarkit(session, "stage", "pack", "--target", target)


@nox.session
@each_target
def place(session: nox.Session, target: str) -> None:
    """Put the sidecar where Tauri wants it, under the name that Tauri wants."""
    sidecarkit(session, "stage", "place", "--target", target)


@nox.session
@each_target
def audit(session: nox.Session, target: str) -> None:
    """Show what every placed file is and needs, and refuse what its target does not promise."""
    sidecarkit(session, "audit", "--target", target)


@nox.session
@each_target
def smoke(session: nox.Session, target: str) -> None:
    """Make both placed layouts give the recorded text."""
    sidecarkit(session, "stage", "smoke", "--target", target)


@nox.session
@each_target
def bench(session: nox.Session, target: str) -> None:
    """Hold the sidecar's speed against llama-bench, and stop a slow one."""
    sidecarkit(session, "stage", "bench", "--target", target)


@nox.session(name="gate-proof")
@each_target
def gate_proof(session: nox.Session, target: str) -> None:
    """Show that the gate can be believed; `-- -k record` records the pairs anew that it is simulated on."""
    sidecarkit(session, "stage", "gate-proof", "--target", target)


@nox.session
@each_target
def benchmarks(session: nox.Session, target: str) -> None:
    """Measure every figure of benchmarks/README.md beside its anchor, an hour in all; `-- -k busy` measures some."""
    sidecarkit(session, "stage", "benchmarks", "--target", target)


@nox.session
@each_target
def app(session: nox.Session, target: str) -> None:
    """Compile the page and the Rust core into the app's program."""
    sidecarkit(session, "stage", "app", "--target", target)


@nox.session
@each_target
def assemble(session: nox.Session, target: str) -> None:
    """Bundle the app's program with exactly one engine."""
    sidecarkit(session, "stage", "assemble", "--target", target)


@nox.session
@each_target
def e2e(session: nox.Session, target: str) -> None:
    """Use the packaged app as a person would."""
    sidecarkit(session, "stage", "e2e", "--target", target)


@nox.session
@each_target
def soak(session: nox.Session, target: str) -> None:
    """Kill the engine a thousand times under the packaged app's window, and miss nothing that was seen."""
    sidecarkit(session, "stage", "soak", "--target", target)


@nox.session
def cache(session: nox.Session) -> None:
    """Show what is kept (`-- list`), why something is built (`-- why TARGET`), or make room (`-- prune --keep 5G`)."""
    sidecarkit(session, "cache")


@nox.session
def reproduce(session: nox.Session) -> None:
    """Build the commit twice in different circumstances, an hour in all, and compare every byte."""
    sidecarkit(session, "reproduce")


@nox.session
def gpu_acceptance(session: nox.Session) -> None:
    """Write the archive that accepts an NVIDIA card offline: `-- --architectures 90-real`; `--run` accepts this one."""
    sidecarkit(session, "acceptance")


@nox.session
def workflow(session: nox.Session) -> None:
    """Write .github/workflows/build.yml anew from ci/targets.toml."""
    sidecarkit(session, "workflow")


@nox.session
def report(session: nox.Session) -> None:
    """Write build/report and show the table of what was built, measured and tested."""
    sidecarkit(session, "report")


@nox.session
def release(session: nox.Session) -> None:
    """Write build/release with manifest, checksums, SBOM, licences and provenance; `-- --target NAME` chooses."""
    sidecarkit(session, "release")


@nox.session
def verify(session: nox.Session) -> None:
    """Hold a release against its manifest: `-- RELEASE_FOLDER [--public-key KEY] [--rebuild]`."""
    sidecarkit(session, "verify")


@nox.session
def tests(session: nox.Session) -> None:
    """Pass everything: lint, types, units, contract, integration, Rust, TypeScript, the gate, the packaged app."""
    sidecarkit(session, "tests", locks=("toolkit", "tests"))
