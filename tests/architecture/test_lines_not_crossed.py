"""The lines of .github/ARCHITECTURE.md that are not crossed, read off the sources."""

from __future__ import annotations

import ast
import json
import os
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SIDECAR = ROOT / "sidecar" / "localai_sidecar"
TOOLKIT = ROOT / "ci" / "sidecarkit"
PAGE = ROOT / "tauri-app" / "src"
CRATES = ROOT / "tauri-app" / "src-tauri" / "crates"


def modules_imported_by(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def importers(folder: Path, *forbidden: str) -> list[str]:
    return sorted(
        f"{path.relative_to(ROOT)} imports {name}"
        for path in folder.rglob("*.py")
        for name in modules_imported_by(path)
        if any(name == word or name.startswith(f"{word}.") for word in forbidden)
    )


def mentions(folder: Path, pattern: str, *suffixes: str) -> set[str]:
    return {
        path.relative_to(ROOT).as_posix()
        for path in folder.rglob("*")
        if path.suffix in suffixes and re.search(pattern, path.read_text(encoding="utf-8"))
    }


def test_the_folders_these_tests_read_are_there() -> None:
    for folder in (SIDECAR, TOOLKIT, PAGE, CRATES):
        assert any(folder.rglob("*")), f"{folder} is empty or moved: these tests would prove nothing"


def test_build_time_and_run_time_never_import_each_other() -> None:
    assert importers(SIDECAR, "sidecarkit", "benchmarks") == []
    assert importers(TOOLKIT, "localai_sidecar") == []
    assert importers(ROOT / "benchmarks", "localai_sidecar") == []


def test_only_one_package_of_the_sidecar_touches_llama_cpp() -> None:
    outside = [line for line in importers(SIDECAR, "llama_cpp") if "/llama/" not in line]
    assert outside == []


def test_nothing_of_the_toolkit_but_its_recipes_knows_llama_cpp() -> None:
    users = mentions(TOOLKIT, r"(?i)llama|ggml", ".py", ".j2", ".css")
    assert users
    assert {name for name in users if not name.startswith("ci/sidecarkit/recipes/")} == set()


def test_the_sidecar_has_no_network_code() -> None:
    network = ("socket", "ssl", "http", "urllib.request", "asyncio", "socketserver", "requests", "ftplib", "xmlrpc")
    assert importers(SIDECAR, *network) == []


def test_the_path_to_the_first_token_has_no_heavy_imports() -> None:
    assert importers(SIDECAR, "numpy", "llama_cpp.Llama", "llama_cpp.llama") == []


def test_templates_run_in_throw_away_processes_only() -> None:
    assert {line.split()[0] for line in importers(SIDECAR, "jinja2")} == {
        "sidecar/localai_sidecar/chat/templateside.py"
    }
    assert {line.split()[0] for line in importers(SIDECAR, "localai_sidecar.chat.templateside")} == {
        "sidecar/localai_sidecar/trials/childside.py"
    }


def test_packages_of_the_sidecar_depend_one_way() -> None:
    parts = {path.name for path in SIDECAR.iterdir() if (path / "__init__.py").exists()}
    for leaf in ("protocol", "gguf", "machine"):
        others = tuple(f"localai_sidecar.{part}" for part in parts - {leaf})
        assert importers(SIDECAR / leaf, *others) == []
    users = {line.split()[0] for line in importers(SIDECAR, "localai_sidecar.serving") if "/serving/" not in line}
    assert users == {f"sidecar/localai_sidecar/{name}.py" for name in ("__main__", "selftest")}


def test_only_the_report_prints() -> None:
    printers = {
        path.name
        for path in TOOLKIT.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    }
    assert printers == {"report.py"}


def test_what_decides_in_the_supervisor_does_nothing_itself() -> None:
    doing = r"\btokio::|\bstd::(fs|net|process|thread)\b|\b(Instant|SystemTime)::now\b"
    source = ROOT / "tauri-app" / "src-tauri" / "crates" / "engine-supervisor" / "src"
    deciding = [*source.glob("machine/*.rs"), *source.glob("policy/*.rs"), source / "coalesce.rs"]
    assert len(deciding) > 10
    # Tests stand at the end of a file, or in folders of their own.
    code = {path.name: path.read_text(encoding="utf-8").split("#[cfg(test)]\nmod tests {")[0] for path in deciding}
    assert {name for name, text in code.items() if re.search(doing, text)} == set()


def test_a_stage_imports_no_later_one() -> None:
    from sidecarkit.stages import LINE

    order = [stage.name for stage in LINE]
    for position, name in enumerate(order):
        later = tuple(f"sidecarkit.stages.{other}" for other in order[position + 1 :])
        found = set(modules_imported_by(TOOLKIT / "stages" / f"{name}.py"))
        assert not found.intersection(later), f"stage {name} imports a later one"


def test_only_the_bridge_touches_tauri_in_the_page() -> None:
    users = mentions(PAGE, r"@tauri-apps|__TAURI", ".ts", ".tsx")
    assert users
    assert {name for name in users if "/bridge/" not in name} == set()


@pytest.mark.parametrize("name", ["engine-supervisor", "history", "settings"])
def test_the_crates_beside_the_app_have_no_tauri_in_them(name: str) -> None:
    manifest = tomllib.loads((CRATES / name / "Cargo.toml").read_text(encoding="utf-8"))
    assert not [needed for needed in manifest["dependencies"] if needed.startswith("tauri")]
    assert mentions(CRATES / name / "src", r"\btauri::", ".rs") == set()


def test_sqlite_is_touched_by_the_history_alone() -> None:
    core = CRATES.parent
    users = {path.split("/")[3] for path in mentions(CRATES, r"\brusqlite::", ".rs")}
    assert users == {"history"}
    assert mentions(core / "src", r"\brusqlite::", ".rs") == set()


def test_the_bridge_declares_no_shape_that_rust_has() -> None:
    shape = re.compile(r"^(?:export )?(?:type|interface) (\w+)", re.MULTILINE)
    bridge = PAGE / "bridge"
    of_rust = set(shape.findall((bridge / "generated" / "contract.ts").read_text(encoding="utf-8")))
    assert {"Answer", "EngineStatus", "Commands"} <= of_rust
    by_hand = {name for path in bridge.glob("*.ts") for name in shape.findall(path.read_text(encoding="utf-8"))}
    assert by_hand & of_rust == set()


def test_the_webview_gets_no_shell_file_system_or_network_permission() -> None:
    folder = ROOT / "tauri-app" / "src-tauri" / "capabilities"
    permissions = [
        entry if isinstance(entry, str) else entry["identifier"]
        for path in folder.glob("*.json")
        for entry in json.loads(path.read_text(encoding="utf-8"))["permissions"]
    ]
    assert permissions
    assert [name for name in permissions if re.match(r"(shell|fs|http|process|opener|core:default)\b", name)] == []


@pytest.fixture(scope="module")
def texts() -> dict[str, str]:
    """What people write, by its path from the root; not this file, which holds the forbidden words."""
    kinds = (".py", ".toml", ".md", ".rs", ".ts", ".tsx", ".json", ".txt", ".in", ".yml", ".c", ".sh", ".jsonl")
    generated = {"build", "node_modules", "target", ".git", "dist", "gen"}
    found: dict[str, str] = {}
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [name for name in folders if name not in generated]
        for path in (Path(folder, name) for name in names if name.endswith(kinds)):
            if path != Path(__file__):
                found[path.relative_to(ROOT).as_posix()] = path.read_text(encoding="utf-8", errors="replace")
    return found


# GitHub's public runners have a folder of that name too, which the pinned interpreter tells of.
@pytest.mark.parametrize(
    "word", [r"(?<!/runner)/work/", r"/root/\.", r"registry\.npmjs", r"pypi\.org", r"crates\.io/api"]
)
def test_no_file_names_a_path_of_one_machine_or_a_registry_host(word: str, texts: dict[str, str]) -> None:
    assert [path for path, text in texts.items() if re.search(word, text)] == []
