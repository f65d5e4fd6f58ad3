//! A copy of the whole database before its schema is changed.

use std::path::{Path, PathBuf};

use rusqlite::backup::Progress;
use rusqlite::{Connection, MAIN_DB};

use super::aside;
use crate::atomic;
use crate::error::HistoryError;

/// Copies what `connection` sees into a file beside `path`; returns its name. It is on disk,
/// and whole, before this returns.
pub(super) fn before_migration(
    connection: &Connection,
    path: &Path,
    from: u32,
    now: i64,
) -> Result<PathBuf, HistoryError> {
    let copy = atomic::beside(path)?;
    // Page by page, also those that are still in the WAL.
    connection.backup(MAIN_DB, copy.path(), None::<fn(Progress)>)?;
    copy.as_file().sync_all().map_err(|error| HistoryError::io(copy.path(), &error))?;
    let name = aside::unused(path, &format!("version-{from}"), now);
    copy.persist_noclobber(&name).map_err(|error| HistoryError::io(&name, &error.error))?;
    atomic::sync_folder(&name);
    Ok(name)
}
