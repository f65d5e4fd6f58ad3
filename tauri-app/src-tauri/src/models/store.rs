//! The list of models as a file: written whole or not at all, set aside when it cannot be read.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;

use crate::error::AppError;

/// The shape of the file that this version writes and reads.
const VERSION: u32 = 1;

/// A model on the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Entry {
    pub(super) id: String,
    pub(super) path: PathBuf,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct List {
    version: u32,
    models: Vec<Entry>,
}

/// The list in memory; every change is saved before it counts.
#[derive(Debug)]
pub(super) struct Store {
    file: PathBuf,
    list: List,
}

impl Store {
    /// The list in `file`; an empty one where there is none. One that cannot be read is kept
    /// beside it, and that is logged.
    pub(super) fn open(file: PathBuf) -> Self {
        let list = read(&file).unwrap_or_else(|error| {
            if error.kind() != io::ErrorKind::NotFound {
                set_aside(&file, &error);
            }
            List { version: VERSION, models: Vec::new() }
        });
        Self { file, list }
    }

    pub(super) fn entries(&self) -> &[Entry] {
        &self.list.models
    }

    pub(super) fn add(&mut self, entry: Entry) -> Result<(), AppError> {
        self.change(|list| list.models.push(entry))
    }

    pub(super) fn remove(&mut self, id: &str) -> Result<(), AppError> {
        self.change(|list| list.models.retain(|entry| entry.id != id))
    }

    fn change(&mut self, change: impl FnOnce(&mut List)) -> Result<(), AppError> {
        let mut list = self.list.clone();
        change(&mut list);
        write(&self.file, &list).map_err(|error| {
            AppError::new("models_not_saved", format!("the list of models is not saved: {error}"))
                .hint("make room on the disk, or look who may write there")
        })?;
        self.list = list;
        Ok(())
    }
}

fn read(file: &Path) -> io::Result<List> {
    let list: List = serde_json::from_slice(&fs::read(file)?)?;
    if list.version == VERSION {
        return Ok(list);
    }
    Err(io::Error::other(format!("version {} is unknown; this is {VERSION}", list.version)))
}

fn write(file: &Path, list: &List) -> io::Result<()> {
    let folder = file.parent().unwrap_or(Path::new("."));
    let mut written = NamedTempFile::new_in(folder)?;
    written.write_all(&serde_json::to_vec_pretty(list)?)?;
    written.as_file().sync_all()?;
    written.persist(file)?;
    Ok(())
}

fn set_aside(file: &Path, error: &io::Error) {
    let aside = file.with_extension("unreadable.json");
    log::error!("the list of models cannot be read ({error}); it is kept as {}", aside.display());
    if let Err(error) = fs::rename(file, &aside) {
        log::error!("it could not be renamed: {error}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tempfile::tempdir;

    fn entry() -> Entry {
        Entry { id: "a".into(), path: "/a.gguf".into() }
    }

    #[test]
    fn what_cannot_be_read_is_kept_beside_a_new_list() {
        let folder = tempdir().unwrap();
        let file = folder.path().join("models.json");
        for text in ["{", r#"{"version": 99, "models": []}"#] {
            fs::write(&file, text).unwrap();
            let mut store = Store::open(file.clone());
            assert_eq!(store.entries(), []);
            store.add(entry()).unwrap();
            let aside = folder.path().join("models.unreadable.json");
            assert_eq!(fs::read_to_string(aside).unwrap(), text);
        }
    }

    #[test]
    fn a_change_that_cannot_be_saved_does_not_count() {
        let folder = tempdir().unwrap();
        let mut store = Store::open(folder.path().join("missing").join("models.json"));
        assert_eq!(store.add(entry()).unwrap_err().code, "models_not_saved");
        assert_eq!(store.entries(), []);
    }
}
