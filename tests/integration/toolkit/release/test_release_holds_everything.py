"""build/release: what lies in it, what its documents say, and that it comes out the same again."""

from __future__ import annotations

import json
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import json_format
from in_toto_attestation.predicates.provenance.v1.provenance_pb2 import Provenance
from in_toto_attestation.v1.statement import Statement
from in_toto_attestation.v1.statement_pb2 import Statement as StatementMessage

from sidecarkit import digest
from sidecarkit.release import checksums, licences, manifest, provenance, sbom
from sidecarkit.release.compose import FOLDER, Built, compose
from sidecarkit.report import Report

COMMIT_SECONDS = 1767323045
DOCUMENTS = {checksums.NAME, licences.NAME, manifest.NAME, provenance.NAME, sbom.NAME}


@pytest.fixture(scope="module")
def document(composed: Path) -> dict[str, Any]:
    return manifest.read(composed)[0]


@pytest.fixture(scope="module")
def parts(composed: Path) -> dict[str, dict[str, Any]]:
    listed = json.loads((composed / sbom.NAME).read_text(encoding="utf-8"))["components"]
    return {component["purl"]: component for component in listed}


def test_every_artefact_and_document_lies_in_it_under_a_name_with_the_variant(composed: Path, built: Built) -> None:
    target = built.job.target
    artefacts = {"localaiapp_0.1.0_amd64_cpu.deb", f"{target.folder_name}.tar.gz", target.single_file_name}
    assert {path.name for path in composed.iterdir()} == artefacts | DOCUMENTS


def test_sha256sum_itself_finds_every_file_as_listed(composed: Path) -> None:
    words = ["sha256sum", "--check", "--strict", checksums.NAME]
    done = subprocess.run(words, cwd=composed, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == len(list(composed.iterdir())) - 1


def test_the_same_commit_and_artefacts_give_the_same_bytes_again(
    composed: Path, project: Path, built: Built, report: Report
) -> None:
    again = compose(project, [built], report)
    assert again == project / FOLDER
    assert {path.name: digest.of_file(path) for path in again.iterdir()} == {
        path.name: digest.of_file(path) for path in composed.iterdir()
    }


def test_the_archive_holds_the_folder_at_the_commits_time_with_the_licences_beside_it(
    composed: Path, built: Built
) -> None:
    folder = built.job.target.folder_name
    with tarfile.open(composed / f"{folder}.tar.gz") as archive:
        members = {member.name: member for member in archive}
    assert {f"{folder}/{built.job.target.program_name}", f"{folder}/build.json", "licences.txt"} < members.keys()
    assert {member.mtime for member in members.values()} == {COMMIT_SECONDS}
    assert members[f"{folder}/{built.job.target.program_name}"].mode == 0o755


def test_the_manifest_names_the_clean_commit_and_the_recipes_own_facts(
    document: dict[str, Any], built: Built, project: Path
) -> None:
    head = subprocess.run(
        ["git", "-C", str(project), "rev-parse", "HEAD"], capture_output=True, text=True, check=True, timeout=60
    )
    assert document["source"]["commit"] == head.stdout.strip()
    assert document["source"]["clean"] is True
    (target,) = document["targets"]
    facts = built.job.toolchain.sdist("llama").facts
    assert target["recipe"]["llama.cpp"]["commit"] == facts["commit"]
    assert target["toolchain"]["cpython"] == built.job.toolchain.cpython_for(built.job.target.triple).python
    assert {"zig", "nuitka", "rustc", "node", "cmake", "ninja"} < target["toolchain"].keys()
    assert any("GGML_CPU_ALL_VARIANTS" in flag for flag in target["recipe"]["flags"]["native"])
    assert str(project) not in json.dumps(document)


def test_the_manifest_says_what_every_binary_needs_and_how_fast_it_was(document: dict[str, Any]) -> None:
    (target,) = document["targets"]
    assert "libc.so.6" in target["needed"]
    assert target["glibc"]
    for artefact in target["artefacts"]:
        assert any(facts["format"] == "ELF" for facts in artefact["contents"]), artefact["name"]
    (figure,) = target["bench"]["figures"]
    assert (figure["low"], figure["high"]) == (0.97, 0.99)
    assert "samples" not in figure


def test_the_sbom_is_valid_and_lists_python_native_rust_and_npm_parts(
    composed: Path, parts: dict[str, dict[str, Any]]
) -> None:
    assert sbom.problems((composed / sbom.NAME).read_text(encoding="utf-8")) == []
    kinds = {purl.partition(":")[2].partition("/")[0] for purl in parts}
    assert kinds == {"cargo", "generic", "npm", "pypi"}
    names = {component["name"] for component in parts.values()}
    assert {"tauri", "preact", "jinja2", "CPython", "llama.cpp", "stories260K"} <= names
    assert all(component["licenses"] for component in parts.values())


def test_the_sbom_lists_nothing_that_only_builds(parts: dict[str, dict[str, Any]]) -> None:
    names = {component["name"] for component in parts.values()}
    assert not names & {"syn", "serde_derive", "tauri-build", "cargo_metadata", "vite", "typescript", "patchelf"}


def test_a_part_out_of_an_archive_is_listed_with_that_archives_hash(
    parts: dict[str, dict[str, Any]], built: Built
) -> None:
    pin = built.job.toolchain.sdist("llama")
    (found,) = parts[f"pkg:pypi/{pin.package}@{pin.version}"]["hashes"]
    assert found == {"alg": "SHA-256", "content": pin.sha256}


def test_the_provenance_is_an_in_toto_statement_about_the_artefacts(composed: Path, document: dict[str, Any]) -> None:
    text = (composed / provenance.NAME).read_text(encoding="utf-8")
    message = json_format.Parse(text, StatementMessage())
    Statement.copy_from_pb(message).validate()
    assert message.predicate_type == provenance.PREDICATE
    stated = {subject.name: subject.digest["sha256"] for subject in message.subject}
    assert stated == {artefact["name"]: artefact["sha256"] for artefact in manifest.artefacts(document)}
    assert all(digest.of_file(composed / name) == sha256 for name, sha256 in stated.items())


def test_the_provenance_says_by_slsas_own_types_what_went_in(composed: Path, document: dict[str, Any]) -> None:
    statement = json.loads((composed / provenance.NAME).read_text(encoding="utf-8"))
    predicate = json_format.ParseDict(statement["predicate"], Provenance())
    definition = predicate.build_definition
    assert definition.build_type == provenance.BUILD_TYPE
    digests = {each.uri or each.name: dict(each.digest) for each in definition.resolved_dependencies}
    assert digests["localaiapp"] == {"gitCommit": document["source"]["commit"]}
    assert digests["tauri-app/src-tauri/Cargo.lock"] == {"sha256": document["locks"]["tauri-app/src-tauri/Cargo.lock"]}
    assert any(uri.startswith("pkg:maven/") for uri in digests)
    assert predicate.run_details.builder.id
