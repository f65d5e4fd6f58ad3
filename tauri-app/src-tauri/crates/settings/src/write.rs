//! Files that are written whole or not at all, and moved out of the way.

use std::fs::{self, DirBuilder, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Writes `path` by way of a temporary file beside it, for the user alone. It is on disk
/// before this returns; if anything goes wrong, what was there before is unchanged.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = folder_of(path);
    make_folder(folder)?;
    let mut file = tempfile::Builder::new().prefix(".unfinished-").tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    sync(folder);
    Ok(())
}

/// Moves a file to `….damaged-<number>.json` beside it.
pub(crate) fn set_aside(path: &Path) -> io::Result<PathBuf> {
    let aside = unused(path);
    fs::rename(path, &aside)?;
    sync(folder_of(path));
    Ok(aside)
}

/// Leaves a copy at `….damaged-<number>.json` beside a file, once.
pub(crate) fn copy_aside(path: &Path, bytes: &[u8]) -> io::Result<PathBuf> {
    let same = |aside: &PathBuf| fs::read(aside).is_ok_and(|there| there == bytes);
    let taken = (1..).map(|number| aside(path, number)).take_while(|aside| aside.exists());
    if let Some(there) = taken.into_iter().find(same) {
        return Ok(there);
    }
    let aside = unused(path);
    write(&aside, bytes)?;
    Ok(aside)
}

/// Where the last good file before this one is kept.
pub(crate) fn backup_of(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".bak");
    name.into()
}

fn unused(path: &Path) -> PathBuf {
    let mut numbers = (1..).map(|number| aside(path, number));
    numbers.find(|aside| !aside.exists()).unwrap_or_else(|| aside(path, 0))
}

fn aside(path: &Path, number: u32) -> PathBuf {
    path.with_extension(format!("damaged-{number}.json"))
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

fn make_folder(folder: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Makes a rename last through a loss of power, where folders can be synced at all.
fn sync(folder: &Path) {
    if let Err(error) = File::open(folder).and_then(|folder| folder.sync_all()) {
        log::debug!("the folder {} could not be synced: {error}", folder.display());
    }
}
