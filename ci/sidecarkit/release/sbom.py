"""One CycloneDX document of everything that ships.

npm writes that of its own parts (`npm sbom`). Rust's come from cargo itself, the best judge of what it links
(`cargo tree`); cargo-cyclonedx would have to be compiled first. Python's are read from the lock by
pip-requirements-parser, as cyclonedx-py reads it: that program would list the compiler's helpers too, and brings a
validator of addresses that takes two seconds to import. cyclonedx-python-lib merges, writes and validates.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from importlib import metadata
from typing import Any

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import ExternalReference, ExternalReferenceType, HashAlgorithm, HashType, Property, XsUri
from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.dependency import Dependency
from cyclonedx.model.tool import ToolRepository
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL

from sidecarkit.errors import ToolkitError
from sidecarkit.release.part import Part
from sidecarkit.tools import cargo, node

NAME = "sbom.cdx.json"
_LICENCES = LicenseFactory()
_TARGETS = "sidecarkit:target"
_SHOWN_PROBLEM = 400


def merged(
    parts_by_target: Mapping[str, Iterable[Part]],
    npm: dict[str, Any],
    *,
    app: tuple[str, str],
    commit: str,
    when: datetime,
) -> str:
    """The document as JSON. `app` is its name and version; each part says which targets it is in.

    `npm` is npm's own document: what it knows of its parts stands.
    """
    # How npm names itself is deprecated in its own version of CycloneDX, and warned of.
    parts_of_npm = {key: npm[key] for key in ("bomFormat", "specVersion", "components")}
    parsed: Bom | None = Bom.from_json(parts_of_npm)  # type: ignore[attr-defined]  # a decorator adds it
    known = {str(component.purl): component for component in parsed.components} if parsed else {}
    targets: dict[str, set[str]] = {}
    parts: dict[str, Part] = {}
    for target, shipped in parts_by_target.items():
        for part in shipped:
            parts[str(part.purl)] = part
            targets.setdefault(str(part.purl), set()).add(target)
    components = {
        purl: _component(part, known.get(purl), sorted(targets[purl])) for purl, part in sorted(parts.items())
    }
    return _written(components, parts, app, commit, when)


def problems(text: str) -> list[str]:
    """What CycloneDX's own schema finds wrong with a document; nothing when it is valid."""
    found = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    return [] if found is None else [_sentence(found.data)]


def _sentence(error: Any) -> str:
    """Place and words of a validator's error, of which the rest is the whole document."""
    return f"{error.json_path}: {error.message}"[:_SHOWN_PROBLEM]


def _component(part: Part, known: Component | None, targets: list[str]) -> Component:
    return Component(
        name=part.purl.name,
        group=part.purl.namespace,
        version=part.version or None,
        type=ComponentType.LIBRARY,
        purl=part.purl,
        bom_ref=str(part.purl),
        licenses=[_LICENCES.make_from_string(part.licence)],
        hashes=known.hashes if known else [_sha256(part.sha256)] if part.sha256 else (),
        external_references=[_distribution(part)] if part.hashes else (),
        properties=[Property(name=_TARGETS, value=target) for target in targets],
    )


def _distribution(part: Part) -> ExternalReference:
    """A package of PyPI is one of several files, and the lock allows each of them."""
    return ExternalReference(
        type=ExternalReferenceType.DISTRIBUTION,
        url=XsUri(str(part.purl)),
        hashes=[_sha256(each) for each in part.hashes],
    )


def _sha256(content: str) -> HashType:
    return HashType(alg=HashAlgorithm.SHA_256, content=content)


def _written(
    components: Mapping[str, Component], parts: Mapping[str, Part], app: tuple[str, str], commit: str, when: datetime
) -> str:
    name, version = app
    whole = Component(
        name=name, version=version, type=ComponentType.APPLICATION, bom_ref=name,
        purl=PackageURL("generic", None, name, version),
        properties=[Property(name="sidecarkit:commit", value=commit)],
    )  # fmt: skip
    # A serial number is unique to the content, and the same again for the same content.
    identity = json.dumps([commit, [[purl, part.sha256] for purl, part in sorted(parts.items())]])
    bom = Bom(
        components=components.values(),
        metadata=BomMetaData(component=whole, timestamp=when, tools=_tools()),
        serial_number=uuid.uuid5(uuid.NAMESPACE_URL, identity),
        dependencies=_dependencies(whole, components, parts),
    )
    text = JsonV1Dot6(bom).output_as_string(indent=2) + "\n"
    found = problems(text)
    if found:
        raise ToolkitError(f"the SBOM does not fit CycloneDX 1.6: {'; '.join(found)}")
    return text


def _tools() -> ToolRepository:
    made_by = {name: metadata.version(name) for name in ("cyclonedx-python-lib", "pip-requirements-parser")}
    made_by |= {"node": node.version(), "cargo": cargo.cargo_version()}
    return ToolRepository(
        components=[
            Component(name=name, version=version, type=ComponentType.APPLICATION) for name, version in made_by.items()
        ]
    )


def _dependencies(
    whole: Component, components: Mapping[str, Component], parts: Mapping[str, Part]
) -> Iterator[Dependency]:
    """The app stands on what no other part asks for; a part on those it names."""
    asked_for = {need for part in parts.values() for need in part.needs}
    yield _edges(whole, [component for purl, component in components.items() if purl not in asked_for])
    for purl, part in sorted(parts.items()):
        yield _edges(components[purl], [components[need] for need in part.needs if need in components])


def _edges(component: Component, needs: Iterable[Component]) -> Dependency:
    return Dependency(ref=component.bom_ref, dependencies=[Dependency(ref=need.bom_ref) for need in needs])
