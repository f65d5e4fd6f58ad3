//! The history is for the user alone: folder 0700, file 0600 on Unix. On Windows the user's
//! own data folder is closed to others already.

use std::fs::{self, DirBuilder, OpenOptions};
use std::path::Path;

use crate::atomic::folder_of;
use crate::error::HistoryError;

/// Makes folder and file if they are missing, and closes the file to others. A folder that
/// is there keeps its mode: it may hold more than the history. SQLite gives the files
/// beside it the mode of this one.
pub(super) fn prepare(path: &Path) -> Result<(), HistoryError> {
    make_folder(folder_of(path)).map_err(|error| HistoryError::io(folder_of(path), &error))?;
    let file = make_file(path).map_err(|error| HistoryError::io(path, &error))?;
    if let Err(error) = close_to_others(&file) {
        log::warn!("{} stays readable to others: {error}", path.display());
    }
    Ok(())
}

fn make_folder(folder: &Path) -> std::io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

fn make_file(path: &Path) -> std::io::Result<fs::File> {
    let mut options = OpenOptions::new();
    options.read(true).append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

#[cfg(unix)]
fn close_to_others(file: &fs::File) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(fs::Permissions::from_mode(0o600))
}

#[cfg(not(unix))]
fn close_to_others(_: &fs::File) -> std::io::Result<()> {
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a_new_folder_and_every_file_in_it_are_for_the_user_alone() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("app/history.sqlite3");
        prepare(&path).unwrap();
        let connection = super::super::connect::writer(&path).unwrap();
        super::super::connect::keep_safe(&connection).unwrap();
        connection.execute_batch("CREATE TABLE t (x)").unwrap();
        assert_eq!(mode(path.parent().unwrap()), 0o700);
        let files: Vec<_> = fs::read_dir(path.parent().unwrap()).unwrap().collect();
        assert_eq!(files.len(), 3, "database, WAL and its index");
        for file in files {
            assert_eq!(mode(&file.unwrap().path()), 0o600);
        }
    }

    #[test]
    fn a_file_that_others_could_read_is_closed_to_them() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("history.sqlite3");
        fs::write(&path, "").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        prepare(&path).unwrap();
        assert_eq!(mode(&path), 0o600);
    }
}
