//! Libraries in the engine's folder that nobody packed: the engine would take them for its
//! own. Other files there, a packager's or a desktop's, are nothing to it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::WrongFile;
use super::manifest::Manifest;

/// What the names of libraries end with, before a version.
const ENDINGS: [&str; 4] = [".so", ".dll", ".pyd", ".dylib"];

/// The first library below `folder` that `manifest` does not name.
pub(super) fn first(folder: &Path, manifest: &Manifest) -> Result<Option<WrongFile>, WrongFile> {
    let mut waiting = vec![(folder.to_path_buf(), String::new())];
    while let Some((folder, prefix)) = waiting.pop() {
        for (path, name) in entries(&folder).map_err(|error| unreadable(&folder, &error))? {
            let name = format!("{prefix}{name}");
            if path.is_dir() {
                waiting.push((path, format!("{name}/")));
            } else if is_library(&name) && !manifest.files.contains_key(&name) {
                return Ok(Some(spare(path)));
            }
        }
    }
    Ok(None)
}

fn is_library(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let unversioned =
        name.trim_end_matches(|letter: char| letter == '.' || letter.is_ascii_digit());
    ENDINGS.iter().any(|ending| unversioned.ends_with(ending))
}

/// In the order of their names, so that the same one is told each time.
fn entries(folder: &Path) -> io::Result<Vec<(PathBuf, String)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        found.push((entry.path(), entry.file_name().to_string_lossy().into_owned()));
    }
    found.sort();
    Ok(found)
}

fn spare(path: PathBuf) -> WrongFile {
    WrongFile { path, expected: "no library of this name".into(), found: "one".into() }
}

fn unreadable(folder: &Path, error: &io::Error) -> WrongFile {
    WrongFile {
        path: folder.to_path_buf(),
        expected: "the engine's folder".into(),
        found: error.to_string(),
    }
}
