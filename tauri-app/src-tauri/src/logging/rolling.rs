//! A log file of bounded size: when it is full it becomes number 1, number 1 becomes number 2,
//! and the oldest goes.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// The newest file and its predecessors.
#[derive(Debug)]
pub(super) struct Rolling {
    folder: PathBuf,
    name: &'static str,
    limit: Limit,
    file: File,
    bytes: u64,
}

/// How much is kept.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limit {
    /// Of one file. A longer line gets a file of its own.
    pub(super) bytes: u64,
    /// Files in all, the newest included.
    pub(super) files: u32,
}

impl Rolling {
    /// Goes on with the file `<name>.log` in `folder`.
    ///
    /// # Errors
    /// When it cannot be opened for writing.
    pub(super) fn open(folder: &Path, name: &'static str, limit: Limit) -> io::Result<Self> {
        let file = append(&path(folder, name, 0))?;
        let bytes = file.metadata()?.len();
        Ok(Self { folder: folder.to_path_buf(), name, limit, file, bytes })
    }

    /// Writes one line.
    ///
    /// # Errors
    /// When the disk is full, or the file cannot be replaced.
    pub(super) fn write(&mut self, line: &str) -> io::Result<()> {
        let length = line.len() as u64 + 1;
        if self.bytes > 0 && self.bytes + length > self.limit.bytes {
            self.roll()?;
        }
        self.bytes += length;
        writeln!(self.file, "{line}")
    }

    fn roll(&mut self) -> io::Result<()> {
        for number in (0..self.limit.files.saturating_sub(1)).rev() {
            let from = path(&self.folder, self.name, number);
            match fs::rename(&from, path(&self.folder, self.name, number + 1)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        self.file = append(&path(&self.folder, self.name, 0))?;
        self.bytes = 0;
        Ok(())
    }
}

fn append(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).append(true).open(path)
}

fn path(folder: &Path, name: &str, number: u32) -> PathBuf {
    match number {
        0 => folder.join(format!("{name}.log")),
        _ => folder.join(format!("{name}.{number}.log")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tempfile::tempdir;

    const LIMIT: Limit = Limit { bytes: 20, files: 3 };

    fn contents(folder: &Path) -> Vec<String> {
        (0..9).map_while(|number| fs::read_to_string(path(folder, "a", number)).ok()).collect()
    }

    #[test]
    fn the_newest_lines_are_kept_in_few_files_of_bounded_size() {
        let folder = tempdir().unwrap();
        let mut log = Rolling::open(folder.path(), "a", LIMIT).unwrap();
        for number in 10..40 {
            log.write(&format!("line {number}")).unwrap();
        }
        assert_eq!(
            contents(folder.path()),
            ["line 38\nline 39\n", "line 36\nline 37\n", "line 34\nline 35\n"]
        );
    }

    #[test]
    fn a_new_start_goes_on_with_the_file_of_the_last_one() {
        let folder = tempdir().unwrap();
        Rolling::open(folder.path(), "a", LIMIT).unwrap().write("one").unwrap();
        Rolling::open(folder.path(), "a", LIMIT).unwrap().write("two").unwrap();
        assert_eq!(contents(folder.path()), ["one\ntwo\n"]);
    }

    #[test]
    fn a_line_longer_than_a_file_is_kept_whole() {
        let folder = tempdir().unwrap();
        let mut log = Rolling::open(folder.path(), "a", LIMIT).unwrap();
        log.write("short").unwrap();
        log.write(&"x".repeat(50)).unwrap();
        assert_eq!(contents(folder.path()), [format!("{}\n", "x".repeat(50)), "short\n".into()]);
    }
}
