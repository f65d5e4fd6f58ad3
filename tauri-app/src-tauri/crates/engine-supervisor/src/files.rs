//! Small files that the supervisor remembers things in.

use std::fs;
use std::io;
use std::path::Path;

use serde::Serialize;

/// Writes `value` as JSON in the place of `file`, in one step. Makes its folder.
pub(crate) fn replace(file: &Path, value: &impl Serialize) -> io::Result<()> {
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
    }
    let new = file.with_extension("new");
    fs::write(&new, serde_json::to_vec_pretty(value)?)?;
    fs::rename(&new, file)
}
