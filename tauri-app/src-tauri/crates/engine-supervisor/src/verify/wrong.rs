//! What is wrong with a file of the engine.

use std::fmt;
use std::path::PathBuf;

/// A file of the engine is not the one that was packed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrongFile {
    /// The file.
    pub path: PathBuf,
    /// What the manifest says of it.
    pub expected: String,
    /// What is there.
    pub found: String,
}

impl fmt::Display for WrongFile {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "the engine is not started because `{}` is not what was packed: expected {}, found {}",
            self.path.display(),
            self.expected,
            self.found
        )
    }
}

impl std::error::Error for WrongFile {}
