//! Which files were checked before, so that a start does not hash them all again.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use serde::{Deserialize, Serialize};

/// The file in the folder where the supervisor remembers.
const NAME: &str = "verified.json";

/// What tells that a file is still the one that was hashed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Trait {
    /// In bytes.
    size: u64,
    /// When it was written, in nanoseconds since 1970.
    modified_ns: u64,
    /// 0 where files have none.
    inode: u64,
}

impl Trait {
    pub(super) fn of(path: &Path) -> io::Result<Self> {
        let found = fs::metadata(path)?;
        let since = found.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default();
        let modified_ns = u64::try_from(since.as_nanos()).unwrap_or(u64::MAX);
        Ok(Self { size: found.len(), modified_ns, inode: inode(&found) })
    }
}

#[cfg(unix)]
fn inode(found: &fs::Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(found)
}

#[cfg(not(unix))]
fn inode(_found: &fs::Metadata) -> u64 {
    0
}

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Known {
    #[serde(flatten)]
    traits: Trait,
    sha256: String,
}

/// What was hashed before and what that gave.
#[derive(Debug, Default)]
pub(super) struct Memory {
    /// `None`: nothing is remembered.
    file: Option<PathBuf>,
    known: BTreeMap<String, Known>,
    has_news: bool,
}

impl Memory {
    /// A damaged or missing file is an empty one: then all is hashed again.
    pub(super) fn read(folder: Option<&Path>) -> Self {
        let Some(folder) = folder else { return Self::default() };
        let file = folder.join(NAME);
        let text = fs::read(&file).unwrap_or_default();
        let known = serde_json::from_slice(&text).unwrap_or_default();
        Self { file: Some(file), known, has_news: false }
    }

    pub(super) fn knows(&self, name: &str, traits: &Trait, sha256: &str) -> bool {
        let known = self.known.get(name);
        known.is_some_and(|known| known.traits == *traits && known.sha256 == sha256)
    }

    pub(super) fn learn(&mut self, name: &str, traits: Trait, sha256: String) {
        let now = Known { traits, sha256 };
        self.has_news |= self.known.get(name) != Some(&now);
        self.known.insert(name.to_owned(), now);
    }

    /// Not being able to costs only the next start's time.
    pub(super) fn write(&self) {
        let Some(file) = self.file.as_ref().filter(|_| self.has_news) else { return };
        if let Err(error) = crate::files::replace(file, &self.known) {
            log::warn!("`{}` could not be written: {error}", file.display());
        }
    }
}
