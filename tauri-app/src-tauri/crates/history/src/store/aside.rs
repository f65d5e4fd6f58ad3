//! Files beside the history: backups, and damaged ones that were set aside.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use crate::atomic::{folder_of, sync_folder};
use crate::clock::stamp;
use crate::error::HistoryError;

/// What belongs to a database besides its own file.
const COMPANIONS: [&str; 2] = ["-wal", "-shm"];

/// Why a file stands beside the history: the middle of its name.
const KINDS: [&str; 2] = ["damaged-", "version-"];

/// The smallest page of a database.
const ONE_PAGE: u64 = 512;

/// Whether there is a WAL to a file without a single page. SQLite would delete it, and with
/// it what was said last.
pub(super) fn lost_its_pages(path: &Path) -> bool {
    let length = |path: &Path| fs::metadata(path).map_or(0, |file| file.len());
    length(path) < ONE_PAGE && length(&with_suffix(path, "-wal")) > 0
}

/// Moves the database at `path`, with what belongs to it, to `….damaged-<time>.sqlite3`.
pub(super) fn set_aside(path: &Path, now: i64) -> Result<PathBuf, HistoryError> {
    let aside = unused(path, "damaged", now);
    // First the companions: a new database must never meet a WAL that is not its own.
    for suffix in COMPANIONS {
        rename_if_there(&with_suffix(path, suffix), &with_suffix(&aside, suffix))?;
    }
    rename_if_there(path, &aside)?;
    sync_folder(path);
    Ok(aside)
}

/// A name beside `path` that is not taken: `history.<kind>-<time>.sqlite3`.
pub(super) fn unused(path: &Path, kind: &str, now: i64) -> PathBuf {
    let time = stamp(now);
    let name = |number: u32| match number {
        1 => path.with_extension(format!("{kind}-{time}.sqlite3")),
        _ => path.with_extension(format!("{kind}-{time}-{number}.sqlite3")),
    };
    (1..).map(name).find(|name| !name.exists()).unwrap_or_else(|| name(0))
}

/// Removes every backup and every damaged file that was set aside beside `path`.
pub(crate) fn remove_all(path: &Path) -> Result<(), HistoryError> {
    let folder = folder_of(path);
    let failed = |error: &std::io::Error| HistoryError::io(folder, error);
    let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    for entry in fs::read_dir(folder).map_err(|error| failed(&error))? {
        let entry = entry.map_err(|error| failed(&error))?;
        if stands_aside(&entry.file_name(), &stem) {
            fs::remove_file(entry.path())
                .map_err(|error| HistoryError::io(&entry.path(), &error))?;
        }
    }
    Ok(())
}

fn stands_aside(name: &OsString, stem: &str) -> bool {
    let name = name.to_string_lossy();
    name.strip_prefix(stem)
        .and_then(|rest| rest.strip_prefix('.'))
        .is_some_and(|rest| KINDS.iter().any(|kind| rest.starts_with(kind)))
}

fn rename_if_there(from: &Path, to: &Path) -> Result<(), HistoryError> {
    match fs::rename(from, to) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(HistoryError::io(from, &error))
        }
        _ => Ok(()),
    }
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}
