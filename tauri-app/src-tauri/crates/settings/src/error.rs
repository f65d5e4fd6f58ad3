//! Why settings were not saved.

use std::path::{Path, PathBuf};

/// Why settings were not saved. Those from before are then still in place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// A number outside of what is allowed.
    #[error("`{name}` is {value}; {allowed} is allowed")]
    OutOfRange {
        /// The setting.
        name: &'static str,
        /// What it was to be.
        value: String,
        /// What it may be.
        allowed: String,
    },
    /// The id of a model or device that cannot be one.
    #[error(
        "`{name}` is \"{value}\" of {length} characters; 1 to {} without control characters are allowed",
        crate::MAX_NAME_CHARACTERS
    )]
    NotAName {
        /// The setting.
        name: &'static str,
        /// How it begins.
        value: String,
        /// Its characters.
        length: usize,
    },
    /// No room left.
    #[error("the disk is full")]
    DiskFull,
    /// The file or its folder cannot be written, or what cannot be read not be set aside.
    #[error("`{}` cannot be written: {reason}", path.display())]
    NoAccess {
        /// Which one.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
}

impl SettingsError {
    /// A name that never changes.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::OutOfRange { .. } => "setting_out_of_range",
            Self::NotAName { .. } => "setting_not_a_name",
            Self::DiskFull => "disk_full",
            Self::NoAccess { .. } => "no_access",
        }
    }

    /// What to do next.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::OutOfRange { .. } => "choose a value in between",
            Self::NotAName { .. } => "choose one from the list",
            Self::DiskFull => "make room and try again",
            Self::NoAccess { .. } => "look at the permissions of the file and of its folder",
        }
    }

    /// The setting that is meant, if it is one.
    #[must_use]
    pub fn setting(&self) -> Option<&'static str> {
        match self {
            Self::OutOfRange { name, .. } | Self::NotAName { name, .. } => Some(name),
            Self::DiskFull | Self::NoAccess { .. } => None,
        }
    }

    pub(crate) fn io(path: &Path, error: &std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => Self::DiskFull,
            _ => Self::NoAccess { path: path.to_owned(), reason: error.to_string() },
        }
    }
}
