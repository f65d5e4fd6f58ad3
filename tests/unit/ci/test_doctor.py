"""doctor: what is missing is named with its packages, nothing is removed, nothing is installed unasked."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from sidecarkit import config, doctor, pitfalls, requirements
from sidecarkit.errors import MissingTool
from sidecarkit.report import Report
from sidecarkit.requirements import Requirement

PROJECT = config.load_targets(Path(__file__).parents[3] / "ci" / "targets.toml")[0].project

APT = """#!/bin/sh
echo "$DEBIAN_FRONTEND $*" >> "{calls}"
case "$1" in install) touch "{installed}";; esac
"""


class Machine:
    """A PATH with programs of the test's own, and one requirement that installing fulfils."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.programs = folder / "bin"
        self.programs.mkdir()
        self.calls = folder / "calls"
        self.installed = folder / "installed"
        self.said = io.StringIO()
        monkeypatch.setenv("PATH", f"{self.programs}:/usr/bin:/bin")
        monkeypatch.chdir(folder)
        monkeypatch.setattr("sys.stdin", io.StringIO())

    def add(self, name: str, text: str) -> None:
        path = self.programs / name
        path.write_text(text, encoding="utf-8")
        path.chmod(0o755)

    def add_apt(self) -> None:
        self.add("apt-get", APT.format(calls=self.calls, installed=self.installed))

    def look(self) -> None:
        doctor.run(self.calls.parent, PROJECT, Report(self.said))


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(tmp_path, monkeypatch)


def need(monkeypatch: pytest.MonkeyPatch, machine: Machine, *packages: str, apt_without: tuple[str, ...] = ()) -> None:
    def found() -> str | None:
        return "there" if machine.installed.exists() else None

    needed = Requirement("a compiler", "it compiles", found, packages, ("gcc",), apt_without=apt_without)
    monkeypatch.setattr(requirements, "of", lambda _: (needed,))


def test_what_is_missing_is_installed_in_one_command_without_recommends_or_removals(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)
    machine.add_apt()
    need(monkeypatch, machine, "gcc", "libc6-dev")
    machine.look()
    last = machine.calls.read_text(encoding="utf-8").splitlines()[-1]
    assert last == "noninteractive install --yes --no-install-recommends --no-remove gcc libc6-dev"
    assert "✗ a compiler: missing (it compiles)" in machine.said.getvalue()
    assert "   apt-get install" in machine.said.getvalue()
    assert "✓ a compiler: there" in machine.said.getvalue()


def test_files_of_a_package_that_are_not_wanted_are_left_out(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)
    machine.add_apt()
    need(monkeypatch, machine, "docker-registry", apt_without=("*/docker-registry.service",))
    machine.look()
    last = machine.calls.read_text(encoding="utf-8").splitlines()[-1]
    option = "--option=Dpkg::Options::=--path-exclude=*/docker-registry.service"
    assert last.endswith(f"--no-remove {option} docker-registry")
    assert f"'{option}' docker-registry" in machine.said.getvalue(), "a shell must not expand it"


