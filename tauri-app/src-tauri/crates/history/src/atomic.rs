//! A file that is written whole or not at all.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use tempfile::NamedTempFile;

use crate::error::HistoryError;

/// Writes `to` by way of a temporary file beside it, for the user alone. If anything goes
/// wrong, what was there before is unchanged.
pub(crate) fn write<T>(
    to: &Path,
    content: impl FnOnce(&mut dyn Write) -> Result<T, HistoryError>,
) -> Result<T, HistoryError> {
    let failed = |error: &io::Error| HistoryError::io(to, error);
    let mut file = BufWriter::new(beside(to)?);
    let result = content(&mut file)?;
    let file = file.into_inner().map_err(|error| failed(error.error()))?;
    file.as_file().sync_all().map_err(|error| failed(&error))?;
    file.persist(to).map_err(|error| failed(&error.error))?;
    sync_folder(to);
    Ok(result)
}

/// An empty temporary file in the folder of `path`, which only the user can read.
pub(crate) fn beside(path: &Path) -> Result<NamedTempFile, HistoryError> {
    tempfile::Builder::new()
        .prefix(".unfinished-")
        .tempfile_in(folder_of(path))
        .map_err(|error| HistoryError::io(path, &error))
}

/// The folder that `path` is in.
pub(crate) fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// Makes a rename last through a loss of power, where folders can be synced at all.
pub(crate) fn sync_folder(path: &Path) {
    if let Err(error) = File::open(folder_of(path)).and_then(|folder| folder.sync_all()) {
        log::debug!("the folder of {} could not be synced: {error}", path.display());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_whose_writing_fails_stays_as_it_was_and_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("export.json");
        write(&path, |out| out.write_all(b"old").map_err(|e| HistoryError::io(&path, &e))).unwrap();
        let failed: Result<(), _> = write(&path, |out| {
            out.write_all(b"new").unwrap();
            Err(HistoryError::Closed)
        });
        assert_eq!(failed, Err(HistoryError::Closed));
        assert_eq!(std::fs::read(&path).unwrap(), b"old");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_folder_that_is_not_there_is_named() {
        let error = write(Path::new("/nowhere/export.json"), |_| Ok(())).unwrap_err();
        assert_eq!(error.code(), "no_access");
        assert!(error.to_string().contains("/nowhere/export.json"), "{error}");
    }
}
