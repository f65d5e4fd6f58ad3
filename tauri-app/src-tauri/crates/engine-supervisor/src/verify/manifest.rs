//! The hashes of the engine's files, as the packager wrote them.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use serde::Deserialize;

use super::WrongFile;

/// The version of the format that is written and read.
const SCHEMA: u32 = 1;

/// `tests/contract/engine-manifest.json` is an example that packager and app both read.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Manifest {
    schema: u32,
    /// The program's file name.
    pub(super) program: String,
    /// SHA-256 in hex by name, relative to the program's folder, with slashes.
    pub(super) files: BTreeMap<String, String>,
    #[serde(skip)]
    path: PathBuf,
}

impl Manifest {
    pub(super) fn read(path: &Path) -> Result<Self, WrongFile> {
        let read = std::fs::read(path).map_err(|error| error.to_string());
        let parse = |bytes: Vec<u8>| serde_json::from_slice::<Self>(&bytes);
        let manifest = read
            .and_then(|bytes| parse(bytes).map_err(|error| error.to_string()))
            .map_err(|found| unusable(path, found))?;
        let manifest = Self { path: path.to_path_buf(), ..manifest };
        if manifest.schema != SCHEMA {
            return Err(unusable(path, format!("schema {}", manifest.schema)));
        }
        match manifest.files.keys().find(|name| !is_inside(name)) {
            Some(name) => Err(unusable(path, format!("the name `{name}`, outside of its folder"))),
            None => Ok(manifest),
        }
    }

    /// Whether this is the manifest of that program, which it has a hash of.
    pub(super) fn names_program(&self, program: &Path) -> Result<(), WrongFile> {
        let is_named = program.file_name().is_some_and(|name| name == self.program.as_str());
        if is_named && self.files.contains_key(&self.program) {
            return Ok(());
        }
        let name = program.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Err(WrongFile {
            path: self.path.clone(),
            expected: format!("the hash of the program `{name}`"),
            found: format!("{} hashes and the program `{}`", self.files.len(), self.program),
        })
    }
}

fn unusable(path: &Path, found: String) -> WrongFile {
    let expected = format!("the hashes of the engine's files, schema {SCHEMA}");
    WrongFile { path: path.to_path_buf(), expected, found }
}

fn is_inside(name: &str) -> bool {
    Path::new(name).components().all(|part| matches!(part, Component::Normal(_)))
}
