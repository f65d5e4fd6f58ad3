"""The release folder: artefacts, manifest, checksums, SBOM, licences, provenance; and how a third party checks it."""