def test_without_the_right_to_install_the_command_is_named(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    machine.add_apt()
    machine.add("sudo", "#!/bin/sh\nexit 1\n")
    need(monkeypatch, machine, "gcc")
    with pytest.raises(MissingTool) as failure:
        machine.look()
    assert "run `sudo apt-get install --yes --no-install-recommends --no-remove gcc`" in failure.value.hint
    assert not machine.calls.exists()


def test_a_package_that_conflicts_with_the_users_rust_stops_before_anything_is_installed(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)
    machine.add_apt()
    machine.add("dpkg-query", '#!/bin/sh\nfor last; do :; done\n[ "$last" = rustc ] && echo installed || exit 1\n')
    machine.add("rustc", "#!/bin/sh\necho 'rustc 1.63.0'\n")
    need(monkeypatch, machine, "rustc-web")
    with pytest.raises(MissingTool) as failure:
        machine.look()
    assert "Rust is 1.63" in failure.value.message
    assert "conflicts with the installed rustc" in failure.value.message
    assert "nothing was removed" in failure.value.hint
    assert not machine.calls.exists()


def test_what_is_still_missing_after_the_installation_is_an_error(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)
    machine.add("apt-get", "#!/bin/sh\nexit 0\n")
    need(monkeypatch, machine, "gcc")
    with pytest.raises(MissingTool, match="still missing after the installation: a compiler"):
        machine.look()


@pytest.mark.parametrize(
    ("version", "clippy", "accepted"),
    [("1.90.0", True, True), ("1.96.0", True, True), ("1.89.0", True, False), ("1.95.0", False, False)],
)
def test_rust_counts_only_when_new_enough_and_with_clippy(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, version: str, clippy: bool, accepted: bool
) -> None:
    monkeypatch.setenv("PATH", f"{machine.programs}:/bin")
    machine.add("rustc", f"#!/bin/sh\necho 'rustc {version} (abc 2026-01-01)'\n")
    machine.add("cargo", f"#!/bin/sh\necho tool\nexit {0 if clippy else 101}\n")
    assert (requirements.rust() is not None) is accepted


def test_every_package_has_a_requirement_and_every_requirement_a_package() -> None:
    named = [package for each in requirements.on_linux() for package in each.apt]
    assert len(named) == len(set(named))
    assert all(each.apt and each.why for each in requirements.on_linux())


def test_on_arch_and_manjaro_pacman_installs_its_own_packages(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)
    machine.add("pacman", f'#!/bin/sh\necho "$*" >> "{machine.calls}"\n: > "{machine.installed}"\n')
    monkeypatch.setenv("PATH", str(machine.programs))
    need(monkeypatch, machine, "libc6-dev")
    machine.look()
    assert machine.calls.read_text(encoding="utf-8") == "--sync --needed --noconfirm gcc\n"


def test_on_a_system_with_another_package_manager_the_readme_is_named(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(machine.programs))
    need(monkeypatch, machine, "libc6-dev")
    with pytest.raises(MissingTool) as failure:
        machine.look()
    assert "section `Other systems`" in failure.value.hint


def test_a_misnamed_sidecar_is_named_with_the_form_tauri_wants(tmp_path: Path) -> None:
    placed = tmp_path / PROJECT.placed
    placed.mkdir(parents=True)
    (placed / "localai-sidecar-linux").touch()
    (placed / "localai-sidecar-cpu-x86_64-unknown-linux-gnu").touch()
    (placed / "localai-sidecar-cpu-x86_64-unknown-linux-gnu.dist").mkdir()
    (placed / "localai-sidecar-cpu-x86_64-pc-windows-msvc.dist").mkdir()
    (placed / "README.md").touch()
    note = pitfalls.misnamed_sidecars(tmp_path, PROJECT)
    assert note is not None
    assert "holds localai-sidecar-linux: Tauri only finds `localai-sidecar-<variant>-<triple>`" in note


@pytest.mark.parametrize(("value", "noted"), [("0", True), ("1", False), (None, False)])
def test_a_kernel_without_user_namespaces_is_noted(tmp_path: Path, value: str | None, noted: bool) -> None:
    switch = tmp_path / "unprivileged_userns_clone"
    if value is not None:
        switch.write_text(f"{value}\n", encoding="ascii")
    assert (pitfalls.webkit_sandbox(switch) is not None) is noted


def test_windows_without_its_compiler_on_path_is_noted(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(machine.programs))
    assert "Developer PowerShell" in (pitfalls.windows_compiler("win32") or "")
    assert pitfalls.windows_compiler("linux") is None
    machine.add("cl", "#!/bin/sh\n")
    assert pitfalls.windows_compiler("win32") is None


def test_lavapipe_is_there_with_its_manifest_and_the_loader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requirements, "_MANIFESTS", (tmp_path / "nothing", tmp_path))
    monkeypatch.setattr(requirements, "find_library", lambda _: "libvulkan.so.1")
    (tmp_path / "intel_icd.x86_64.json").touch()
    assert requirements.lavapipe() is None
    (tmp_path / "lvp_icd.x86_64.json").touch()
    assert requirements.lavapipe() == str(tmp_path / "lvp_icd.x86_64.json")
    monkeypatch.setattr(requirements, "find_library", lambda _: None)
    assert requirements.lavapipe() is None
